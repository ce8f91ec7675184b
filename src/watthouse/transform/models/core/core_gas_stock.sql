with final as (
    select
        civil_date,
        source,
        pits,
        stock_fin_de_journee
    from {{ ref("stg_stock_quotidien_stockages_gaz") }}
    where stock_fin_de_journee is not null
)

select * from final
