with aged as (
    select
        *,
        {{ age_of_observation(day="date", identity=["code_insee_region"]) }} as age
    from {{ source("raw", "temperature_quotidienne_regionale") }}
),

final as (
    select
        id,
        date as civil_date,
        code_insee_region,
        region,
        tmin,
        tmoy,
        tmax,
        observed_at
    from aged
    where age = 1
)

select * from final
