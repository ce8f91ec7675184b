-- depends_on: {{ ref("daily_regional") }}
{{ regional_periods("month", "starts as civil_month") }}
