{{ config(
    materialized="incremental",
    incremental_strategy="replace_days",
    on_schema_change="fail",
    partition_by=day_partition(),
    meta={"observed_in": ["eco2mix_national_tr", "eco2mix_national_cons_def"]},
) }}

with published as (
    select
        civil_date,
        date_heure,
        heure,
        nature,
        {{ nature_rank() }} as nature_rank,
        {{ half_hour() }} as half_hour,
        prevision_j1,
        prevision_j
    from {{ ref("stg_eco2mix_national_tr") }}
    where {{ days_to_rebuild() }}
    union all
    select
        civil_date,
        date_heure,
        heure,
        nature,
        {{ nature_rank() }} as nature_rank,
        {{ half_hour() }} as half_hour,
        prevision_j1,
        prevision_j
    from {{ ref("stg_eco2mix_national_cons_def") }}
    where {{ days_to_rebuild() }}
),

forecasts as (
    {%- for horizon in horizons() %}
    select
        civil_date,
        date_heure,
        heure,
        nature,
        nature_rank,
        half_hour,
        '{{ horizon }}' as horizon,
        {{ horizon }} as forecast_mw
    from published
    where {{ horizon }} is not null
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

-- one nature a half hour and horizon: the most settled that forecasts it, and its second quarter
settled as (
    select
        civil_date,
        half_hour,
        horizon,
        max(nature_rank) as nature_rank,
        max(case when {{ is_second_quarter() }} then nature_rank end) as quarterly_rank
    from forecasts
    group by civil_date, half_hour, horizon
),

timed as (
    select
        forecasts.*,
        case when forecasts.nature_rank = 1 or settled.quarterly_rank = settled.nature_rank then 1 else 2 end
            as quarter_hours
    from forecasts
    inner join settled
        on
            forecasts.civil_date = settled.civil_date
            and forecasts.half_hour = settled.half_hour
            and forecasts.horizon = settled.horizon
            and forecasts.nature_rank = settled.nature_rank
),

final as (
    select
        civil_date,
        date_heure,
        heure,
        horizon,
        15 * quarter_hours as slot_minutes,
        quarter_hours,
        nature,
        forecast_mw
    from timed
)

select * from final
