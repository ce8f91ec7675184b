{#- Shares of production add up to one wherever there is production. `by_day` looks at the days just rebuilt only. -#}
{%- test shares_of_one(model, sources, by_day=false) -%}
with summed as (
    select
        *,
        {% for source in sources %}coalesce({{ source }}_share, 0){{ " + " if not loop.last }}{% endfor %} as shares
    from {{ model }}
    where coalesce({{ listed(sources, "_share") }}) is not null{{ " and " ~ days_to_rebuild() if by_day }}
)

select
    'shares = 1, of {{ sources | join("_share, ") }}_share' as rule,
    *
from summed
where abs(shares - 1) > 0.000000001
{%- endtest -%}
