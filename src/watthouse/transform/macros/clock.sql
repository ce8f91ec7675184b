{#- RTE publishes 96 quarter hours a civil day; 92 of them exist when the clocks go forward (last Sunday of March). -#}

{%- macro quarter_hours_of_day(day="civil_date") -%}
    case when {{ is_spring_change(day) }} then 92 else 96 end
{%- endmacro -%}

{%- macro is_spring_change(day) -%}
    extract(month from {{ day }}) = 3 and extract(day from {{ day }}) >= 25 and {{ is_sunday(day) }}
{%- endmacro -%}

{#- Every month of March has one clock change. -#}
{%- macro quarter_hours_of_period(start, part) -%}
    96 * {{ dbt.datediff(start, "cast(" ~ dbt.dateadd(part, 1, start) ~ " as date)", "day") }}
    {%- if part == "year" %} - 4{% else %} - case when extract(month from {{ start }}) = 3 then 4 else 0 end{% endif %}
{%- endmacro -%}

{#-
    Slots are counted in half hours on a day on which every value is on half hours, else in quarter hours. `shortest` is
    how many quarter hours the shortest value of the day lasts.
-#}
{%- macro known_slots(lasts, shortest="min(quarter_hours)") -%}
    cast(coalesce(sum({{ lasts }}), 0) / {{ shortest }} as integer)
{%- endmacro -%}

{#- Those in which the whole mix is known. -#}
{%- macro mix_slots(shortest="min(quarter_hours)") -%}
    {{ known_slots("case when production_mw is not null then production_quarter_hours end", shortest) }}
{%- endmacro -%}

{%- macro known_slots_of_each(columns, shortest="min(quarter_hours)") -%}
    {%- for column in columns -%}
        {{ known_slots(column ~ "_quarter_hours", shortest) }} as {{ column }}_slots{{ ",\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}

{%- macro expected_slots(day="civil_date") -%}
    case
            when min(quarter_hours) = 2 then case when {{ is_spring_change(day) }} then 46 else 48 end
            else {{ quarter_hours_of_day(day) }}
        end
{%- endmacro -%}

{#- What a complete day of an éCO2mix dataset (one of `power_datasets`) has, and what that is counted in. -#}
{%- macro slots_of_dataset(one, day="civil_date") -%}
    ({{ quarter_hours_of_day(day) }}){{ " / 2" if one.half_hours }}{{ " * " ~ var("regions_of_power") if one.regional }}
{%- endmacro -%}

{%- macro slots_counted_in(one) -%}
    '{{ "half" if one.half_hours else "quarter" }} hours{{ " × regions" if one.regional }}'
{%- endmacro -%}

{#- Whether a clock time lies in the second quarter of its half hour. -#}
{%- macro is_second_quarter(heure="heure") -%}
    substr({{ heure }}, 4, 2) in ('15', '45')
{%- endmacro -%}

{#- Where in its half hour a clock time stands, in quarter hours: 0 or 1. -#}
{%- macro quarter_of_half_hour(heure="heure") -%}
    case when {{ is_second_quarter(heure) }} then 1 else 0 end
{%- endmacro -%}
