{{ config(
    materialized="incremental",
    partition_by=day_partition(),
    meta={"observed_in": power_tables(regional=false)},
) }}

{%- set energies = ["consommation", "production"] + var("national_sources") %}
{%- set highest = energies + ["net_export"] %}

with hours as (
    select
        civil_date,
        date_heure,
        {{ if_known(energies) }},
        case when ech_physiques_slots = expected_slots then -ech_physiques_mwh end as net_export_mwh,
        case when least(taux_co2_slots, mix_slots) = expected_slots then taux_co2_g_kwh end as taux_co2_g_kwh
    from {{ ref("hourly_national") }}
    where {{ days_to_rebuild() }}
),

best as (
    select
        civil_date,
        {%- for measure in highest %}
        {{ as_decimal("max(" ~ measure ~ "_mwh)", 18, 2) }} as {{ measure }}_mwh,
        {%- endfor %}
        min(taux_co2_g_kwh) as taux_co2_g_kwh
    from hours
    group by civil_date
),

-- the first of equals
began as (
    select
        hours.civil_date,
        {%- for measure in highest %}
        min(case when hours.{{ measure }}_mwh = best.{{ measure }}_mwh then hours.date_heure end) as {{ measure }}_at,
        {%- endfor %}
        min(case when hours.taux_co2_g_kwh = best.taux_co2_g_kwh then hours.date_heure end) as taux_co2_at
    from hours
    inner join best on hours.civil_date = best.civil_date
    group by hours.civil_date
),

final as (
    select
        best.*,
        {{ listed(highest, "_at", prefix="began.") }},
        began.taux_co2_at
    from best
    inner join began on best.civil_date = began.civil_date
)

select * from final
