with aged as (
    select
        *,
        {{ age_of_observation(day="date", identity=["source", "pits"]) }} as age
    from {{ source("raw", "stock_quotidien_stockages_gaz") }}
),

final as (
    select
        date as civil_date,
        source,
        pits,
        stock_fin_de_journee,
        observed_at
    from aged
    where age = 1
)

select * from final
