{#-
    Each condition holds on every row, where what it speaks of is known. A row that breaks two is there twice. `by_day` looks
    at the days just rebuilt only.
-#}
{%- test holds(model, conditions, by_day=false) -%}
{%- for condition in conditions %}
select
    '{{ dbt.escape_single_quotes(condition) }}' as rule,
    *
from {{ model }}
where not ({{ condition }}){{ " and " ~ days_to_rebuild() if by_day }}
{{ "union all" if not loop.last }}
{%- endfor %}
{%- endtest -%}
