{#-
    Where engines differ: what PostgreSQL (15 on), BigQuery or Spark would refuse, or answer otherwise than DuckDB, is
    written here and nowhere else. The rest of the models is SQL that all of them read alike. One spelling is the
    default; an engine that wants another has a macro by its name.
-#}

{#- What the names of a build's schemas end with, where several builds lie side by side (`marts_b7`). -#}
{%- macro schema_suffix() -%}
    {{ return(env_var("WATTHOUSE_DBT_SUFFIX", "")) }}
{%- endmacro -%}

{#- Schemas are named as declared, without the profile's schema in front. -#}
{%- macro generate_schema_name(custom_schema_name, node) -%}
    {{ return(adapter.dispatch("schema_of")(custom_schema_name)) }}
{%- endmacro -%}

{%- macro default__schema_of(custom_schema_name) -%}
    {{ (custom_schema_name or target.schema) ~ schema_suffix() }}
{%- endmacro -%}

{#- A raw table, where an engine has them elsewhere than the sources say. -#}
{%- macro raw_table(relation) -%}
    {{ return(adapter.dispatch("raw_table")(relation)) }}
{%- endmacro -%}

{%- macro default__raw_table(relation) -%}
    {{ return(relation) }}
{%- endmacro -%}

{#- Whether a row is of a day to rebuild (`days.sql`); every day is, where nobody can say which. -#}
{%- macro days_to_rebuild(column="civil_date") -%}
    {{ return(adapter.dispatch("days_to_rebuild")(column)) }}
{%- endmacro -%}

{%- macro default__days_to_rebuild(column) -%}
    true
{%- endmacro -%}

{#- A mark, which the replay replaces by the days themselves: the planner of PostgreSQL wants to see them. -#}
{%- macro postgres__days_to_rebuild(column) -%}
    /* days of {{ column }} */ true
{%- endmacro -%}

{#- A session variable, so that the compiled text is the same for any days. The bounds let row groups be skipped. -#}
{%- macro duckdb__days_to_rebuild(column) -%}
    {%- set days = "cast(getvariable('days_to_rebuild') as date[])" -%}
    (
        {{ column }} >= coalesce(list_min({{ days }}), date '0001-01-01')
        and {{ column }} <= coalesce(list_max({{ days }}), date '9999-12-31')
        and coalesce(list_contains({{ days }}, {{ column }}), true)
    )
{%- endmacro -%}

{#- A row a civil day from `first_date` to `last_date` of every row of `spans`, with these of its columns. -#}
{%- macro every_day(spans, columns) -%}
    {{ return(adapter.dispatch("every_day")(spans, columns)) }}
{%- endmacro -%}

{%- macro default__every_day(spans, columns) -%}
    select
        {{ spans }}.{{ columns | join(", " ~ spans ~ ".") }},
        cast(a_day as date) as civil_date
    from {{ spans }}
    cross join lateral generate_series({{ spans }}.first_date, {{ spans }}.last_date, interval '1 day') as a_day
{%- endmacro -%}

{%- macro duckdb__every_day(spans, columns) -%}
    select
        {{ columns | join(", ") }},
        cast(unnest(generate_series(first_date, last_date, interval '1 day')) as date) as civil_date
    from {{ spans }}
{%- endmacro -%}

{%- macro bigquery__every_day(spans, columns) -%}
    select
        {{ spans }}.{{ columns | join(", " ~ spans ~ ".") }},
        civil_date
    from {{ spans }}
    cross join unnest(generate_date_array({{ spans }}.first_date, {{ spans }}.last_date)) as civil_date
{%- endmacro -%}

{%- macro spark__every_day(spans, columns) -%}
    select
        {{ columns | join(", ") }},
        explode(sequence(first_date, last_date, interval 1 day)) as civil_date
    from {{ spans }}
{%- endmacro -%}

{#-
    What an engine that partitions tables needs to do so by civil day; DuckDB keeps its own zones, and on Spark a partition is
    a folder: 5,000 of them with a file of a few rows each, where Delta's statistics say which files have a day.
-#}
{%- macro day_partition(column="civil_date", by="month") -%}
    {{ return(adapter.dispatch("day_partition")(column, by)) }}
{%- endmacro -%}

{%- macro default__day_partition(column, by) -%}
    {{ return(none) }}
{%- endmacro -%}

{#-
    PostgreSQL partitions a mart that declares `years_of: <its day>`, a year a part. Days of other years, as far as there are
    any, lie in the part `other`.
-#}
{%- macro postgres__create_table_as(temporary, relation, compiled_code) -%}
    {%- set sql = brought_or(compiled_code) -%}
    {%- set day = config.get("meta", {}).get("years_of") -%}
    {%- if temporary or not day -%}
        {{ dbt.postgres__create_table_as(temporary, relation, sql) }}
    {%- else -%}
        {{ get_assert_columns_equivalent(sql) }}
        create table {{ relation }} {{ get_table_columns_and_constraints() }} partition by range ({{ day }});
        {%- set part = relation.include(database=false) | string | trim('"') %}
        {%- for year in range(2010, modules.datetime.date.today().year + 2) %}
        create table "{{ part }}_{{ year }}" partition of {{ relation }}
            for values from ('{{ year }}-01-01') to ('{{ year + 1 }}-01-01');
        {%- endfor %}
        create table "{{ part }}_other" partition of {{ relation }} default;
        insert into {{ relation }} ({{ adapter.dispatch("get_column_names", "dbt")() }}) ({{ get_select_subquery(sql) }});
    {%- endif -%}
{%- endmacro -%}

{#-
    What an engine wants done to a table that is built: PostgreSQL an index by civil day, which a refresh and most questions
    name, by day and region where there are regions, and statistics. `of_regions` is for tables of which questions want years
    of one region: a twelfth of the rows of these days. `in_order_of` is for large tables whose rows come in the order of that
    day: an index of their blocks costs next to nothing.
-#}
{%- macro index_days() -%}
    {{ return(adapter.dispatch("index_days")()) }}
{%- endmacro -%}

{%- macro default__index_days() -%}{%- endmacro -%}

{%- macro postgres__index_days() -%}
    {%- if config.get("materialized") != "view" -%}
        {%- set columns = adapter.get_columns_in_relation(this) | map(attribute="name") | list -%}
        {%- set days = ["civil_date", "code_insee_region"] | select("in", columns) | list -%}
        {%- if "civil_date" in days %}
        create index on {{ this }} ({{ days | join(", ") }});
        {%- if config.get("meta", {}).get("of_regions") %}
        create index on {{ this }} ({{ days | reverse | join(", ") }});
        {%- endif %}
        {%- elif execute and config.get("meta", {}).get("in_order_of") %}
        create index on {{ this }} using brin ({{ config.get("meta").in_order_of }});
        {%- endif %}
        analyze {{ this }};
    {%- endif -%}
{%- endmacro -%}

{#- Rows in the order of their days, where that is what makes an engine skip the others; one that partitions needs none. -#}
{%- macro in_order_of_days() -%}
    {{ return(adapter.dispatch("in_order_of_days")()) }}
{%- endmacro -%}

{%- macro default__in_order_of_days() -%}{%- endmacro -%}

{%- macro duckdb__in_order_of_days() -%}
    order by civil_date
{%- endmacro -%}

{#-
    A condition that all rows meet, of an expression that several others read. Spark writes the text of such an expression in the
    place of each of its names, and seven copies of a union of two datasets took it longer to plan than to compute; it does
    not where a condition might differ from copy to copy.
-#}
{%- macro computed_once() -%}
    {{ return(adapter.dispatch("computed_once")()) }}
{%- endmacro -%}

{%- macro default__computed_once() -%}
    true
{%- endmacro -%}

{%- macro spark__computed_once() -%}
    rand() >= 0
{%- endmacro -%}

{#- Engines number the days of the week from 0 or from 1. -#}
{%- macro is_sunday(day) -%}
    {{ return(adapter.dispatch("is_sunday")(day)) }}
{%- endmacro -%}

{%- macro default__is_sunday(day) -%}
    extract(dow from {{ day }}) = 0
{%- endmacro -%}

{%- macro bigquery__is_sunday(day) -%}
    extract(dayofweek from {{ day }}) = 1
{%- endmacro -%}

{%- macro spark__is_sunday(day) -%}
    extract(dayofweek from {{ day }}) = 1
{%- endmacro -%}

{#- A clock time, of HH:MM. Spark 4.0 has no type for it: there it stays text, and who reads the table makes it one. -#}
{%- macro clock_time(heure) -%}
    {{ return(adapter.dispatch("clock_time")(heure)) }}
{%- endmacro -%}

{%- macro default__clock_time(heure) -%}
    cast({{ heure }} as time)
{%- endmacro -%}

{%- macro spark__clock_time(heure) -%}
    {{ heure }} || ':00'
{%- endmacro -%}

{#-
    A model that is a view where a query is answered from one as fast as from a table. Elsewhere it is a table, which can be read
    where it lies without the engine.
-#}
{%- macro view_or_table() -%}
    {{ return("view" if target.type in ["duckdb", "postgres"] else "table") }}
{%- endmacro -%}

{#- 1 January of a year. -#}
{%- macro first_of_year(year) -%}
    {{ return(adapter.dispatch("first_of_year")(year)) }}
{%- endmacro -%}

{%- macro default__first_of_year(year) -%}
    make_date({{ year }}, 1, 1)
{%- endmacro -%}

{%- macro bigquery__first_of_year(year) -%}
    date({{ year }}, 1, 1)
{%- endmacro -%}

{#- The number of the half hour, or quarter hour, that an instant lies in, counted from the epoch. -#}
{%- macro half_hour(instant="date_heure") -%}
    {{ return(adapter.dispatch("steps_from_epoch")(instant, 1800)) }}
{%- endmacro -%}

{%- macro quarter_hour(instant="date_heure") -%}
    {{ return(adapter.dispatch("steps_from_epoch")(instant, 900)) }}
{%- endmacro -%}

{%- macro default__steps_from_epoch(instant, seconds) -%}
    floor(extract(epoch from {{ instant }}) / {{ seconds }})
{%- endmacro -%}

{#-
    Whole numbers: PostgreSQL's own `extract` gives a decimal, which is slow to make, to divide and to join by; its cast of a
    fraction to a whole number rounds.
-#}
{%- macro postgres__steps_from_epoch(instant, seconds) -%}
    cast(floor(date_part('epoch', {{ instant }})) as bigint) / {{ seconds }}
{%- endmacro -%}

{%- macro duckdb__steps_from_epoch(instant, seconds) -%}
    epoch_us({{ instant }}) // {{ seconds }}000000
{%- endmacro -%}

{%- macro bigquery__steps_from_epoch(instant, seconds) -%}
    div(unix_micros({{ instant }}), {{ seconds }}000000)
{%- endmacro -%}

{%- macro spark__steps_from_epoch(instant, seconds) -%}
    unix_timestamp({{ instant }}) div {{ seconds }}
{%- endmacro -%}

{#- An instant in whole microseconds since the epoch. -#}
{%- macro microseconds(instant) -%}
    {{ return(adapter.dispatch("microseconds")(instant)) }}
{%- endmacro -%}

{%- macro default__microseconds(instant) -%}
    cast(extract(epoch from {{ instant }}) * 1000000 as bigint)
{%- endmacro -%}

{%- macro duckdb__microseconds(instant) -%}
    epoch_us({{ instant }})
{%- endmacro -%}

{%- macro bigquery__microseconds(instant) -%}
    unix_micros({{ instant }})
{%- endmacro -%}

{%- macro spark__microseconds(instant) -%}
    unix_micros({{ instant }})
{%- endmacro -%}

{#- The smallest and the largest of those values that are known; BigQuery's own give null where one is not. -#}
{%- macro least_known(values) -%}
    {{ return(adapter.dispatch("least_known")(values)) }}
{%- endmacro -%}

{%- macro default__least_known(values) -%}
    least({{ listed(values) }})
{%- endmacro -%}

{%- macro bigquery__least_known(values) -%}
    (select min(one) from unnest([{{ listed(values) }}]) as one)
{%- endmacro -%}

{%- macro greatest_known(values) -%}
    {{ return(adapter.dispatch("greatest_known")(values)) }}
{%- endmacro -%}

{%- macro default__greatest_known(values) -%}
    greatest({{ listed(values) }})
{%- endmacro -%}

{%- macro bigquery__greatest_known(values) -%}
    (select max(one) from unnest([{{ listed(values) }}]) as one)
{%- endmacro -%}

{#- The names of a group in their order, between commas; null where there is none. Spark's own keeps no order. -#}
{%- macro names_in_order(name) -%}
    {{ return(adapter.dispatch("names_in_order")(name)) }}
{%- endmacro -%}

{%- macro default__names_in_order(name) -%}
    {{ dbt.listagg(name, "', '", "order by " ~ name) }}
{%- endmacro -%}

{%- macro spark__names_in_order(name) -%}
    nullif(array_join(sort_array(collect_list({{ name }})), ', '), '')
{%- endmacro -%}

{%- macro as_float(value) -%}
    cast({{ value }} as {{ adapter.dispatch("float_type")() }})
{%- endmacro -%}

{%- macro default__float_type() -%}double precision{%- endmacro -%}

{%- macro bigquery__float_type() -%}float64{%- endmacro -%}

{%- macro spark__float_type() -%}double{%- endmacro -%}

{#-
    A float as a decimal(18, `places`), halves away from zero. Each engine casts what lies at a half in its own way
    (PostgreSQL by fifteen of its digits), so the float is made whole first, by arithmetic that all of them do alike.
-#}
{%- macro float_as_decimal(value, places) -%}
    {%- set whole = "sign(" ~ value ~ ") * floor(abs(" ~ value ~ ") * 1" ~ "0" * places ~ " + 0.5)" -%}
    {{ as_decimal(as_decimal(whole, 18, 0) ~ " * " ~ smallest(places), 18, places) }}
{%- endmacro -%}

{#- `total / count` as a decimal(18, `places`), exact, halves away from zero: of a decimal of as many places and a whole number. -#}
{%- macro mean_as_decimal(total, count, places) -%}
    {%- set units = "cast(" ~ total ~ " * 1" ~ "0" * places ~ " as bigint)" -%}
    {%- set whole = whole_quotient("2 * abs(" ~ units ~ ") + " ~ count, "(2 * " ~ count ~ ")") -%}
    {{ as_decimal(as_decimal("sign(" ~ units ~ ") * " ~ whole, 18, 0) ~ " * " ~ smallest(places), 18, places) }}
{%- endmacro -%}

{%- macro smallest(places) -%}{{ exact("0." ~ "0" * (places - 1) ~ "1") }}{%- endmacro -%}

{#- A number as a decimal of so many digits, `places` of them after the point; BigQuery gives a cast no digits. -#}
{%- macro as_decimal(value, precision, places) -%}
    {{ return(adapter.dispatch("as_decimal")(value, precision, places)) }}
{%- endmacro -%}

{%- macro default__as_decimal(value, precision, places) -%}
    cast({{ value }} as decimal({{ precision }}, {{ places }}))
{%- endmacro -%}

{#- A number with a point, as a decimal. -#}
{%- macro exact(digits) -%}
    {{ return(adapter.dispatch("exact")(digits)) }}
{%- endmacro -%}

{%- macro default__exact(digits) -%}
    {{ digits }}
{%- endmacro -%}

{%- macro whole_quotient(dividend, divisor) -%}
    {{ return(adapter.dispatch("whole_quotient")(dividend, divisor)) }}
{%- endmacro -%}

{%- macro default__whole_quotient(dividend, divisor) -%}
    div(({{ dividend }}), {{ divisor }})
{%- endmacro -%}

{%- macro duckdb__whole_quotient(dividend, divisor) -%}
    (({{ dividend }}) // {{ divisor }})
{%- endmacro -%}

{%- macro spark__whole_quotient(dividend, divisor) -%}
    (({{ dividend }}) div {{ divisor }})
{%- endmacro -%}
