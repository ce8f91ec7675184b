{{ config(
    materialized="incremental",
    incremental_strategy="replace_days",
    on_schema_change="fail",
    partition_by=day_partition(),
    meta={"observed_in": ["eco2mix_regional_tr", "eco2mix_regional_cons_def"]},
) }}

{%- set place = ["civil_date", "code_insee_region", "libelle_region"] %}
{%- set columns = place + ["date_heure", "heure", "nature"] + regional_power() + load_factors() %}

with published as (
    select
        {{ listed(columns) }}
    from {{ ref("stg_eco2mix_regional_tr") }}
    union all
    select
        {{ listed(columns) }}
    from {{ ref("stg_eco2mix_regional_cons_def") }}
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

-- few days need a choice: those measured in several natures, or settled on quarter hours
contested as (
    select
        civil_date,
        code_insee_region
    from measured
    group by civil_date, code_insee_region
    having
        min(nature_rank) < max(nature_rank)
        or max(case when {{ is_second_quarter() }} then nature_rank end) > 1
),

-- one nature a half hour there: the most settled that measures it, and the most settled with its second quarter
settled as (
    select
        measured.civil_date,
        measured.code_insee_region,
        measured.half_hour,
        max(measured.nature_rank) as nature_rank,
        max(case when {{ is_second_quarter("measured.heure") }} then measured.nature_rank end) as quarterly_rank
    from measured
    inner join contested
        on
            measured.civil_date = contested.civil_date
            and measured.code_insee_region = contested.code_insee_region
    group by measured.civil_date, measured.code_insee_region, measured.half_hour
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
            and measured.code_insee_region = settled.code_insee_region
            and measured.half_hour = settled.half_hour
    where settled.nature_rank is null or measured.nature_rank = settled.nature_rank
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
        production_mw,
        {{ exact_rates(load_factors()) }}
    from timed
)

select * from final
