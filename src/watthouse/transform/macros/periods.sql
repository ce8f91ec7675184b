{#- Days and regions summed up over calendar periods (`part`: month or year), which `period` names; slots in quarter hours. -#}
{%- macro regional_periods(part, period) -%}
{%- set counted = regional_series()[1:] + ["mix", "measured"] -%}
with days as (
    select
        *,
        cast({{ dbt.date_trunc(part, "civil_date") }} as date) as starts,
        {%- for column in counted %}
        case when expected_slots <= 48 then 2 else 1 end * {{ column }}_slots
            as {{ column }}_quarter_hours{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref("daily_regional") }}
),

energy as (
    select
        starts,
        code_insee_region,
        max(libelle_region) as libelle_region,
        {{ sum_of_each(regional_power() + ["production"]) }},
        {{ shares_of_shares(var("regional_sources"), var("regional_subsources")) }},
        {{ mean_rates(load_factors(), "_quarter_hours", "_pct") }},
        cast(sum(case when measured_slots > 0 then 1 else 0 end) as integer) as measured_days,
        {%- for column in counted %}
        cast(sum({{ column }}_quarter_hours) as integer) as {{ column }}_slots,
        {%- endfor %}
        {{ lowest_nature() }} as nature
    from days
    where {{ days_to_rebuild("starts") }}
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
        {{ listed(var("regional_sources") + var("regional_subsources"), "_share") }},
        {{ name_of_largest(var("regional_sources")) }} as top_source,
        {{ listed(load_factors(), "_pct") }},
        {{ listed(regional_series()[1:], "_slots") }},
        measured_days,
        mix_slots,
        measured_slots,
        expected_slots,
        measured_slots = expected_slots as complete,
        nature
    from expected
)

select * from final
{%- endmacro -%}

{#-
    The national mix summed up over calendar months: a question about 13 years by month would else sum 30 columns of every day,
    anew each time (PostgreSQL 13 ms of 16). Slots in quarter hours.
-#}
{%- macro national_months() -%}
{%- set counted = national_mix()[1:] + ["mix", "measured"] -%}
with days as (
    select
        *,
        cast({{ dbt.date_trunc("month", "civil_date") }} as date) as civil_month,
        {%- for column in counted %}
        case when expected_slots <= 48 then 2 else 1 end * {{ column }}_slots
            as {{ column }}_quarter_hours{{ "," if not loop.last }}
        {%- endfor %}
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
        {%- for column in counted %}
        cast(sum({{ column }}_quarter_hours) as integer) as {{ column }}_slots,
        {%- endfor %}
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
{%- endmacro -%}
