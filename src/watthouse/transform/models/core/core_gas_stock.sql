{{ config(
    materialized="incremental",
    partition_by=day_partition(),
    meta={"observed_in": ["stock_quotidien_stockages_gaz"]},
) }}

with final as (
    select
        civil_date,
        source,
        pits,
        stock_fin_de_journee
    from {{ ref("stg_stock_quotidien_stockages_gaz") }}
    where stock_fin_de_journee is not null and {{ days_to_rebuild() }}
)

select * from final
