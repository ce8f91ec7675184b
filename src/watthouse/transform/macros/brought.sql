{#-
    A build that another engine made is published here by dbt, as one that was made here: with contracts, indexes, keys and
    tests, and steps that a refresh repeats. Only the rows are not computed: a table's SQL is replaced by what was brought.
-#}
{%- macro brought_or(sql) -%}
    {%- if env_var("WATTHOUSE_DBT_BROUGHT", "") -%}
        {{ return("select * from brought" ~ schema_suffix() ~ "." ~ model.alias) }}
    {%- endif -%}
    {{ return(sql) }}
{%- endmacro -%}

{%- macro duckdb__create_table_as(temporary, relation, compiled_code, language="sql") -%}
    {{ dbt.duckdb__create_table_as(temporary, relation, brought_or(compiled_code), language, **kwargs) }}
{%- endmacro -%}
