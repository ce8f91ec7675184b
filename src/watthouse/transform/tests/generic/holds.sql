{#- Each condition holds on every row, where what it speaks of is known. A row that breaks two is there twice. -#}
{%- test holds(model, conditions) -%}
{%- for condition in conditions %}
select
    '{{ dbt.escape_single_quotes(condition) }}' as rule,
    *
from {{ model }}
where not ({{ condition }})
{{ "union all" if not loop.last }}
{%- endfor %}
{%- endtest -%}
