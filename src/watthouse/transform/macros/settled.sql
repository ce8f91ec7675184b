{#-
    The model of schema `energy_consumption`: regional slots as settled data (consolidated, definitive) have them. Its columns
    are fixed by those who query it; they are not put together from what the catalog declares.
-#}

{%- macro settled_power() -%}
    {{ return(["consommation", "thermique", "nucleaire", "eolien", "solaire", "hydraulique", "pompage", "bioenergies"]) }}
{%- endmacro -%}

{%- macro settled_rates() -%}
    {%- set rates = [] -%}
    {%- for source in ["thermique", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies"] -%}
        {%- do rates.extend(["tco_" ~ source, "tch_" ~ source]) -%}
    {%- endfor -%}
    {{ return(rates) }}
{%- endmacro -%}

{#-
    The first expressions of a `with`, of which `settled` has one row a region and slot with the columns `values`. Of a slot
    in both natures it is the definitive row, unless that knows no load and the consolidated one does. `sums_up` are columns
    of which a row says, as `{column}_published`, whether its day has any value of them.

    Straight from raw: sorting every row by age, as staging does, takes PostgreSQL longer than all the rest. A region's day
    that came at once and in one nature has each slot once, and few days are others.
-#}
{%- macro settled_slots(values, sums_up=[]) -%}
{%- set raw = source("raw", "eco2mix_regional_cons_def") -%}
{%- set day, slot = ["date", "code_insee_region"], ["date_heure", "heure"] -%}
region_days as (
    select
        {{ listed(day) }},
        {%- for column in sums_up %}
        count({{ column }}) > 0 as {{ column }}_published,
        {%- endfor %}
        min(observed_at) = max(observed_at) and min({{ nature_rank() }}) = max({{ nature_rank() }}) as came_at_once
    from {{ raw }}
    where {{ days_to_rebuild("date") }}
    group by {{ day | join(", ") }}
),

aged as (
    select
        published.*,
        {{ nature_rank("published.nature") }} as nature_rank,
        row_number() over (
            partition by published.date, published.code_insee_region, published.date_heure, published.nature
            order by published.observed_at desc
        ) as age
    from {{ raw }} as published
    inner join region_days
        on {{ equal(day, "published", "region_days") }}
    where not region_days.came_at_once and {{ days_to_rebuild("published.date") }}
),

ranked as (
    select
        *,
        {%- for column in sums_up %}
        count({{ column }}) over (partition by date, code_insee_region, nature) > 0 as {{ column }}_published,
        {%- endfor %}
        row_number() over (
            partition by date, code_insee_region, date_heure
            order by case when consommation is not null then 1 else 0 end desc, nature_rank desc
        ) as place
    from aged
    where age = 1 and coalesce({{ (settled_power() + settled_rates()) | join(", ") }}) is not null
),

settled as (
    select
        {{ listed(day + slot + values, prefix="published.") }}
        {%- for column in sums_up %},
        region_days.{{ column }}_published
        {%- endfor %}
    from {{ raw }} as published
    inner join region_days
        on {{ equal(day, "published", "region_days") }}
    where region_days.came_at_once and {{ days_to_rebuild("published.date") }}
    union all
    select
        {{ listed(day + slot + values + named(sums_up, "_published")) }}
    from ranked
    where place = 1
),
{%- endmacro -%}

{#- What names a slot of a region in every build: the quarter hours since 1970 times 100, and the INSEE code of the region. -#}
{%- macro settled_id() -%}
    cast({{ quarter_hour() }} as bigint) * 100 + cast(code_insee_region as bigint)
{%- endmacro -%}

{#-
    Production of every source [MW], hydro counted, pumping not; null where a source that the day publishes is not known, and
    on a day without any load: there is no mix that could be whole.
-#}
{%- macro settled_production() -%}
    case
            when
                {%- for source in var("regional_sources") %}
                ({{ source }} is not null or not {{ source }}_published) and
                {%- endfor %}
                consommation_published
                then {% for source in var("regional_sources") %}coalesce({{ source }}, 0){{ " + " if not loop.last }}{% endfor %}
        end
{%- endmacro -%}
