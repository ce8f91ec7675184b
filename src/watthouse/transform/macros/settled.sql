{#-
    The model of schema `energy_consumption`: regional slots as settled data (consolidated, definitive) have them. Its columns
    are fixed by those who query it; they are not put together from what the catalog declares.
-#}

{%- macro settled_power() -%}
    {{ return(["consommation", "thermique", "nucleaire", "eolien", "solaire", "hydraulique", "pompage", "bioenergies"]) }}
{%- endmacro -%}

{%- macro settled_rates() -%}
    {%- set rates = [] -%}
    {%- for source in ["thermique", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies"] -%}
        {%- do rates.extend(["tco_" ~ source, "tch_" ~ source]) -%}
    {%- endfor -%}
    {{ return(rates) }}
{%- endmacro -%}

{#-
    The first expressions of a `with`, of which `settled` has one row a region and slot with the columns `values`. Of a slot
    in both natures it is the definitive row, unless that knows no load and the consolidated one does. With `produced` it has
    `production` too: that of every source [MW], hydro counted, pumping not; null where nothing is produced, where a source
    that the region publishes on that day is not known, and on a day without any load: there is no mix that could be whole.

    Straight from raw, not from staging: on most days all rows came at once and in one nature, and each source is known all
    day or not at all: such rows are taken as they are.
-#}
{%- macro settled_slots(values, produced=false) -%}
{%- set raw = source("raw", "eco2mix_regional_cons_def") -%}
{%- set sources = var("regional_sources") if produced else [] -%}
{%- set slot = ["date", "code_insee_region", "date_heure", "heure"] -%}
{%- set intricacies = ["min(nature) < max(nature)"] -%}
{%- for source in sources -%}
    {%- do intricacies.append("count(" ~ source ~ ") between 1 and count(*) - 1") -%}
{%- endfor -%}
{%- if produced -%}
    {%- do intricacies.append("count(consommation) = 0") -%}
{%- endif -%}
intricate as (
    {{ days_observed_again(raw, ["code_insee_region"], intricacies) }}
),

aged as (
    select
        {{ listed(slot + values) }},
        {{ "consommation," if "consommation" not in values }}
        nature,
        {{ nature_rank() }} as nature_rank,
        coalesce({{ (settled_power() + settled_rates()) | join(", ") }}) is not null as known,
        {{ age_of_observation(day="date", identity=["code_insee_region", "date_heure", "nature"]) }} as age
    from {{ raw }}
    where date in (select date from intricate) and {{ days_to_rebuild("date") }}
),

ranked as (
    select
        *,
        {%- if produced %}
        case
            when
                {%- for source in sources %}
                ({{ source }} is not null or {{ known_in_the_day(source) }} = 0) and
                {%- endfor %}
                {{ known_in_the_day("consommation") }} > 0
                then {{ as_float(sum_of_known(sources)) }}
        end as production,
        {%- endif %}
        row_number() over (
            partition by date, code_insee_region, date_heure
            order by case when consommation is not null then 1 else 0 end desc, nature_rank desc
        ) as place
    from aged
    where age = 1 and known
),

settled as (
    select
        {{ listed(slot + values) }}{{ "," if produced }}
        {{ as_float(sum_of_known(sources)) ~ " as production" if produced }}
    from {{ raw }}
    where date not in (select date from intricate) and {{ days_to_rebuild("date") }}
    union all
    select
        {{ listed(slot + values) }}{{ "," if produced }}
        {{ "production" if produced }}
    from ranked
    where place = 1
),
{%- endmacro -%}

{#- In how many rows of the same nature, of a region and day, this is known. -#}
{%- macro known_in_the_day(column) -%}
    count({{ column }}) over (partition by date, code_insee_region, nature)
{%- endmacro -%}

{#- The sum of those that are known, where it is more than 0. -#}
{%- macro sum_of_known(columns) -%}
    nullif(greatest(0, {% for column in columns %}coalesce({{ column }}, 0){{ " + " if not loop.last }}{% endfor %}), 0)
{%- endmacro -%}

{#- What names a slot of a region in every build: the quarter hours since 1970 times 100, and the INSEE code of the region. -#}
{%- macro settled_id() -%}
    cast({{ quarter_hour() }} as bigint) * 100 + cast(code_insee_region as bigint)
{%- endmacro -%}

{#- Each of these, relative to production [%]: one division of whole numbers, which every engine rounds alike. -#}
{%- macro pct_of_production(columns) -%}
    {%- for column in columns -%}
        {{ as_float("100 * " ~ column) }} / production as pct_{{ column }}{{ ",\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}
