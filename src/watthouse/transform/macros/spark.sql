{#- What dbt's own macros for Spark do otherwise than the models want. -#}

{#- dbt's raises where the day is null, and goes by way of a timestamp. `part`: day, month or year. -#}
{%- macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
    {%- if datepart == "day" -%}
        date_add({{ from_date_or_timestamp }}, {{ interval }})
    {%- else -%}
        add_months({{ from_date_or_timestamp }}, {{ interval }}{{ " * 12" if datepart == "year" }})
    {%- endif -%}
{%- endmacro -%}

{#- In days, the only part that the models count in; null where either is. -#}
{%- macro spark__datediff(first_date, second_date, datepart) -%}
    datediff({{ second_date }}, {{ first_date }})
{%- endmacro -%}

{#-
    The table is made with its columns as the contract declares them, then filled: dbt's own makes it first and alters it for
    each column that is not null, a commit each.
-#}
{%- macro spark__persist_constraints(relation, model) -%}{%- endmacro -%}

{%- macro spark__create_table_as(temporary, relation, compiled_code, language="sql") -%}
    {%- if config.get("contract").enforced -%}
        {{ get_assert_columns_equivalent(compiled_code) }}
        {%- call statement("create_empty") %}
        create or replace table {{ relation }} (
            {%- for column in model.columns.values() %}
            {{ column.name }} {{ contract_type(column.data_type) }}
            {{- " not null" if column.constraints }}{{ "," if not loop.last }}
            {%- endfor %}
        ) using delta
        {%- endcall %}
        insert into {{ relation }} ({{ model.columns | join(", ") }})
        {{ get_select_subquery(compiled_code) }}
    {%- else -%}
        create or replace table {{ relation }} using delta as
        {{ compiled_code }}
    {%- endif -%}
{%- endmacro -%}
