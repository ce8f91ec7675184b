{#- What BigQuery wants otherwise than the models, and dbt's own macros, would have it. -#}

{#-
    A target of BigQuery is one dataset: what other engines have in schemas lies in it side by side. Raw rows, and the views of
    their newest observations, are in dataset `staging`, whatever the target.
-#}
{%- macro bigquery__schema_of(custom_schema_name) -%}
    {{ "staging" if custom_schema_name == "staging" else target.schema ~ schema_suffix() }}
{%- endmacro -%}

{%- macro bigquery__raw_table(relation) -%}
    {{ return(relation.incorporate(path={"schema": "staging"})) }}
{%- endmacro -%}

{%- macro bigquery__contract_type(data_type) -%}
    {%- set types = {
        "varchar": "string",
        "double precision": "float64",
        "timestamp with time zone": "timestamp",
        "integer": "int64",
        "smallint": "int64",
        "bigint": "int64",
        "boolean": "bool",
    } -%}
    {{ return(types.get(data_type, data_type | replace("decimal", "numeric"))) }}
{%- endmacro -%}

{#- The first macro of dbt's that sees the types of a contract: the others take them as they are from here on. -#}
{%- macro bigquery__get_assert_columns_equivalent(sql) -%}
    {%- for column in model["columns"].values() -%}
        {%- do column.update({"data_type": contract_type(column["data_type"])}) -%}
    {%- endfor -%}
    {{ return(assert_columns_equivalent(sql)) }}
{%- endmacro -%}

{#- dbt's casts to the types as declared, digits and all. -#}
{%- macro bigquery__get_empty_schema_sql(columns) -%}
    select
    {%- for column in columns.values() %}
        cast(null as {{ column["data_type"].split("(")[0] }}) as {{ column["name"] }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro -%}

{#- Types of columns alone have parameters there. Both, this and a cast elsewhere, round halves away from zero. -#}
{%- macro bigquery__as_decimal(value, precision, places) -%}
    round(cast({{ value }} as numeric), {{ places }})
{%- endmacro -%}

{#- A literal with a point is a float there, and a decimal times a float is a float. -#}
{%- macro bigquery__exact(digits) -%}
    numeric '{{ digits }}'
{%- endmacro -%}

{#- `cast(… as time)` wants seconds. -#}
{%- macro bigquery__clock_time(heure) -%}
    parse_time('%H:%M', {{ heure }})
{%- endmacro -%}

{#- Parts of a month, but a day for a table that is asked for single days (`by="day"`): a scan of it bills that day. -#}
{%- macro bigquery__day_partition(column, by) -%}
    {{ return({"field": column, "data_type": "date", "granularity": by}) }}
{%- endmacro -%}

{#-
    One job may write to 4,000 partitions, and thirteen years have 4,748 days: a table with a partition a day is filled ten
    years at a time, from rows that were computed once.
-#}
{%- macro bigquery__create_table_as(temporary, relation, compiled_code, language="sql") -%}
    {%- set partition = config.get("partition_by") or {} -%}
    {%- if temporary or partition.get("granularity") != "day" -%}
        {{ dbt.bigquery__create_table_as(temporary, relation, compiled_code, language) }}
    {%- else -%}
        {%- set day, decades, columns = partition["field"], first_days_of_decades(), model["columns"] | join(", ") -%}
        {%- set whole = relation.incorporate(path={"identifier": relation.identifier ~ "__whole"}) %}
        {#- at once, not with what is returned here: the check of the contract asks for its columns -#}
        {%- call statement("whole") %}
        create or replace table {{ whole }} as (
            {{ compiled_code }}
        )
        {%- endcall %}
        {%- set first_part = "select * from " ~ whole ~ " where " ~ day ~ " < '" ~ decades[0] ~ "'" %}
        {{ dbt.bigquery__create_table_as(temporary, relation, first_part) }}
        {%- for first in decades %}
        insert into {{ relation }} ({{ columns }})
        select {{ columns }}
        from {{ whole }}
        where {{ day }} >= '{{ first }}'{{ " and " ~ day ~ " < '" ~ decades[loop.index] ~ "'" if not loop.last }};
        {%- endfor %}
        drop table {{ whole }};
    {%- endif -%}
{%- endmacro -%}

{%- macro first_days_of_decades() -%}
    {{ return(["2010-01-01", "2020-01-01", "2030-01-01", "2040-01-01"]) }}
{%- endmacro -%}
