{#-
    Power is whole MW and a value lasts 0, 1 or 2 quarter hours (`{column}_quarter_hours` beside it), so a sum of energy is
    a whole number of quarter MWh: exact in any order. Floating point appears in the last division only.
-#}

{#- Energy of a group of values; null where none is known. -#}
{%- macro mwh(mw, lasts=none) -%}
    {{ quarters_as_mwh("sum(" ~ mw ~ " * " ~ (lasts or mw ~ "_quarter_hours") ~ ")") }}
{%- endmacro -%}

{#- The part of it that flows in, or out: positive both. -#}
{%- macro import_mwh(mw) -%}
    {{ mwh("case when " ~ mw ~ " > 0 then " ~ mw ~ " when " ~ mw ~ " is not null then 0 end", mw ~ "_quarter_hours") }}
{%- endmacro -%}

{%- macro export_mwh(mw) -%}
    {{ mwh("case when " ~ mw ~ " < 0 then -" ~ mw ~ " when " ~ mw ~ " is not null then 0 end", mw ~ "_quarter_hours") }}
{%- endmacro -%}

{%- macro quarters_as_mwh(quarter_mwh) -%}
    {{ as_decimal(as_decimal(quarter_mwh, 16, 0) ~ " * " ~ exact("0.25"), 18, 2) }}
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
        {{ as_decimal("sum(" ~ column ~ "_mwh)", 18, 2) }} as {{ column }}_mwh{{ ",\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}

{%- macro ratio(part, whole) -%}
    {{ as_float(part) }} / nullif({{ as_float(whole) }}, 0)
{%- endmacro -%}

{#- The mean of a value over a group, weighted, where both are known. -#}
{%- macro weighted_mean(value, weight) -%}
    {{ ratio("sum(" ~ value ~ " * " ~ weight ~ ")", "sum(case when " ~ value ~ " is not null then " ~ weight ~ " end)") }}
{%- endmacro -%}

{#- The mean CO₂ intensity of a group, weighted by production, over slots where both are known. -#}
{%- macro carbon_intensity() -%}
    {{ weighted_mean("cast(taux_co2 as bigint)", "production_mw * production_quarter_hours") }}
{%- endmacro -%}

{%- macro mean(value) -%}
    {{ ratio("sum(" ~ value ~ ")", "count(" ~ value ~ ")") }}
{%- endmacro -%}

{#- A published rate is a float [%] of two digits, which every engine casts alike; as a decimal its sums are exact. -#}
{%- macro exact_rate(rate) -%}
    {{ as_decimal(rate, 18, 4) }}
{%- endmacro -%}

{#-
    The mean of each rate [%] over a group, weighted by `{rate}{weight}`: rounded to its four digits, so that a mean of these
    is exact in any order, and from whole ten-thousandths, so that a half is rounded alike everywhere.
-#}
{%- macro mean_rates(rates, weight, suffix="") -%}
    {%- for rate in rates -%}
        {%- set value, lasts = rate ~ suffix, rate ~ weight -%}
        {%- set known = "nullif(sum(case when " ~ value ~ " is not null then " ~ lasts ~ " end), 0)" -%}
        {{ mean_as_decimal("sum(" ~ value ~ " * " ~ lasts ~ ")", known, 4) }} as {{ rate }}_pct{{ ",\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}

{#-
    Each source's share of production, 0 to 1, over the slots whose whole mix is known: a hole in one source would
    otherwise raise the shares of all others. Part of a source: over those slots in which the part is known too.
-#}
{%- macro shares_of_production(sources, parts) -%}
    {%- set production = "production_mw * production_quarter_hours" -%}
    {%- for column in sources + parts -%}
        {%- set whole = production if column in sources else "case when " ~ column ~ " is not null then " ~ production ~ " end" -%}
        {%- set energy = "case when production_mw is not null then " ~ column ~ " * production_quarter_hours end" -%}
        {{ ratio("sum(" ~ energy ~ ")", "sum(" ~ whole ~ ")") }} as {{ column }}_share{{ ",\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}

{#- The same over a group of rows that have shares and production already: energies by share are whole cents of a MWh. -#}
{%- macro shares_of_shares(sources, parts) -%}
    {%- for column in sources + parts -%}
        {%- set whole = "production_mwh" if column in sources else "case when " ~ column ~ "_share is not null then production_mwh end" -%}
        {%- set energy = float_as_decimal(column ~ "_share * production_mwh", 2) -%}
        {{ ratio("sum(" ~ energy ~ ")", "sum(" ~ whole ~ ")") }} as {{ column }}_share{{ ",\n        " if not loop.last }}
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
    {{ greatest_known(named(names, "_mwh", prefix)) }}
{%- endmacro -%}

{%- macro smallest_mwh(names, prefix="") -%}
    {{ least_known(named(names, "_mwh", prefix)) }}
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

{#- Each energy of a row, where every slot of its own column is known. -#}
{%- macro if_known(columns, prefix="") -%}
    {%- set counts = {"consommation": "measured", "production": "mix"} -%}
    {%- for column in columns -%}
        case
            when {{ prefix }}{{ counts.get(column, column) }}_slots = {{ prefix }}expected_slots
                then {{ prefix }}{{ column }}_mwh
        end as {{ column }}_mwh{{ ",\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}
