{{ config(
    materialized="incremental",
    partition_by=day_partition(),
    meta={"observed_in": ["temperature_quotidienne_regionale"]},
) }}

with final as (
    select
        civil_date,
        code_insee_region,
        region,
        tmin as tmin_c,
        tmoy as tmoy_c,
        tmax as tmax_c,
        {{ temperature_category("tmoy") }} as temperature_category
    from {{ ref("core_temperature") }}
    where {{ days_to_rebuild() }}
)

select * from final
{{ in_order_of_days() }}
