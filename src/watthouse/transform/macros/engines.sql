{#- Where engines differ. -#}

{#- Schemas are named as declared, without the profile's schema in front. -#}
{%- macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro -%}

{#- What an engine that partitions tables needs to do so by civil day; DuckDB keeps its own zones. -#}
{%- macro day_partition(column="civil_date") -%}
    {%- set partitions = {"bigquery": {"field": column, "data_type": "date"}, "spark": [column]} -%}
    {{ return(partitions.get(target.type)) }}
{%- endmacro -%}
