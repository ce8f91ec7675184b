{{ config(
    materialized="incremental",
    partition_by=day_partition(),
    meta={"observed_in": power_tables(regional=false)},
) }}

{%- set slots = ["case when ech_physiques_mwh is not null then ech_physiques_slots else consommation_slots end"] %}
{%- for column in commercial() %}
{%- do slots.append("case when " ~ column ~ "_mwh is not null then " ~ column ~ "_slots end") %}
{%- endfor %}

with power as (
    select * from {{ ref("core_national_power") }}
    where {{ days_to_rebuild() }}
),

energy as (
    select
        civil_date,
        {{ mwh_of_each(exchanges()) }},
        {%- for border in var("borders") %}
        {{ import_mwh("ech_comm_" ~ border) }} as ech_comm_{{ border }}_import_mwh,
        {{ export_mwh("ech_comm_" ~ border) }} as ech_comm_{{ border }}_export_mwh,
        {%- endfor %}
        {{ known_slots_of_each(exchanges() + ["consommation"]) }},
        {{ expected_slots() }} as expected_slots,
        {{ lowest_nature("case when coalesce(" ~ listed(exchanges()) ~ ") is not null then nature end") }} as nature
    from power
    group by civil_date
    having count(coalesce({{ listed(exchanges()) }})) > 0
),

final as (
    select
        civil_date,
        ech_physiques_mwh,
        -ech_physiques_mwh as net_export_mwh,
        {%- for border in var("borders") %}
        ech_comm_{{ border }}_mwh,
        ech_comm_{{ border }}_import_mwh,
        ech_comm_{{ border }}_export_mwh,
        {%- endfor %}
        case
            when {{ smallest_mwh(var("borders"), "ech_comm_") }} < 0
                then {{ name_of_smallest(var("borders"), "ech_comm_") }}
        end as top_foreign_buyer,
        case
            when {{ largest_mwh(var("borders"), "ech_comm_") }} > 0
                then {{ name_of_largest(var("borders"), "ech_comm_") }}
        end as top_foreign_seller,
        {{ listed(exchanges(), "_slots") }},
        {{ least_known(slots) }} as measured_slots,
        expected_slots,
        nature
    from energy
)

select * from final
{{ in_order_of_days() }}
