{#-
    Power is whole MW and a slot lasts 1 or 2 quarter hours, so a sum of energy is a whole number of quarter MWh: exact
    in any order. Floating point appears in the last division only.
-#}

{#- Energy of a group of slots; null where no power is known. -#}
{%- macro mwh(mw) -%}
    {{ quarters_as_mwh("sum(" ~ mw ~ " * quarter_hours)") }}
{%- endmacro -%}

{#- The part of it that flows in, or out: positive both. -#}
{%- macro import_mwh(mw) -%}
    {{ mwh("case when " ~ mw ~ " > 0 then " ~ mw ~ " when " ~ mw ~ " is not null then 0 end") }}
{%- endmacro -%}

{%- macro export_mwh(mw) -%}
    {{ mwh("case when " ~ mw ~ " < 0 then -" ~ mw ~ " when " ~ mw ~ " is not null then 0 end") }}
{%- endmacro -%}

{%- macro quarters_as_mwh(quarter_mwh) -%}
    cast(cast({{ quarter_mwh }} as decimal(16, 0)) * 0.25 as decimal(18, 2))
{%- endmacro -%}

{#- `mwh` of each column, named after it. -#}
{%- macro mwh_of_each(columns) -%}
    {%- for column in columns -%}
        {{ mwh(column) }} as {{ column }}_mwh{{ ",\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}

{#- The sum of energies that are sums already. -#}
{%- macro sum_of_each(columns) -%}
    {%- for column in columns -%}
        cast(sum({{ column }}_mwh) as decimal(18, 2)) as {{ column }}_mwh{{ ",\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}

{#- The sum of what is known of several columns; null when nothing is. -#}
{%- macro sum_of_known(columns) -%}
    case
            when coalesce({{ columns | join(", ") }}) is not null
                then {% for column in columns %}coalesce({{ column }}, 0){{ " + " if not loop.last }}{% endfor %}
        end
{%- endmacro -%}

{%- macro ratio(part, whole) -%}
    cast({{ part }} as double precision) / nullif(cast({{ whole }} as double precision), 0)
{%- endmacro -%}

{#- The mean of a value over a group, weighted, where both are known. -#}
{%- macro weighted_mean(value, weight) -%}
    {{ ratio("sum(" ~ value ~ " * " ~ weight ~ ")", "sum(case when " ~ value ~ " is not null then " ~ weight ~ " end)") }}
{%- endmacro -%}

{%- macro mean(value) -%}
    {{ ratio("sum(" ~ value ~ ")", "count(" ~ value ~ ")") }}
{%- endmacro -%}

{#- Published rates are floats [%]; as decimals their sums are exact. -#}
{%- macro exact_rates(rates) -%}
    {%- for rate in rates -%}
        cast({{ rate }} as decimal(18, 4)) as {{ rate }}{{ ",\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}

{#- The mean of each rate [%] over a group, weighted; rounded, so that a mean of these means is exact in any order. -#}
{%- macro mean_rates(rates, weight, suffix="") -%}
    {%- for rate in rates -%}
        cast({{ weighted_mean(rate ~ suffix, weight) }} as decimal(18, 4)) as {{ rate }}_pct{{ ",\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}

{#- Each source's share of production, 0 to 1. -#}
{%- macro shares_of_production(sources) -%}
    {%- for source in sources -%}
        {{ ratio(source ~ "_mwh", "production_mwh") }} as {{ source }}_share{{ ",\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}

{#- The name whose column `{prefix}{name}_mwh` is the largest; of equals the first by name; null when none is known. -#}
{%- macro name_of_largest(names, prefix="") -%}
    {{ _name_of(largest_mwh(names, prefix), names, prefix) }}
{%- endmacro -%}

{%- macro name_of_smallest(names, prefix="") -%}
    {{ _name_of(smallest_mwh(names, prefix), names, prefix) }}
{%- endmacro -%}

{%- macro largest_mwh(names, prefix="") -%}
    greatest({% for name in names %}{{ prefix }}{{ name }}_mwh{{ ", " if not loop.last }}{% endfor %})
{%- endmacro -%}

{%- macro smallest_mwh(names, prefix="") -%}
    least({% for name in names %}{{ prefix }}{{ name }}_mwh{{ ", " if not loop.last }}{% endfor %})
{%- endmacro -%}

{%- macro _name_of(extreme, names, prefix) -%}
    case {{ extreme }}
            {%- for name in names | sort %}
            when {{ prefix }}{{ name }}_mwh then '{{ name }}'
            {%- endfor %}
        end
{%- endmacro -%}

{#- How far load is from what meets it: production, pumping (negative; none where it is not published) and exchanges. -#}
{%- macro imbalance_mw(sources) -%}
    abs({{ sources | join(" + ") }} + coalesce(pompage, 0) + ech_physiques - consommation)
{%- endmacro -%}

{%- macro temperature_category(celsius) -%}
    case
            when {{ celsius }} < {{ var("cold_below_c") }} then 'cold'
            when {{ celsius }} > {{ var("hot_above_c") }} then 'hot'
            when {{ celsius }} is not null then 'average'
        end
{%- endmacro -%}
