{{ config(
    materialized="incremental",
    partition_by=day_partition(),
    meta={"observed_in": power_tables(regional=false)},
) }}

with power as (
    select
        *,
        {{ dbt.date_trunc("hour", "date_heure") }} as instant
    from {{ ref("core_national_power") }}
    where {{ days_to_rebuild() }}
),

days as (
    select
        civil_date,
        min(quarter_hours) as day_quarter_hours
    from power
    group by civil_date
),

final as (
    select
        power.civil_date,
        power.instant as date_heure,
        min(substr(power.heure, 1, 2)) || ':00' as heure,
        {{ mwh_of_each(national_power()) }},
        {{ mwh("production_mw", "production_quarter_hours") }} as production_mwh,
        {{ shares_of_production(var("national_sources"), var("national_subsources")) }},
        {{ carbon_intensity() }} as taux_co2_g_kwh,
        {{ known_slots_of_each(national_series()[1:], "min(days.day_quarter_hours)") }},
        {{ mix_slots("min(days.day_quarter_hours)") }} as mix_slots,
        {{ known_slots("consommation_quarter_hours", "min(days.day_quarter_hours)") }} as measured_slots,
        case when min(days.day_quarter_hours) = 2 then 2 else 4 end as expected_slots,
        {{ lowest_nature() }} as nature
    from power
    inner join days on power.civil_date = days.civil_date
    group by power.civil_date, power.instant
)

select * from final
{{ in_order_of_days() }}
