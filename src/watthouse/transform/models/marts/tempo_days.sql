{{ config(
    materialized="incremental",
    partition_by=day_partition(),
    meta={"observed_in": ["eco2mix_tempo"]},
) }}

with final as (
    select
        civil_date,
        type_de_jour_tempo as tempo_colour
    from {{ ref("core_tempo") }}
    where {{ days_to_rebuild() }}
)

select * from final
{{ in_order_of_days() }}
