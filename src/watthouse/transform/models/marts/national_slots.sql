{{ config(materialized=view_or_table()) }}

with final as (
    select
        civil_date,
        date_heure,
        heure,
        cast(slot_minutes as integer) as slot_minutes,
        cast(commercial_minutes as integer) as commercial_minutes,
        nature,
        {{ mw_of_each(national_power(), carried=var("national_sources")) }},
        taux_co2 as taux_co2_g_kwh,
        production_mw,
        {{ balance_residual_mw() }} as balance_residual_mw,
        production_mw is not null as mix_known
    from {{ ref("core_national_power") }}
)

select * from final
