{{ config(
    materialized="incremental",
    partition_by=day_partition(),
    meta={"observed_in": power_tables(regional=true), "of_regions": true},
) }}

with power as (
    select * from {{ ref("core_regional_power") }}
    where {{ days_to_rebuild() }}
),

energy as (
    select
        civil_date,
        code_insee_region,
        max(libelle_region) as libelle_region,
        {{ mwh_of_each(regional_power()) }},
        {{ mwh("production_mw", "production_quarter_hours") }} as production_mwh,
        {{ shares_of_production(var("regional_sources"), var("regional_subsources")) }},
        {{ mean_rates(load_factors(), "_quarter_hours") }},
        {{ known_slots_of_each(regional_series()) }},
        {{ mix_slots() }} as mix_slots,
        {{ expected_slots() }} as expected_slots,
        {{ lowest_nature() }} as nature
    from power
    group by civil_date, code_insee_region
),

final as (
    select
        civil_date,
        code_insee_region,
        libelle_region,
        {{ listed(regional_power(), "_mwh") }},
        production_mwh,
        {{ listed(var("regional_sources") + var("regional_subsources"), "_share") }},
        {{ name_of_largest(var("regional_sources")) }} as top_source,
        {{ listed(load_factors(), "_pct") }},
        {{ listed(regional_series()[1:], "_slots") }},
        mix_slots,
        consommation_slots as measured_slots,
        expected_slots,
        nature
    from energy
)

select * from final
{{ in_order_of_days() }}
