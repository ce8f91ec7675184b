with points as (
    select
        source,
        pits,
        max(stock_fin_de_journee) as highest_gwh
    from {{ ref("core_gas_stock") }}
    group by source, pits
),

final as (
    select
        stocks.civil_date,
        stocks.source,
        stocks.pits,
        stocks.stock_fin_de_journee as stock_gwh,
        points.highest_gwh,
        {{ ratio("stocks.stock_fin_de_journee", "points.highest_gwh") }} as fill_of_highest
    from {{ ref("core_gas_stock") }} as stocks
    inner join points on stocks.source = points.source and stocks.pits = points.pits
)

select * from final
{{ in_order_of_days() }}
