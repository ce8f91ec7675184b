{{ config(
    materialized="incremental",
    partition_by=day_partition(),
    meta={"observed_in": var("datasets").values() | map(attribute="table") | list},
) }}

{#- Beside the newest observations, not in core: it differs between ledgers that hold the same figures. -#}
with
{%- for dataset in var("datasets").values() %}
{{ dataset.table }}_days as (
    select
        date as civil_date,
        {{ microseconds("max(observed_at)") }} as newest_us,
        cast(count(*) as integer) as observations
    from {{ source("raw", dataset.table) }}
    where {{ days_to_rebuild("date") }}
    group by date
),
{% endfor %}

final as (
    {%- for dataset in var("datasets").values() %}
    select
        civil_date,
        '{{ dataset.table }}' as dataset,
        newest_us,
        observations
    from {{ dataset.table }}_days
    {{ "union all" if not loop.last }}
    {%- endfor %}
)

select * from final
