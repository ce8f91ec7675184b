{{ config(
    materialized="incremental",
    partition_by=day_partition(),
    meta={"observed_in": power_tables(regional=false)},
) }}

with forecast as (
    select
        *,
        {{ half_hour() }} as half_hour,
        {{ quarter_of_half_hour() }} as starts
    from {{ ref("core_national_forecast") }}
    where {{ days_to_rebuild() }}
),

power as (
    select
        *,
        {{ half_hour() }} as half_hour,
        {{ quarter_of_half_hour() }} as starts
    from {{ ref("core_national_power") }}
    where {{ days_to_rebuild() }}
),

-- a forecast slot and a measured slot of one half hour share the quarter hours from the later start to the earlier end
overlapping as (
    select
        power.civil_date,
        power.date_heure,
        power.consommation,
        power.consommation_quarter_hours as quarter_hours,
        forecast.horizon,
        forecast.forecast_mw,
        least(power.starts + power.consommation_quarter_hours, forecast.starts + forecast.quarter_hours)
        - greatest(power.starts, forecast.starts) as shared_quarters
    from power
    inner join forecast
        on power.civil_date = forecast.civil_date and power.half_hour = forecast.half_hour
    where power.consommation is not null
),

compared as (
    select
        civil_date,
        horizon,
        consommation * quarter_hours as load_quarter_mwh,
        quarter_hours,
        sum(forecast_mw * shared_quarters) - consommation * quarter_hours as error_quarter_mwh
    from overlapping
    where shared_quarters > 0
    group by civil_date, date_heure, horizon, consommation, quarter_hours
    having sum(shared_quarters) = quarter_hours
),

-- a ratio a slot, kept to a billionth so that their sum is exact in any order
errors as (
    select
        *,
        {{ float_as_decimal(ratio("abs(error_quarter_mwh)", "load_quarter_mwh"), 9) }} as relative_error
    from compared
),

error_of_day as (
    select
        {%- for horizon in var("forecasts") %}
        {%- set of_horizon = "case when horizon = '" ~ horizon ~ "' then " %}
        {{ quarters_as_mwh("sum(" ~ of_horizon ~ "error_quarter_mwh end)") }} as {{ horizon }}_error_mwh,
        cast(coalesce(sum({{ of_horizon }}quarter_hours end), 0) as integer) as {{ horizon }}_compared_slots,
        100 * {{ weighted_mean(of_horizon ~ "relative_error end", "quarter_hours") }} as {{ horizon }}_mape_pct,
        {%- endfor %}
        civil_date
    from errors
    group by civil_date
),

forecast_of_day as (
    select
        {%- for horizon in var("forecasts") %}
        {%- set of_horizon = "case when horizon = '" ~ horizon ~ "' then " %}
        {{ mwh(of_horizon ~ "forecast_mw end", "quarter_hours") }} as {{ horizon }}_mwh,
        cast(coalesce(sum({{ of_horizon }}quarter_hours end), 0) as integer) as {{ horizon }}_slots,
        {%- endfor %}
        civil_date
    from forecast
    group by civil_date
),

load_of_day as (
    select
        civil_date,
        {{ mwh("consommation") }} as consommation_mwh,
        {{ known_slots("consommation_quarter_hours") }} as measured_slots,
        {{ expected_slots() }} as expected_slots
    from power
    group by civil_date
),

final as (
    select
        forecast_of_day.civil_date,
        load_of_day.consommation_mwh,
        {%- for horizon in var("forecasts") %}
        forecast_of_day.{{ horizon }}_mwh,
        forecast_of_day.{{ horizon }}_slots,
        error_of_day.{{ horizon }}_error_mwh,
        error_of_day.{{ horizon }}_mape_pct,
        coalesce(error_of_day.{{ horizon }}_compared_slots, 0) as {{ horizon }}_compared_slots,
        {%- endfor %}
        coalesce(load_of_day.measured_slots, 0) as measured_slots,
        coalesce(load_of_day.expected_slots, {{ quarter_hours_of_day("forecast_of_day.civil_date") }}) as expected_slots
    from forecast_of_day
    left join load_of_day on forecast_of_day.civil_date = load_of_day.civil_date
    left join error_of_day on forecast_of_day.civil_date = error_of_day.civil_date
)

select * from final
{{ in_order_of_days() }}
