{{ config(
    materialized="incremental",
    partition_by=day_partition(by="day"),
    cluster_by=["nature"],
    meta={
        "years_of": "civil_date",
        "observed_in": power_datasets() | map(attribute="table") | list
        + ["temperature_quotidienne_regionale", "stock_quotidien_stockages_gaz"],
        "follows": {
            "gas_daily": {
                "by": ["civil_date"],
                "columns": ["stock_gaz_gwh", "stock_gaz_change_gwh", "stock_gaz_operators", "stock_gaz_complete"],
            },
        },
    },
) }}

{%- set temperatures = ["tmin_c", "tmoy_c", "tmax_c"] %}

with mix as (
    select * from {{ ref("daily_mix") }}
    where {{ days_to_rebuild() }}
),

exchanged as (
    select * from {{ ref("exchanges_daily") }}
    where {{ days_to_rebuild() }}
),

forecast as (
    select * from {{ ref("forecast_daily") }}
    where {{ days_to_rebuild() }}
),

gas as (
    select * from {{ ref("gas_daily") }}
    where {{ days_to_rebuild() }}
),

regional_temperature as (
    select
        temperature_daily.*,
        daily_regional.consommation_mwh
    from {{ ref("temperature_daily") }} as temperature_daily
    left join {{ ref("daily_regional") }} as daily_regional
        on
            temperature_daily.civil_date = daily_regional.civil_date
            and temperature_daily.code_insee_region = daily_regional.code_insee_region
    where
        temperature_daily.code_insee_region <> '{{ var("region_without_power") }}'
        and {{ days_to_rebuild("temperature_daily.civil_date") }}
),

temperature_means as (
    select
        civil_date,
        {%- for temperature in temperatures %}
        {{ mean(temperature) }} as {{ temperature }}_plain,
        {{ weighted_mean(temperature, "consommation_mwh") }} as {{ temperature }}_weighted,
        {%- endfor %}
        count(consommation_mwh) = count(*) as temperature_weighted
    from regional_temperature
    group by civil_date
),

temperature as (
    select
        civil_date,
        {%- for temperature in temperatures %}
        case
            when temperature_weighted then {{ temperature }}_weighted
            else {{ temperature }}_plain
        end as {{ temperature }},
        {%- endfor %}
        temperature_weighted
    from temperature_means
),

final as (
    select
        mix.civil_date,
        mix.civil_date as date_mix,
        {{ listed(temperatures, prefix="temperature.") }},
        temperature.temperature_weighted,
        {{ temperature_category("temperature.tmoy_c") }} as temperature_category,
        mix.taux_co2_g_kwh,
        mix.consommation_mwh,
        forecast.prevision_j1_mwh,
        forecast.prevision_j_mwh,
        forecast.prevision_j1_error_mwh,
        forecast.prevision_j_error_mwh,
        {{ listed(var("national_sources") + var("national_subsources"), "_mwh", "mix.") }},
        {{ listed(var("national_sources") + var("national_subsources"), "_share", "mix.") }},
        mix.production_mwh,
        mix.top_source,
        {{ listed(var("storage"), "_mwh", "mix.") }},
        {{ listed(exchanges(), "_mwh", "exchanged.") }},
        exchanged.net_export_mwh,
        exchanged.top_foreign_buyer,
        exchanged.top_foreign_seller,
        gas.stock_gaz_gwh,
        gas.stock_gaz_change_gwh,
        coalesce(gas.stock_gaz_operators, 0) as stock_gaz_operators,
        coalesce(gas.stock_gaz_complete, false) as stock_gaz_complete,
        mix.mix_slots,
        coalesce(exchanged.measured_slots, 0) as exchange_slots,
        mix.measured_slots,
        mix.expected_slots,
        mix.nature
    from mix
    left join exchanged on mix.civil_date = exchanged.civil_date
    left join forecast on mix.civil_date = forecast.civil_date
    left join gas on mix.civil_date = gas.civil_date
    left join temperature on mix.civil_date = temperature.civil_date
)

select * from final
{{ in_order_of_days() }}
