{#-
    Load is met by production, pumping (negative) and physical exchanges:

        sum of sources + pompage + ech_physiques = consommation, within a tolerance

    The tolerances are what the published files keep to. National real-time rows: half of them within 15 MW, outliers to
    5.7 GW, so a day is suspect when half of its rows are off by more than 25 MW. Regional consolidated rows: within 28 MW.
    Consolidated national rows have none: the few seen are off by some 100 MW. Rows that lack a term are not judged;
    pumping that is not published is none.
-#}

{#- Half of a day's rows of the natures named balance. -#}
{%- test balances_by_day(model, sources, within_mw, natures) -%}
select
    'off_balance * 2 <= judged: half of the rows have a load that sources, pumping and exchanges meet within {{ within_mw }} MW'
        as rule,
    civil_date,
    count(*) as judged,
    sum(case when {{ imbalance_mw(sources) }} > {{ within_mw }} then 1 else 0 end) as off_balance
from {{ model }}
where
    {{ days_to_rebuild() }}
    and nature in ({{ quoted(natures) }})
    and {{ imbalance_mw(sources) }} is not null
group by civil_date
having sum(case when {{ imbalance_mw(sources) }} > {{ within_mw }} then 1 else 0 end) * 2 > count(*)
{%- endtest -%}

{#- Every row of the natures named balances. -#}
{%- test balances_by_row(model, sources, within_mw, natures) -%}
select
    'gap_mw <= {{ within_mw }}: the load is met by sources, pumping and exchanges' as rule,
    civil_date,
    date_heure,
    code_insee_region,
    {{ imbalance_mw(sources) }} as gap_mw
from {{ model }}
where
    {{ days_to_rebuild() }}
    and nature in ({{ quoted(natures) }})
    and {{ imbalance_mw(sources) }} > {{ within_mw }}
{%- endtest -%}
