{#- The columns name a row: never null, never twice. `by_day` looks at the days just rebuilt only. -#}
{%- test unique_key(model, columns, by_day=false) -%}
select
    '{{ columns | join(", ") }} name one row, and none is null' as rule,
    {{ columns | join(", ") }},
    count(*) as copies
from {{ model }}
{{ "where " ~ days_to_rebuild() if by_day }}
group by {{ columns | join(", ") }}
having count(*) > 1{% for column in columns %} or {{ column }} is null{% endfor %}
{%- endtest -%}
