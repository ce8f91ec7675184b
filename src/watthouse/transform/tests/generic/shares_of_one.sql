{#- Shares of production add up to one wherever there is production. -#}
{%- test shares_of_one(model, columns) -%}
with summed as (
    select
        *,
        {% for column in columns %}coalesce({{ column }}, 0){{ " + " if not loop.last }}{% endfor %} as shares
    from {{ model }}
    where coalesce({{ columns | join(", ") }}) is not null
)

select
    'shares = 1, of {{ columns | join(", ") }}' as rule,
    *
from summed
where abs(shares - 1) > 0.000000001
{%- endtest -%}
