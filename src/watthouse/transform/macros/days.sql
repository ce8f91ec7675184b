{#-
    Incremental models rebuild whole civil days. Which ones stands in a model's `meta`:

        observed_in:  raw tables; a day with observations loaded since the last build is rebuilt
        follows:      a mart and columns of it that this model repeats; a day on which they differ is rebuilt

    The model reads only those days (`where days_to_rebuild()`), and the strategy `replace_days` deletes just them before
    it inserts. Days are literals: an engine pushes a literal below the windows of staging, a join it would not.
-#}

{%- macro days_to_rebuild(column="civil_date") -%}
    {%- if execute and is_incremental() -%}
        {{ _within(_runs(run_query(_days_query(this))), column) }}
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro -%}

{#- The days with new observations in some raw tables; every day in a full refresh. -#}
{%- macro days_observed_in(tables, column="civil_date") -%}
    {%- if execute and tables and not flags.FULL_REFRESH -%}
        {{ _within(_runs(run_query(_observed_query(tables))), column) }}
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro -%}

{%- macro get_incremental_replace_days_sql(arguments) -%}
    {%- set columns = arguments["dest_columns"] | map(attribute="quoted") | join(", ") -%}
    delete from {{ arguments["target_relation"] }}
    where {{ days_to_rebuild() }};

    insert into {{ arguments["target_relation"] }} ({{ columns }})
    select {{ columns }}
    from {{ arguments["temp_relation"] }}
{%- endmacro -%}

{%- macro _days_query(relation) -%}
    {%- set meta = config.get("meta", {}) -%}
    {{ _observed_query(meta["observed_in"]) }}
    {%- for mart, columns in meta.get("follows", {}).items() %}
    union
    select built.civil_date
    from {{ relation }} as built
    inner join {{ ref(mart) }} as followed on built.civil_date = followed.civil_date
    where {% for column in columns -%}
        built.{{ column }} is distinct from followed.{{ column }}{{ " or " if not loop.last }}
    {%- endfor -%}
    {%- endfor %}
    order by 1
{%- endmacro -%}

{%- macro _observed_query(tables) -%}
    select distinct civil_date
    from {{ api.Relation.create(database=target.database, schema="raw", identifier="changed_days") }}
    where dataset in ('{{ tables | join("', '") }}')
{%- endmacro -%}

{#- Runs of consecutive days; more than forty become the one that spans them all: a superset is as correct. -#}
{%- macro _runs(result) -%}
    {%- set one_day = modules.datetime.timedelta(days=1) -%}
    {%- set runs = [] -%}
    {%- for day in result.columns[0].values() | sort -%}
        {%- if runs and day - runs[-1].last == one_day -%}
            {%- do runs[-1].update(last=day) -%}
        {%- else -%}
            {%- do runs.append({"first": day, "last": day}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(runs if runs | length <= 40 else [{"first": runs[0].first, "last": runs[-1].last}]) }}
{%- endmacro -%}

{%- macro _within(runs, column) -%}
    {%- for run in runs -%}
        {{ "(" if loop.first }}{{ column }} between date '{{ run.first }}' and date '{{ run.last }}'{{ ")" if loop.last else " or " }}
    {%- else -%}
        1 = 0
    {%- endfor -%}
{%- endmacro -%}
