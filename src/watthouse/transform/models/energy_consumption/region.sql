{{ config(meta={
    "observed_in": ["eco2mix_regional_cons_def"],
    "starts": "",
    "primary_key": "code_insee",
}) }}

-- names change between vintages: a region has that of its last slot, as it was observed last
with named as (
    select
        code_insee_region,
        libelle_region,
        row_number() over (
            partition by code_insee_region
            order by max(date_heure) desc, max(observed_at) desc, libelle_region
        ) as place
    from {{ source("raw", "eco2mix_regional_cons_def") }}
    group by code_insee_region, libelle_region
),

final as (
    select
        code_insee_region as code_insee,
        libelle_region
    from named
    where place = 1
)

select * from final
