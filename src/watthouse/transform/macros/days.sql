{#-
    Incremental models rebuild whole civil days. Which ones stands in a model's `meta`:

        observed_in:  raw tables; a day with observations loaded since the last build is rebuilt
        follows:      tables and what this model repeats of them: `columns`, of the row that it has in common `by`
                      others; a day on which they differ is rebuilt
        period:       `month` or `year`, of a model with a row a period: the periods that these days lie in are rebuilt
        starts:       the first day of a row's period, `civil_date` where nothing else is said; empty where rows have none

    Whoever runs the SQL sets the days (`replay` of the engine's folder in `warehouse/`); where nobody does, every day
    counts: what dbt runs by itself is a full rebuild. The days are a constant to the engine, which pushes it below the
    windows of staging; a join it would not.
-#}

{%- macro get_incremental_replace_days_sql(arguments) -%}
    {%- set columns = arguments["dest_columns"] | map(attribute="quoted") | join(", ") -%}
    delete from {{ arguments["target_relation"] }}
    where {{ days_to_rebuild(config.get("meta", {}).get("starts", "civil_date")) }};

    insert into {{ arguments["target_relation"] }} ({{ columns }})
    select {{ columns }}
    from {{ arguments["temp_relation"] }}
{%- endmacro -%}
