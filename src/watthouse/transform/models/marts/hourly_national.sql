{{ config(
    materialized="incremental",
    incremental_strategy="replace_days",
    partition_by=day_partition(),
    meta={"observed_in": ["eco2mix_national_tr", "eco2mix_national_cons_def"]},
) }}

with power as (
    select
        *,
        {{ dbt.date_trunc("hour", "date_heure") }} as instant,
        min(slot_minutes) over (partition by civil_date) as day_slot_minutes
    from {{ ref("core_national_power") }}
    where {{ days_to_rebuild() }}
),

final as (
    select
        civil_date,
        instant as date_heure,
        min(substr(heure, 1, 2)) || ':00' as heure,
        {{ mwh_of_each(national_power()) }},
        {{ mwh("production_mw") }} as production_mwh,
        {{ weighted_mean("cast(taux_co2 as bigint)", "production_mw * quarter_hours") }} as taux_co2_g_kwh,
        cast(case when min(day_slot_minutes) = 30 then count(*) else sum(quarter_hours) end as integer)
            as measured_slots,
        case when min(day_slot_minutes) = 30 then 2 else 4 end as expected_slots,
        {{ lowest_nature() }} as nature
    from power
    group by civil_date, instant
)

select * from final
{{ in_order_of_days() }}
