{#-
    A source that is known on one day is on the next. Which sources belong to a mix is read from its own day, so one that is
    absent all day would leave a mix that looks whole without it.
-#}
{%- test sources_of_the_day_before(model, sources) -%}
with days as (
    select
        civil_date,
        cast({{ dbt.dateadd("day", 1, "civil_date") }} as date) as day_after,
        {{ listed(sources, "_mwh") }}
    from {{ model }}
    where mix_slots > 0
)

select
    'a source known on the day before is absent all day' as rule,
    today.civil_date,
    {%- for source in sources %}
    today.{{ source }}_mwh{{ "," if not loop.last }}
    {%- endfor %}
from days as today
inner join days as yesterday on today.civil_date = yesterday.day_after
where
    {%- for source in sources %}
    (today.{{ source }}_mwh is null and yesterday.{{ source }}_mwh is not null){{ " or" if not loop.last }}
    {%- endfor %}
{%- endtest -%}
