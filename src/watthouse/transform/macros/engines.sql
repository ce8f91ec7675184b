{#- Where engines differ. -#}

{#- Schemas are named as declared, without the profile's schema in front. -#}
{%- macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro -%}

{#- A row a civil day from `first_date` to `last_date` of every row of `spans`, which `key` names. -#}
{%- macro every_day(spans, key) -%}
    {{ return(adapter.dispatch("every_day")(spans, key)) }}
{%- endmacro -%}

{%- macro default__every_day(spans, key) -%}
    select
        {{ spans }}.{{ key }},
        cast(a_day as date) as civil_date
    from {{ spans }}
    cross join lateral generate_series({{ spans }}.first_date, {{ spans }}.last_date, interval '1 day') as a_day
{%- endmacro -%}

{%- macro duckdb__every_day(spans, key) -%}
    select
        {{ key }},
        cast(unnest(generate_series(first_date, last_date, interval '1 day')) as date) as civil_date
    from {{ spans }}
{%- endmacro -%}

{#- What an engine that partitions tables needs to do so by civil day; DuckDB keeps its own zones. -#}
{%- macro day_partition(column="civil_date") -%}
    {%- set partitions = {"bigquery": {"field": column, "data_type": "date"}, "spark": [column]} -%}
    {{ return(partitions.get(target.type)) }}
{%- endmacro -%}

{#- Rows in the order of their days, where that is what makes an engine skip the others; one that partitions needs none. -#}
{%- macro in_order_of_days() -%}
    {{ return(adapter.dispatch("in_order_of_days")()) }}
{%- endmacro -%}

{%- macro default__in_order_of_days() -%}{%- endmacro -%}

{%- macro duckdb__in_order_of_days() -%}
    order by civil_date
{%- endmacro -%}
