-- depends_on: {{ ref("daily_regional") }}
{{ regional_periods("year", "cast(extract(year from starts) as integer) as civil_year") }}
