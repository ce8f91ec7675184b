{{ config(
    materialized="incremental",
    meta={
        "observed_in": power_tables(regional=true),
        "period": "year",
        "starts": first_of_year("civil_year"),
    },
) }}

-- depends_on: {{ ref("daily_regional") }}
{{ regional_periods("year", "cast(extract(year from starts) as integer) as civil_year") }}
