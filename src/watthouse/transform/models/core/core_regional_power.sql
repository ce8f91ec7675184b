{{ config(
    materialized="incremental",
    incremental_strategy="replace_days",
    on_schema_change="fail",
    partition_by=day_partition(),
    meta={"observed_in": ["eco2mix_regional_tr", "eco2mix_regional_cons_def"]},
) }}

with published as (
    select * from {{ ref("stg_eco2mix_regional_tr") }}
    union all
    select * from {{ ref("stg_eco2mix_regional_cons_def") }}
),

measured as (
    select
        *,
        {{ nature_rank() }} as nature_rank,
        {{ half_hour() }} as half_hour,
        {{ sum_of_known(regional_sources()) }} as production_mw
    from published
    where consommation is not null and {{ days_to_rebuild() }}
),

-- one nature a half hour of a region: the most settled that measures it, and the most settled that measures its second quarter
settled as (
    select
        civil_date,
        code_insee_region,
        half_hour,
        max(nature_rank) as nature_rank,
        max(case when {{ is_second_quarter() }} then nature_rank end) as quarterly_rank
    from measured
    group by civil_date, code_insee_region, half_hour
),

timed as (
    select
        measured.*,
        case when measured.nature_rank = 1 or settled.quarterly_rank = settled.nature_rank then 1 else 2 end
            as quarter_hours
    from measured
    inner join settled
        on
            measured.civil_date = settled.civil_date
            and measured.code_insee_region = settled.code_insee_region
            and measured.half_hour = settled.half_hour
            and measured.nature_rank = settled.nature_rank
),

final as (
    select
        civil_date,
        code_insee_region,
        libelle_region,
        date_heure,
        heure,
        15 * quarter_hours as slot_minutes,
        quarter_hours,
        nature,
        {{ listed(regional_power()) }},
        production_mw
    from timed
)

select * from final
