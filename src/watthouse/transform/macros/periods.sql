{#- Days and regions summed up over calendar periods (`part`: month or year), which `period` names; slots in quarter hours. -#}
{%- macro regional_periods(part, period) -%}
with days as (
    select
        *,
        cast({{ dbt.date_trunc(part, "civil_date") }} as date) as starts,
        case when expected_slots <= 48 then 2 else 1 end * measured_slots as measured_quarter_hours
    from {{ ref("daily_regional") }}
),

energy as (
    select
        starts,
        code_insee_region,
        max(libelle_region) as libelle_region,
        {{ sum_of_each(regional_power() + ["production"]) }},
        {{ mean_rates(load_factors(), "measured_quarter_hours", "_pct") }},
        cast(count(*) as integer) as measured_days,
        cast(sum(measured_quarter_hours) as integer) as measured_slots,
        {{ lowest_nature() }} as nature
    from days
    group by starts, code_insee_region
),

expected as (
    select
        *,
        cast({{ quarter_hours_of_period("starts", part) }} as integer) as expected_slots
    from energy
),

final as (
    select
        {{ period }},
        code_insee_region,
        libelle_region,
        {{ listed(regional_power() + ["production"], "_mwh") }},
        {{ shares_of_production(regional_sources() + regional_subsources()) }},
        {{ name_of_largest(regional_sources()) }} as top_source,
        {{ listed(load_factors(), "_pct") }},
        measured_days,
        measured_slots,
        expected_slots,
        measured_slots = expected_slots as complete,
        nature
    from expected
)

select * from final
{%- endmacro -%}
