{{ config(
    materialized="incremental",
    partition_by=day_partition(),
    meta={"observed_in": power_tables(regional=false)},
) }}

with published as (
    {%- for table in power_tables(regional=false) %}
    select
        civil_date,
        date_heure,
        heure,
        nature,
        {{ nature_rank() }} as nature_rank,
        {{ half_hour() }} as half_hour,
        {{ quarter_of_half_hour() }} as quarter,
        {{ listed(var("forecasts")) }}
    from {{ ref("stg_" ~ table) }}
    where {{ days_to_rebuild() }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

forecasts as (
    {%- for horizon in var("forecasts") %}
    select
        civil_date,
        date_heure,
        heure,
        nature,
        nature_rank,
        half_hour,
        quarter,
        '{{ horizon }}' as horizon,
        {{ horizon }} as forecast_mw
    from published
    where {{ horizon }} is not null
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

-- a settled forecast is half-hourly on a civil day and nature on which none at :15 and :45 is known; real time is not:
-- the one that it has of the day after tomorrow stands at 00:00
stepped as (
    select
        civil_date,
        nature_rank,
        horizon,
        case when nature_rank = 1 or max(quarter) = 1 then 1 else 2 end as quarter_hours
    from forecasts
    group by civil_date, nature_rank, horizon
),

-- one nature a half hour and horizon: the most settled that forecasts it
settled as (
    select
        civil_date,
        half_hour,
        horizon,
        max(nature_rank) as nature_rank
    from forecasts
    group by civil_date, half_hour, horizon
),

final as (
    select
        forecasts.civil_date,
        forecasts.date_heure,
        forecasts.heure,
        forecasts.horizon,
        15 * stepped.quarter_hours as slot_minutes,
        stepped.quarter_hours,
        forecasts.nature,
        forecasts.forecast_mw
    from forecasts
    inner join settled
        on {{ equal(["civil_date", "half_hour", "horizon", "nature_rank"], "forecasts", "settled") }}
    inner join stepped
        on {{ equal(["civil_date", "horizon", "nature_rank"], "forecasts", "stepped") }}
)

select * from final
