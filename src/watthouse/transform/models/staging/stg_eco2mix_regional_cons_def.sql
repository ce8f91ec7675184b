with aged as (
    select
        *,
        {{ age_of_observation(day="date", identity=["code_insee_region", "date_heure", "nature"]) }} as age
    from {{ source("raw", "eco2mix_regional_cons_def") }}
),

final as (
    select
        date as civil_date,
        heure,
        date_heure,
        code_insee_region,
        libelle_region,
        nature,
        {{ listed(regional_power()) }},
        {{ listed(regional_rates()) }},
        observed_at
    from aged
    where age = 1
)

select * from final
