{{ config(
    materialized="incremental",
    meta={
        "observed_in": power_tables(regional=false),
        "period": "month",
        "starts": "civil_month",
    },
) }}

-- depends_on: {{ ref("daily_mix") }}
{{ national_months() }}
