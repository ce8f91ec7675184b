with final as (
    select
        civil_date,
        type_de_jour_tempo
    from {{ ref("stg_eco2mix_tempo") }}
    where type_de_jour_tempo is not null
)

select * from final
