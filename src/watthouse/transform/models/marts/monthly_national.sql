{{ config(
    materialized="incremental",
    meta={
        "observed_in": power_tables(regional=false),
        "period": "month",
        "starts": "civil_month",
    },
) }}

{#- 13 years by month would else sum 30 columns of every day, anew for every question:
    13 of 16 ms where rows are stored whole. -#}
{%- set counted = national_mix()[1:] + ["mix", "measured"] -%}
with days as (
    select
        *,
        cast({{ dbt.date_trunc("month", "civil_date") }} as date) as civil_month,
        {{ quarter_hours_of_each(counted) }}
    from {{ ref("daily_mix") }}
),

energy as (
    select
        civil_month,
        {{ sum_of_each(national_mix() + ["production"]) }},
        {{ shares_of_shares(var("national_sources"), var("national_subsources")) }},
        {{ ratio(
            "sum(" ~ float_as_decimal("taux_co2_g_kwh * production_mwh", 2) ~ ")",
            "sum(case when taux_co2_g_kwh is not null then production_mwh end)",
        ) }} as taux_co2_g_kwh,
        {{ slots_of_each(counted) }},
        cast(sum(case when measured_slots > 0 then 1 else 0 end) as integer) as measured_days,
        cast(
            sum(case when measured_slots = expected_slots and mix_slots = expected_slots then 1 else 0 end) as integer
        ) as complete_days,
        {{ lowest_nature() }} as nature
    from days
    where {{ days_to_rebuild("civil_month") }}
    group by civil_month
),

final as (
    select
        civil_month,
        {{ listed(national_mix() + ["production"], "_mwh") }},
        {{ listed(var("national_sources") + var("national_subsources"), "_share") }},
        {{ name_of_largest(var("national_sources")) }} as top_source,
        taux_co2_g_kwh,
        {{ listed(national_mix()[1:], "_slots") }},
        measured_days,
        complete_days,
        mix_slots,
        measured_slots,
        cast({{ quarter_hours_of_period("civil_month", "month") }} as integer) as expected_slots,
        nature
    from energy
)

select * from final
