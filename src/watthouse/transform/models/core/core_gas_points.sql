with final as (
    select
        min(civil_date) as civil_date,
        source,
        pits,
        max(civil_date) as last_date,
        {{ as_decimal("max(stock_fin_de_journee)", 18, 6) }} as highest_gwh
    from {{ ref("core_gas_stock") }}
    group by source, pits
)

select * from final
