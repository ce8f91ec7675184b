{#-
    Columns by what they are. Sources, their parts, storage, borders and forecasts are variables, which the catalog declares
    (dbt_project.yml has them); what is put together of them stands here.
-#}

{#- The datasets of éCO2mix, whose rows say their nature: raw table, whether by region, whether they measure half hours. -#}
{%- macro power_datasets() -%}
    {%- set found = [] -%}
    {%- for id, dataset in var("datasets").items() if "nature" in dataset.identity -%}
        {%- do found.append({
            "id": id,
            "table": dataset.table,
            "regional": "code_insee_region" in dataset.identity,
            "half_hours": dataset.step_minutes == 30,
        }) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro -%}

{#- The raw tables of power, of France or by region. -#}
{%- macro power_tables(regional) -%}
    {{ return(power_datasets() | selectattr("regional", "equalto", regional) | map(attribute="table") | list) }}
{%- endmacro -%}

{#- The columns of the borders. -#}
{%- macro commercial() -%}
    {{ return(named(var("borders"), prefix="ech_comm_")) }}
{%- endmacro -%}

{%- macro exchanges() -%}
    {{ return(["ech_physiques"] + commercial()) }}
{%- endmacro -%}

{%- macro national_mix() -%}
    {{ return(["consommation"] + var("national_sources") + var("national_subsources") + var("storage")) }}
{%- endmacro -%}

{%- macro national_power() -%}
    {{ return(national_mix() + exchanges()) }}
{%- endmacro -%}

{%- macro regional_power() -%}
    {{ return(
        ["consommation"] + var("regional_sources") + var("regional_subsources") + var("storage") + ["ech_physiques"]
    ) }}
{%- endmacro -%}

{%- macro load_factors() -%}
    {{ return(named(var("regional_sources"), prefix="tch_")) }}
{%- endmacro -%}

{#- Columns as a list: `{prefix}{name}{suffix}`. -#}
{%- macro named(names, suffix="", prefix="") -%}
    {%- set columns = [] -%}
    {%- for name in names -%}{%- do columns.append(prefix ~ name ~ suffix) -%}{%- endfor -%}
    {{ return(columns) }}
{%- endmacro -%}

{#- The same, one below the other. -#}
{%- macro listed(names, suffix="", prefix="") -%}
    {{- named(names, suffix, prefix) | join(",\n        ") -}}
{%- endmacro -%}

{#- Names as a list of SQL strings. -#}
{%- macro quoted(names) -%}
    {%- for name in names -%}'{{ dbt.escape_single_quotes(name) }}'{{ ", " if not loop.last }}{%- endfor -%}
{%- endmacro -%}

{#- The series of France and of a region: every column that is integrated over time. -#}
{%- macro national_series() -%}
    {{ return(national_power() + ["taux_co2"]) }}
{%- endmacro -%}

{%- macro regional_series() -%}
    {{ return(regional_power() + load_factors()) }}
{%- endmacro -%}
