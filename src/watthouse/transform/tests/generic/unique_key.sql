{#- The columns name a row: never null, never twice. `observed_in` limits the test to days with new observations. -#}
{%- test unique_key(model, columns, observed_in=none) -%}
select
    {{ columns | join(", ") }},
    count(*) as copies
from {{ model }}
where {{ days_observed_in(observed_in) }}
group by {{ columns | join(", ") }}
having count(*) > 1{% for column in columns %} or {{ column }} is null{% endfor %}
{%- endtest -%}
