{{ config(
    materialized="incremental",
    incremental_strategy="replace_days",
    on_schema_change="fail",
    partition_by=day_partition(),
    meta={"observed_in": ["eco2mix_national_tr", "eco2mix_national_cons_def"]},
) }}

{%- set columns = ["civil_date", "date_heure", "heure", "nature", "taux_co2"] + national_power() %}

with published as (
    select
        {{ listed(columns) }}
    from {{ ref("stg_eco2mix_national_tr") }}
    union all
    select
        {{ listed(columns) }}
    from {{ ref("stg_eco2mix_national_cons_def") }}
),

measured as (
    select
        *,
        {{ nature_rank() }} as nature_rank,
        {{ half_hour() }} as half_hour,
        {{ sum_of_known(national_sources()) }} as production_mw
    from published
    where consommation is not null and {{ days_to_rebuild() }}
),

-- few days need a choice: those measured in several natures, or settled on quarter hours
contested as (
    select civil_date
    from measured
    group by civil_date
    having
        min(nature_rank) < max(nature_rank)
        or max(case when {{ is_second_quarter() }} then nature_rank end) > 1
),

-- one nature a half hour there: the most settled that measures it, and the most settled with its second quarter
settled as (
    select
        measured.civil_date,
        measured.half_hour,
        max(measured.nature_rank) as nature_rank,
        max(case when {{ is_second_quarter("measured.heure") }} then measured.nature_rank end) as quarterly_rank
    from measured
    inner join contested
        on measured.civil_date = contested.civil_date
    group by measured.civil_date, measured.half_hour
),

timed as (
    select
        measured.*,
        case when measured.nature_rank = 1 or settled.quarterly_rank = settled.nature_rank then 1 else 2 end
            as quarter_hours
    from measured
    left join settled
        on
            measured.civil_date = settled.civil_date
            and measured.half_hour = settled.half_hour
    where settled.nature_rank is null or measured.nature_rank = settled.nature_rank
),

final as (
    select
        civil_date,
        date_heure,
        heure,
        15 * quarter_hours as slot_minutes,
        quarter_hours,
        nature,
        {{ listed(national_power()) }},
        production_mw,
        taux_co2
    from timed
)

select * from final
