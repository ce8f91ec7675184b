{{ config(
    materialized="incremental",
    incremental_strategy="replace_days",
    partition_by=day_partition(),
    meta={"observed_in": ["eco2mix_national_tr", "eco2mix_national_cons_def"]},
) }}

with power as (
    select * from {{ ref("core_national_power") }}
    where {{ days_to_rebuild() }}
),

energy as (
    select
        civil_date,
        {{ mwh_of_each(national_mix()) }},
        {{ mwh("production_mw") }} as production_mwh,
        {{ weighted_mean("cast(taux_co2 as bigint)", "production_mw * quarter_hours") }} as taux_co2_g_kwh,
        {{ measured_slots() }} as measured_slots,
        {{ expected_slots() }} as expected_slots,
        {{ lowest_nature() }} as nature
    from power
    group by civil_date
),

final as (
    select
        civil_date,
        consommation_mwh,
        {{ listed(national_sources() + national_subsources(), "_mwh") }},
        production_mwh,
        {{ shares_of_production(national_sources() + national_subsources()) }},
        {{ name_of_largest(national_sources()) }} as top_source,
        taux_co2_g_kwh,
        {{ listed(storage(), "_mwh") }},
        measured_slots,
        expected_slots,
        nature
    from energy
)

select * from final
{{ in_order_of_days() }}
