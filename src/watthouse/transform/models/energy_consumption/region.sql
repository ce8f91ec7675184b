{{ config(meta={
    "observed_in": [],
    "starts": "",
    "primary_key": "code_insee",
}) }}

-- names change between vintages: a region has that of its last day
with named as (
    select
        code_insee_region,
        libelle_region,
        row_number() over (
            partition by code_insee_region
            order by max(civil_date) desc, libelle_region
        ) as place
    from {{ ref("daily_regional") }}
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
