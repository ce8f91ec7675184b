{#- The marts by slot are views of core, so that no slot is kept twice. -#}

{#- Each value [MW] as it stands in its row; one that lasts from the half hour before (0 quarter hours) is not. -#}
{%- macro mw_of_each(columns, carried=[]) -%}
    {%- for column in columns -%}
        {% if column in carried %}case when {{ column }}_quarter_hours > 0 then {{ column }} end
        {%- else %}{{ column }}{% endif %} as {{ column }}_mw{{ ",\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}

{#-
    What production, pumping and exchanges leave of the load, as `imbalance_mw` with its sign. Pumping that is not
    published is none, but not in the second quarter of settled data, where it may last from the half hour before.
-#}
{%- macro balance_residual_mw() -%}
    case
            when pompage is not null or nature = '{{ var("natures")[0] }}' or not {{ is_second_quarter() }}
                then production_mw + coalesce(pompage, 0) + ech_physiques - consommation
        end
{%- endmacro -%}

{#- Rates under the name of their unit. -#}
{%- macro pct_of_each(rates) -%}
    {%- for rate in rates -%}
        {{ rate }} as {{ rate }}_pct{{ ",\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}
