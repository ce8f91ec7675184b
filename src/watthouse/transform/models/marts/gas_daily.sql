with reported as (
    select * from {{ ref("core_gas_stock") }}
),

reported_points as (
    select
        source,
        pits,
        civil_date as first_date,
        last_date
    from {{ ref("core_gas_points") }}
),

operators as (
    select
        source,
        min(first_date) as first_date,
        max(last_date) as last_date
    from reported_points
    group by source
),

-- an operator is expected from the day it is first seen, the declared ones always
expected_operators as (
    {%- for operator in var("gas_operators") %}
    select
        '{{ operator }}' as source,
        cast(null as date) as first_date
    union all
    {%- endfor %}
    select
        source,
        first_date
    from operators
    where source not in ({{ quoted(var("gas_operators")) }})
),

-- a point is expected from its first report to its last, and on from there until it counts as closed
points as (
    select
        reported_points.pits,
        reported_points.first_date,
        case
            when
                {{ dbt.datediff("reported_points.last_date", "operators.last_date", "day") }}
                > {{ var("gas_point_closed_after_days") }}
                then reported_points.last_date
        end as closed_after
    from reported_points
    inner join operators on reported_points.source = operators.source
),

days as (
    select
        civil_date,
        {{ as_decimal("sum(stock_fin_de_journee)", 18, 6) }} as stock_reported_gwh,
        count(distinct source) as stock_gaz_operators,
        count(*) as pits_reporting
    from reported
    group by civil_date
),

operators_of_day as (
    select distinct
        civil_date,
        source
    from reported
),

expected_of_day as (
    select
        days.civil_date,
        count(*) as stock_gaz_operators_expected,
        {{ names_in_order("case when operators_of_day.source is null then expected_operators.source end") }}
            as missing_operators
    from days
    inner join expected_operators
        on expected_operators.first_date is null or days.civil_date >= expected_operators.first_date
    left join operators_of_day
        on days.civil_date = operators_of_day.civil_date and expected_operators.source = operators_of_day.source
    group by days.civil_date
),

points_of_day as (
    select
        days.civil_date,
        count(points.pits) as pits_expected
    from days
    inner join points
        on
            days.civil_date >= points.first_date
            and (points.closed_after is null or days.civil_date <= points.closed_after)
    group by days.civil_date
),

marked as (
    select
        days.*,
        expected_of_day.stock_gaz_operators_expected,
        expected_of_day.missing_operators,
        points_of_day.pits_expected,
        expected_of_day.missing_operators is null and days.pits_reporting = points_of_day.pits_expected
            as stock_gaz_complete
    from days
    inner join expected_of_day on days.civil_date = expected_of_day.civil_date
    inner join points_of_day on days.civil_date = points_of_day.civil_date
),

summed as (
    select
        *,
        case when stock_gaz_complete then stock_reported_gwh end as stock_gaz_gwh,
        cast({{ dbt.dateadd("day", -1, "civil_date") }} as date) as day_before
    from marked
),

final as (
    select
        today.civil_date,
        today.stock_gaz_gwh,
        today.stock_reported_gwh,
        {{ as_decimal("today.stock_gaz_gwh - yesterday.stock_gaz_gwh", 18, 6) }} as stock_gaz_change_gwh,
        cast(today.stock_gaz_operators as integer) as stock_gaz_operators,
        cast(today.stock_gaz_operators_expected as integer) as stock_gaz_operators_expected,
        today.missing_operators,
        cast(today.pits_reporting as integer) as pits_reporting,
        cast(today.pits_expected as integer) as pits_expected,
        today.stock_gaz_complete
    from summed as today
    left join summed as yesterday on today.day_before = yesterday.civil_date
)

select * from final
{{ in_order_of_days() }}
