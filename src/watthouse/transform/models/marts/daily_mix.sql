{{ config(
    materialized="incremental",
    partition_by=day_partition(),
    meta={"observed_in": power_tables(regional=false)},
) }}

with power as (
    select * from {{ ref("core_national_power") }}
    where {{ days_to_rebuild() }}
),

energy as (
    select
        civil_date,
        {{ mwh_of_each(national_mix()) }},
        {{ mwh("production_mw", "production_quarter_hours") }} as production_mwh,
        {{ shares_of_production(var("national_sources"), var("national_subsources")) }},
        {{ carbon_intensity() }} as taux_co2_g_kwh,
        {{ known_slots_of_each(national_mix() + ["taux_co2"]) }},
        {{ mix_slots() }} as mix_slots,
        {{ expected_slots() }} as expected_slots,
        {{ lowest_nature("case when slot_minutes is not null then nature end") }} as nature
    from power
    group by civil_date
    having count(slot_minutes) > 0
),

final as (
    select
        civil_date,
        consommation_mwh,
        {{ listed(var("national_sources") + var("national_subsources"), "_mwh") }},
        production_mwh,
        {{ listed(var("national_sources") + var("national_subsources"), "_share") }},
        {{ name_of_largest(var("national_sources")) }} as top_source,
        taux_co2_g_kwh,
        {{ listed(var("storage"), "_mwh") }},
        {{ listed((national_mix() + ["taux_co2"])[1:], "_slots") }},
        mix_slots,
        consommation_slots as measured_slots,
        expected_slots,
        nature
    from energy
)

select * from final
{{ in_order_of_days() }}
