{%- set gas, temperature = "stock-quotidien-stockages-gaz", "temperature-quotidienne-regionale" %}
{%- set tempo = "eco2mix-tempo" %}

with measured as (
    select
        dataset,
        civil_date,
        measured
    from {{ ref("core_measured_slots") }}
    union all
    select
        '{{ gas }}' as dataset,
        civil_date,
        pits_reporting as measured
    from {{ ref("gas_daily") }}
    union all
    select
        '{{ temperature }}' as dataset,
        civil_date,
        count(tmoy_c) as measured
    from {{ ref("temperature_daily") }}
    group by civil_date
    having count(tmoy_c) > 0
    union all
    select
        '{{ tempo }}' as dataset,
        civil_date,
        1 as measured
    from {{ ref("tempo_days") }}
),

followed as (
    select
        dataset,
        civil_date as last_reported,
        cast({{ dbt.dateadd("day", 1, "civil_date") }} as date) as first_date,
        cast(
            {{ dbt.dateadd("day", -1, "lead(civil_date) over (partition by dataset order by civil_date)") }} as date
        ) as last_date
    from measured
),

holes as (
    select *
    from followed
    where first_date <= last_date
),

unreported as (
    {{ every_day("holes", ["dataset", "last_reported"]) }}
),

-- a day without any report expects what the last one before it did
reported as (
    select
        dataset,
        civil_date,
        measured,
        civil_date as last_reported
    from measured
    union all
    select
        dataset,
        civil_date,
        0 as measured,
        last_reported
    from unreported
),

expected as (
    select
        reported.dataset,
        reported.civil_date,
        reported.measured,
        case reported.dataset
            {%- for one in power_datasets() %}
            when '{{ one.id }}' then {{ slots_of_dataset(one, "reported.civil_date") }}
            {%- endfor %}
            when '{{ temperature }}' then {{ var("regions_of_temperature") }}
            when '{{ tempo }}' then 1
            else gas_daily.pits_expected
        end as expected,
        case reported.dataset
            {%- for one in power_datasets() %}
            when '{{ one.id }}' then {{ slots_counted_in(one) }}
            {%- endfor %}
            when '{{ temperature }}' then 'regions'
            when '{{ tempo }}' then 'days'
            else 'storage points'
        end as unit,
        reported.dataset <> '{{ gas }}' or gas_daily.stock_gaz_complete as every_operator
    from reported
    left join {{ ref("gas_daily") }} as gas_daily
        on reported.dataset = '{{ gas }}' and reported.last_reported = gas_daily.civil_date
),

-- a day that settled data measure is no hole of the real-time dataset
current_days as (
    select expected.*
    from expected
    left join measured as settled
        on
            expected.civil_date = settled.civil_date
            and replace(expected.dataset, '-tr', '-cons-def') = settled.dataset
            and expected.dataset <> settled.dataset
    where settled.civil_date is null
),

final as (
    select
        dataset,
        civil_date,
        cast(measured as integer) as measured,
        cast(expected as integer) as expected,
        unit,
        every_operator and measured >= expected as complete
    from current_days
)

select * from final
{{ in_order_of_days() }}
