{#-
    A build that another engine made is published here by dbt, as one that was made here: with contracts, indexes, keys and
    tests, and steps that a refresh repeats. Only the rows are not computed: the SQL of a table that was brought is replaced.
-#}
{%- macro brought_or(sql) -%}
    {%- if env_var("WATTHOUSE_DBT_BROUGHT", "") -%}
        {%- set brought = adapter.get_relation(this.database, "brought" ~ schema_suffix(), model.alias) -%}
        {%- if brought is not none -%}
            {{ return("select * from " ~ brought) }}
        {%- endif -%}
    {%- endif -%}
    {{ return(sql) }}
{%- endmacro -%}

{%- macro duckdb__create_table_as(temporary, relation, compiled_code, language="sql") -%}
    {{ dbt.duckdb__create_table_as(temporary, relation, brought_or(compiled_code), language, **kwargs) }}
{%- endmacro -%}
