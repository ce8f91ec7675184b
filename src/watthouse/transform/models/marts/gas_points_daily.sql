{{ config(
    materialized="incremental",
    partition_by=day_partition(),
    meta={
        "observed_in": ["stock_quotidien_stockages_gaz"],
        "follows": {"core_gas_points": {"by": ["source", "pits"], "columns": ["highest_gwh"]}},
    },
) }}

with final as (
    select
        stocks.civil_date,
        stocks.source,
        stocks.pits,
        stocks.stock_fin_de_journee as stock_gwh,
        points.highest_gwh,
        {{ ratio("stocks.stock_fin_de_journee", "points.highest_gwh") }} as fill_of_highest
    from {{ ref("core_gas_stock") }} as stocks
    inner join {{ ref("core_gas_points") }} as points
        on stocks.source = points.source and stocks.pits = points.pits
    where {{ days_to_rebuild("stocks.civil_date") }}
)

select * from final
