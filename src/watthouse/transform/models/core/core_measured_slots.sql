{{ config(
    materialized="incremental",
    partition_by=day_partition(),
    meta={"observed_in": power_datasets() | map(attribute="table") | list},
) }}

{#- Straight from raw: sorting every row by age, as staging does, would cost a rebuild seconds for a few counts. -#}
with
{%- for one in power_datasets() %}
{%- set place = ["code_insee_region"] if one.regional else [] %}
{{ one.table }}_rows as (
    select
        date as civil_date,
        {{ listed(place + ["date_heure", "nature", "consommation", "observed_at"]) }}
    from {{ source("raw", one.table) }}
    where {{ days_to_rebuild("date") }}{{ " and not " ~ is_second_quarter() if one.half_hours }}
),

-- a day that came at once and in one nature says each slot once
{{ one.table }}_once as (
    select
        civil_date,
        count(consommation) as measured
    from {{ one.table }}_rows
    group by civil_date
    having min(observed_at) = max(observed_at) and min(nature) = max(nature)
),

{{ one.table }}_again as (
    select {{ one.table }}_rows.*
    from {{ one.table }}_rows
    left join {{ one.table }}_once on {{ one.table }}_rows.civil_date = {{ one.table }}_once.civil_date
    where {{ one.table }}_once.civil_date is null
),

{{ one.table }}_aged as (
    select
        *,
        {{ age_of_observation(day="civil_date", identity=place + ["date_heure", "nature"]) }} as age
    from {{ one.table }}_again
),

{{ one.table }}_slots as (
    select distinct {{ (["civil_date"] + place + ["date_heure"]) | join(", ") }}
    from {{ one.table }}_aged
    where age = 1 and consommation is not null
),

{{ one.table }}_measured as (
    select
        civil_date,
        measured
    from {{ one.table }}_once
    union all
    select
        civil_date,
        count(*) as measured
    from {{ one.table }}_slots
    group by civil_date
),
{% endfor %}

counted as (
    {%- for one in power_datasets() %}
    select
        civil_date,
        '{{ one.id }}' as dataset,
        measured
    from {{ one.table }}_measured
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

-- real time ends where settled data begin: what is still known of it from before is no longer published
final as (
    select
        counted.civil_date,
        counted.dataset,
        cast(counted.measured as integer) as measured
    from counted
    left join counted as settled
        on
            counted.civil_date = settled.civil_date
            and replace(counted.dataset, '-tr', '-cons-def') = settled.dataset
            and counted.dataset <> settled.dataset
            and settled.measured > 0
    where counted.measured > 0 and settled.civil_date is null
)

select * from final
