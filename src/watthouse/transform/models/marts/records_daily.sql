{%- set energies = ["consommation", "production"] + var("national_sources") %}
{%- set highest = energies + ["net_export"] %}
{%- set earlier = "order by civil_date rows between unbounded preceding and 1 preceding" %}
{%- set spans = {"hour": "best_hours", "day": "whole_days"} %}
{%- set breaks = {} %}
{%- for measure in highest %}
{%- set mwh, before = measure ~ "_mwh", measure ~ "_before" %}
{%- do breaks.update({measure: mwh ~ " > " ~ before ~ " or (" ~ mwh ~ " is not null and " ~ before ~ " is null)"}) %}
{%- endfor %}
{%- set lower = "taux_co2_g_kwh < taux_co2_before or (taux_co2_g_kwh is not null and taux_co2_before is null)" %}

with best_hours as (
    select * from {{ ref("core_best_hours") }}
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

-- side by side, so that all measures are held against the past in one pass: a row a measure took eight times as long;
-- few days break anything
{%- for span, days in spans.items() %}
{{ days }}_held as (
    select
        *,
        {%- for measure in highest %}
        max({{ measure }}_mwh) over ({{ earlier }}) as {{ measure }}_before,
        {%- endfor %}
        min(taux_co2_g_kwh) over ({{ earlier }}) as taux_co2_before
    from {{ days }}
),

{{ days }}_breaking as (
    select *
    from {{ days }}_held
    where
        {{ lower }}
        {%- for measure in highest %}
        or {{ breaks[measure] }}
        {%- endfor %}
),
{% endfor %}
broken as (
    {%- for span, days in spans.items() %}
    {%- for measure in highest %}
    select
        civil_date,
        '{{ measure }}' as measure,
        '{{ span }}' as span,
        'highest' as extreme,
        'MWh' as unit,
        {{ as_float(measure ~ "_mwh") }} as value
    from {{ days }}_breaking
    where {{ breaks[measure] }}
    union all
    {%- endfor %}
    select
        civil_date,
        'taux_co2' as measure,
        '{{ span }}' as span,
        'lowest' as extreme,
        'g/kWh' as unit,
        taux_co2_g_kwh as value
    from {{ days }}_breaking
    where {{ lower }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

dated as (
    select
        broken.*,
        case broken.measure
            {%- for measure in highest %}
            when '{{ measure }}' then best_hours.{{ measure }}_at
            {%- endfor %}
            else best_hours.taux_co2_at
        end as date_heure
    from broken
    left join best_hours on broken.span = 'hour' and broken.civil_date = best_hours.civil_date
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
