{#- A staging model: of a dataset that the catalog declares, the newest observation of every published row. -#}
{%- macro staged(dataset) -%}
{%- set declared = var("datasets")[dataset] -%}
with aged as (
    select
        *,
        {{ age_of_observation(day="date", identity=declared.identity | reject("equalto", "date")) }} as age
    from {{ source("raw", declared.table) }}
),

final as (
    select
        {%- for column in declared.columns %}
        {{ "date as civil_date" if column == "date" else column }},
        {%- endfor %}
        observed_at
    from aged
    where age = 1
)

select * from final
{%- endmacro -%}

{#-
    The age of an observation among those of its identity: 1 is the newest, whatever it says: what the publisher took
    back is taken back. The civil day leads the partition, so that an engine pushes a filter on days below the window.
-#}
{%- macro age_of_observation(day, identity) -%}
    row_number() over (partition by {{ ([day] + identity | list) | join(", ") }} order by observed_at desc)
{%- endmacro -%}

{#-
    The days of a raw table on which rows have to be sorted by age: those observed more than once, and those of a `series` for
    which one of the `conditions` holds. Of any other day all came at once and says each row once; sorting every row by age
    takes longer than looking for these, on PostgreSQL longer than all the rest.
-#}
{%- macro days_observed_again(raw, series=[], conditions=[]) -%}
    select{{ " distinct" if series }} date
    from {{ raw }}
    where {{ days_to_rebuild("date") }}
    group by {{ (["date"] + series) | join(", ") }}
    having
        {{ (["min(observed_at) < max(observed_at)"] + conditions) | join("\n        or ") }}
{%- endmacro -%}

{#- How settled a row is: real time 1, consolidated 2, definitive 3. -#}
{%- macro nature_rank(nature="nature") -%}
    case {{ nature }}
            {%- for one in var("natures") %}
            when '{{ one }}' then {{ loop.index }}
            {%- endfor %}
        end
{%- endmacro -%}

{#- The least settled nature of a group of rows. -#}
{%- macro lowest_nature(nature="nature") -%}
    case min({{ nature_rank(nature) }})
            {%- for one in var("natures") %}
            when {{ loop.index }} then '{{ one }}'
            {%- endfor %}
        end
{%- endmacro -%}
