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
),

-- the best hour of every day
best_hours as (
    select
        civil_date,
        {%- for measure in highest %}
        max({{ measure }}_mwh) as {{ measure }}_mwh,
        {%- endfor %}
        min(taux_co2_g_kwh) as taux_co2_g_kwh
    from hours
    group by civil_date
),

whole_days as (
    select
        mix.civil_date,
        {{ if_known(energies, "mix.") }},
        case
            when exchanged.ech_physiques_slots = exchanged.expected_slots then exchanged.net_export_mwh
        end as net_export_mwh,
        case when least(mix.taux_co2_slots, mix.mix_slots) = mix.expected_slots then mix.taux_co2_g_kwh end
            as taux_co2_g_kwh
    from {{ ref("daily_mix") }} as mix
    left join {{ ref("exchanges_daily") }} as exchanged on mix.civil_date = exchanged.civil_date
),

-- `merit` is the higher the more of a record a value is
candidates as (
    {%- for span, days in {"hour": "best_hours", "day": "whole_days"}.items() %}
    {%- for measure in highest %}
    select
        civil_date,
        '{{ measure }}' as measure,
        '{{ span }}' as span,
        'highest' as extreme,
        'MWh' as unit,
        {{ as_float(measure ~ "_mwh") }} as value,
        {{ as_float(measure ~ "_mwh") }} as merit
    from {{ days }}
    where {{ measure }}_mwh is not null
    union all
    {%- endfor %}
    select
        civil_date,
        'taux_co2' as measure,
        '{{ span }}' as span,
        'lowest' as extreme,
        'g/kWh' as unit,
        taux_co2_g_kwh as value,
        -taux_co2_g_kwh as merit
    from {{ days }}
    where taux_co2_g_kwh is not null
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

held_against as (
    select
        *,
        max(merit) over (
            partition by measure, span
            order by civil_date
            rows between unbounded preceding and 1 preceding
        ) as best_before
    from candidates
),

broken as (
    select * from held_against
    where best_before is null or merit > best_before
),

-- the first hour of its day with that value
hours_of_records as (
    select
        broken.civil_date,
        broken.measure,
        min(hours.date_heure) as date_heure
    from broken
    inner join hours
        on
            broken.civil_date = hours.civil_date
            and broken.value = case broken.measure
                {%- for measure in highest %}
                when '{{ measure }}' then {{ as_float("hours." ~ measure ~ "_mwh") }}
                {%- endfor %}
                else hours.taux_co2_g_kwh
            end
    where broken.span = 'hour'
    group by broken.civil_date, broken.measure
),

dated as (
    select
        broken.*,
        hours_of_records.date_heure
    from broken
    left join hours_of_records
        on
            broken.span = 'hour'
            and broken.civil_date = hours_of_records.civil_date
            and broken.measure = hours_of_records.measure
),

final as (
    select
        civil_date,
        measure,
        span,
        extreme,
        date_heure,
        value,
        unit,
        lag(civil_date) over (partition by measure, span order by civil_date) as previous_date,
        lag(date_heure) over (partition by measure, span order by civil_date) as previous_date_heure,
        lag(value) over (partition by measure, span order by civil_date) as previous_value,
        lead(civil_date) over (partition by measure, span order by civil_date) as broken_on
    from dated
)

select * from final
{{ in_order_of_days() }}
