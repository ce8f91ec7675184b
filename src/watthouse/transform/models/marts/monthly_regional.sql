{{ config(
    materialized="incremental",
    meta={
        "observed_in": power_tables(regional=true),
        "period": "month",
        "starts": "civil_month",
    },
) }}

-- depends_on: {{ ref("daily_regional") }}
{{ regional_periods("month", "starts as civil_month") }}
