with final as (
    select
        civil_date,
        code_insee_region,
        region,
        tmin,
        tmoy,
        tmax
    from {{ ref("stg_temperature_quotidienne_regionale") }}
    where coalesce(tmin, tmoy, tmax) is not null
)

select * from final
