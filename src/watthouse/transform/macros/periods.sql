{#- Days and regions summed up over calendar periods (`part`: month or year), which `period` names; slots in quarter hours. -#}
{%- macro regional_periods(part, period) -%}
{%- set counted = regional_series()[1:] + ["mix", "measured"] -%}
with days as (
    select
        *,
        cast({{ dbt.date_trunc(part, "civil_date") }} as date) as starts,
        {{ quarter_hours_of_each(counted) }}
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
        {{ slots_of_each(counted) }},
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

{#- The slots of each column on a row of one day, in quarter hours: a day on half hours has 48 of them, or 46. -#}
{%- macro quarter_hours_of_each(columns) -%}
    {%- for column in columns -%}
        case when expected_slots <= 48 then 2 else 1 end * {{ column }}_slots as {{ column }}_quarter_hours
        {{- ",\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}

{#- Their sums over a period, which are its slots. -#}
{%- macro slots_of_each(columns) -%}
    {%- for column in columns -%}
        cast(sum({{ column }}_quarter_hours) as integer) as {{ column }}_slots{{ ",\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}
