{#- Shares of production add up to one wherever there is production. -#}
{%- test shares_of_one(model, sources) -%}
with summed as (
    select
        *,
        {% for source in sources %}coalesce({{ source }}_share, 0){{ " + " if not loop.last }}{% endfor %} as shares
    from {{ model }}
    where coalesce({{ listed(sources, "_share") }}) is not null
)

select
    'shares = 1, of {{ sources | join("_share, ") }}_share' as rule,
    *
from summed
where abs(shares - 1) > 0.000000001
{%- endtest -%}
