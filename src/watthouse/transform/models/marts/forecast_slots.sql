{{ config(materialized=view_or_table()) }}

with final as (
    select
        civil_date,
        date_heure,
        heure,
        {%- for horizon in var("forecasts") %}
        {%- set of_horizon = "case when horizon = '" ~ horizon ~ "' then " %}
        max({{ of_horizon }}forecast_mw end) as {{ horizon }}_mw,
        max({{ of_horizon }}slot_minutes end) as {{ horizon }}_minutes,
        {%- endfor %}
        {{ lowest_nature() }} as nature
    from {{ ref("core_national_forecast") }}
    group by civil_date, date_heure, heure
)

select * from final
