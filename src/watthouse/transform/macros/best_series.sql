{#-
    The best series of power, national or of each region (`place`): the newest observation of every slot, in one nature a
    half hour, each value with the quarter hours that it lasts.

    A value lasts until the next of its own column. Commercial exchanges stood on half hours inside quarter-hour rows for
    years, and consolidated load stands on half hours beside exchanges on quarters: a duration of rows halved the former
    and dropped the latter. So a column that may be half-hourly (settled data: any; real time: `half_hourly_in_real_time`)
    is so on a civil day and nature on which none of its values at :15 and :45 is known. Anything else that is missing is
    a hole.

    Straight from raw, not from staging: only `days_observed_again` are sorted by age.
-#}
{%- macro best_series(place, datasets, columns, sources, mix, commercial=[]) -%}
{%- set series = ["civil_date"] + place[:1] -%}
{%- set coarse_in_real_time = var("half_hourly_in_real_time") | select("in", columns) | list -%}
{%- set own = ["date"] + place + ["date_heure", "heure", "nature"] + columns -%}
with
{%- for dataset in datasets %}
{{ dataset }}_again as (
    {{ days_observed_again(source("raw", dataset)) }}
),

{{ dataset }}_aged as (
    select
        {{ listed(own) }},
        {{ age_of_observation(day="date", identity=place[:1] + ["date_heure", "nature"]) }} as age
    from {{ source("raw", dataset) }}
    where date in (select date from {{ dataset }}_again) and {{ days_to_rebuild("date") }}
),
{% endfor %}
observed as (
    {%- for dataset in datasets %}
    select
        {{ listed(own) }}
    from {{ source("raw", dataset) }}
    where date not in (select date from {{ dataset }}_again) and {{ days_to_rebuild("date") }}
    union all
    select
        {{ listed(own) }}
    from {{ dataset }}_aged
    where age = 1
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

published as (
    select
        date as civil_date,
        {{ listed(own[1:]) }}
    from observed
),

known as (
    select
        *,
        {{ nature_rank() }} as nature_rank,
        {{ half_hour() }} as half_hour,
        {{ quarter_of_half_hour() }} as quarter
    from published
    where coalesce({{ columns | join(", ") }}) is not null and {{ computed_once() }}
),

-- what the second quarters of a day know of each column that may be half-hourly
quarterly as (
    select
        {{ listed(series) }},
        nature_rank,
        {%- for column in columns %}
        count({{ column }}) > 0 as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from known
    where quarter = 1{{ " and nature_rank > 1" if not coarse_in_real_time }}
    group by {{ (series + ["nature_rank"]) | join(", ") }}
),

-- the sources that a day publishes: in a slot that knows all of them, the mix is whole; a day whose load is not known yet
-- may have begun with a row of wind and sun alone, which is no mix
mixed as (
    select
        {{ listed(series) }},
        nature_rank,
        {%- for source in sources %}
        count({{ source }}) > 0 as {{ source }},
        {%- endfor %}
        count(consommation) > 0 as loaded
    from known
    group by {{ (series + ["nature_rank"]) | join(", ") }}
),

-- few days need a choice: those known in several natures
contested as (
    select {{ series | join(", ") }}
    from known
    group by {{ series | join(", ") }}
    having min(nature_rank) < max(nature_rank)
),

-- one nature a half hour there: the most settled that knows the load, or anything where none does
settled as (
    select
        {{ listed(series, prefix="known.") }},
        known.half_hour,
        coalesce(
            max(case when known.consommation is not null then known.nature_rank end), max(known.nature_rank)
        ) as nature_rank
    from known
    inner join contested
        on {{ equal(series, "known", "contested") }}
    group by {{ listed(series + ["half_hour"], prefix="known.") }}
),

timed as (
    select
        known.*,
        {%- for column in columns %}
        {%- set on_quarters = "quarterly." ~ column %}
        {%- if column not in coarse_in_real_time %}{% set on_quarters = "known.nature_rank = 1 or " ~ on_quarters %}{% endif %}
        cast(case when known.{{ column }} is null then null when {{ on_quarters }} then 1 else 2 end as smallint)
            as {{ column }}_quarter_hours{{ "," if not loop.last }}
        {%- endfor %}
    from known
    left join settled
        on {{ equal(series + ["half_hour"], "known", "settled") }}
    left join quarterly
        on {{ equal(series + ["nature_rank"], "known", "quarterly") }}
    where settled.nature_rank is null or known.nature_rank = settled.nature_rank
),

-- where some sources stand on quarter hours and others on half hours, the latter last into the second quarter; a group
-- has one row, but DuckDB takes groups for few, and would else hash all of `timed` (core_regional_power took twice as long)
first_quarters as (
    select
        {{ listed(series + ["nature_rank", "half_hour"], prefix="known.") }},
        {%- for source in sources %}
        max(case when not quarterly.{{ source }} then known.{{ source }} end) as {{ source }}{{ "," if not loop.last }}
        {%- endfor %}
    from known
    inner join quarterly
        on {{ equal(series + ["nature_rank"], "known", "quarterly") }}
    where
        known.quarter = 0
        and known.nature_rank > 1
        and ({{ named(sources, prefix="quarterly.") | join(" or ") }})
    group by {{ listed(series + ["nature_rank", "half_hour"], prefix="known.") }}
),

lasting as (
    select
        timed.*,
        {%- for source in sources %}
        coalesce(timed.{{ source }}, first_quarters.{{ source }}) as {{ source }}_lasting,
        {%- endfor %}
        {%- for source in sources %}
        mixed.{{ source }} as {{ source }}_published,
        {%- endfor %}
        mixed.loaded
    from timed
    inner join mixed
        on {{ equal(series + ["nature_rank"], "timed", "mixed") }}
    left join first_quarters
        on
            timed.quarter = 1
            and {{ equal(series + ["nature_rank", "half_hour"], "timed", "first_quarters") }}
),

final as (
    select
        {{ listed(["civil_date"] + place + ["date_heure", "heure", "nature"]) }},
        15 * coalesce(consommation_quarter_hours, {{ least_known(named(mix, "_quarter_hours")) }}) as slot_minutes,
        {%- if commercial %}
        15 * {{ least_known(named(commercial, "_quarter_hours")) }} as commercial_minutes,
        {%- endif %}
        {{ least_known(named(columns, "_quarter_hours")) }} as quarter_hours,
        {%- for column in columns %}
        {%- if column in sources %}
        {{ column }}_lasting as {{ column }},
        case when {{ column }}_lasting is not null then coalesce({{ column }}_quarter_hours, 0) end
            as {{ column }}_quarter_hours,
        {%- else %}
        {{ exact_rate(column) if column in load_factors() else column }} as {{ column }},
        {{ column }}_quarter_hours,
        {%- endif %}
        {%- endfor %}
        case
            when
                {%- for source in sources %}
                ({{ source }}_lasting is not null or not {{ source }}_published) and
                {%- endfor %}
                loaded and coalesce({{ listed(sources, "_lasting") }}) is not null
                then {% for source in sources %}coalesce({{ source }}_lasting, 0){{ " + " if not loop.last }}{% endfor %}
        end as production_mw,
        {{ least_known(named(sources, "_quarter_hours")) }} as production_quarter_hours
    from lasting
)

select * from final
{%- endmacro -%}

{#- The join of two relations by columns that both have. -#}
{%- macro equal(columns, left, right) -%}
    {%- for column in columns -%}
        {{ left }}.{{ column }} = {{ right }}.{{ column }}{{ " and " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}
