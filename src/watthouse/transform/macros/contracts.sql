{#-
    A contract names the types of columns once, as DuckDB and PostgreSQL do (`varchar`, `double precision`, `time`). What
    another engine calls them stands here.
-#}

{%- macro contract_type(data_type) -%}
    {{ return(adapter.dispatch("contract_type")(data_type)) }}
{%- endmacro -%}

{%- macro default__contract_type(data_type) -%}
    {{ return(data_type) }}
{%- endmacro -%}

{%- macro spark__contract_type(data_type) -%}
    {%- set types = {
        "varchar": "string",
        "double precision": "double",
        "time": "string",
        "timestamp with time zone": "timestamp",
    } -%}
    {{ return(types.get(data_type, data_type)) }}
{%- endmacro -%}

{#- What dbt holds a model's columns against: one row of nulls in the declared types. -#}
{%- macro spark__get_empty_schema_sql(columns) -%}
    {{ empty_contract(columns) }}
{%- endmacro -%}

{%- macro empty_contract(columns) -%}
    select
    {%- for column in columns.values() %}
        cast(null as {{ contract_type(column["data_type"]) }}) as {{ column["name"] }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro -%}
