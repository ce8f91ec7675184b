{#- Each condition holds on every row, where what it speaks of is known. -#}
{%- test holds(model, conditions) -%}
{%- for condition in conditions %}
select
    '{{ condition | replace("'", "''") }}' as broken,
    count(*) as row_count
from {{ model }}
where not ({{ condition }})
having count(*) > 0
{{ "union all" if not loop.last }}
{%- endfor %}
{%- endtest -%}
