with aged as (
    select
        *,
        {{ age_of_observation(day="date", identity=["date_heure", "nature"]) }} as age
    from {{ source("raw", "eco2mix_national_tr") }}
),

final as (
    select
        date as civil_date,
        heure,
        date_heure,
        perimetre,
        nature,
        {{ listed(national_power()) }},
        prevision_j1,
        prevision_j,
        taux_co2,
        observed_at
    from aged
    where age = 1
)

select * from final
