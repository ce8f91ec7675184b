{{ config(materialized=view_or_table()) }}

with final as (
    select
        civil_date,
        date_heure,
        heure,
        code_insee_region,
        libelle_region,
        cast(slot_minutes as integer) as slot_minutes,
        nature,
        {{ mw_of_each(regional_power(), carried=var("regional_sources")) }},
        production_mw,
        {{ balance_residual_mw() }} as balance_residual_mw,
        production_mw is not null as mix_known,
        {{ pct_of_each(load_factors()) }}
    from {{ ref("core_regional_power") }}
)

select * from final
