{#- The column lists: each stands here and nowhere else. Names are the publisher's. -#}

{%- macro national_sources() -%}
    {{ return(["fioul", "charbon", "gaz", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies"]) }}
{%- endmacro -%}

{%- macro national_subsources() -%}
    {{ return([
        "fioul_tac", "fioul_cogen", "fioul_autres",
        "gaz_tac", "gaz_cogen", "gaz_ccg", "gaz_autres",
        "eolien_terrestre", "eolien_offshore",
        "hydraulique_fil_eau_eclusee", "hydraulique_lacs", "hydraulique_step_turbinage",
        "bioenergies_dechets", "bioenergies_biomasse", "bioenergies_biogaz",
    ]) }}
{%- endmacro -%}

{%- macro regional_sources() -%}
    {{ return(["thermique", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies"]) }}
{%- endmacro -%}

{%- macro regional_subsources() -%}
    {{ return(["eolien_terrestre", "eolien_offshore"]) }}
{%- endmacro -%}

{#- The éCO2mix datasets: their raw table, whether by region, and whether they measure half hours or quarter hours. -#}
{%- macro power_datasets() -%}
    {{ return([
        {"id": "eco2mix-national-tr", "table": "eco2mix_national_tr", "regional": false, "half_hours": false},
        {"id": "eco2mix-national-cons-def", "table": "eco2mix_national_cons_def", "regional": false, "half_hours": true},
        {"id": "eco2mix-regional-tr", "table": "eco2mix_regional_tr", "regional": true, "half_hours": false},
        {"id": "eco2mix-regional-cons-def", "table": "eco2mix_regional_cons_def", "regional": true, "half_hours": true},
    ]) }}
{%- endmacro -%}

{%- macro storage() -%}
    {{ return(["pompage", "stockage_batterie", "destockage_batterie"]) }}
{%- endmacro -%}

{%- macro borders() -%}
    {{ return(["angleterre", "espagne", "italie", "suisse", "allemagne_belgique"]) }}
{%- endmacro -%}

{%- macro exchanges() -%}
    {%- set columns = ["ech_physiques"] -%}
    {%- for border in borders() -%}{%- do columns.append("ech_comm_" ~ border) -%}{%- endfor -%}
    {{ return(columns) }}
{%- endmacro -%}

{%- macro horizons() -%}
    {{ return(["prevision_j1", "prevision_j"]) }}
{%- endmacro -%}

{%- macro national_mix() -%}
    {{ return(["consommation"] + national_sources() + national_subsources() + storage()) }}
{%- endmacro -%}

{%- macro national_power() -%}
    {{ return(national_mix() + exchanges()) }}
{%- endmacro -%}

{%- macro regional_power() -%}
    {{ return(
        ["consommation"] + regional_sources() + regional_subsources() + storage() + ["ech_physiques"]
    ) }}
{%- endmacro -%}

{%- macro regional_rates() -%}
    {%- set columns = [] -%}
    {%- for source in regional_sources() -%}
        {%- do columns.append("tco_" ~ source) -%}
        {%- do columns.append("tch_" ~ source) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro -%}

{%- macro load_factors() -%}
    {%- set columns = [] -%}
    {%- for source in regional_sources() -%}{%- do columns.append("tch_" ~ source) -%}{%- endfor -%}
    {{ return(columns) }}
{%- endmacro -%}

{#- Columns one below the other: `{prefix}{name}{suffix}`. -#}
{%- macro listed(names, suffix="", prefix="") -%}
    {%- for name in names -%}
        {{ prefix }}{{ name }}{{ suffix }}{{ ",\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}

{#- Names as a list of SQL strings. -#}
{%- macro quoted(names) -%}
    {%- for name in names -%}'{{ name | replace("'", "''") }}'{{ ", " if not loop.last }}{%- endfor -%}
{%- endmacro -%}

{#- The series of France and of a region: every column that is integrated over time. -#}
{%- macro national_series() -%}
    {{ return(national_power() + ["taux_co2"]) }}
{%- endmacro -%}

{%- macro regional_series() -%}
    {{ return(regional_power() + load_factors()) }}
{%- endmacro -%}

{#- Columns that real time has published on half hours too, inside quarter-hour rows; settled data may do so with any. -#}
{%- macro half_hourly_in_real_time() -%}
    {%- set columns = [] -%}
    {%- for border in borders() -%}{%- do columns.append("ech_comm_" ~ border) -%}{%- endfor -%}
    {{ return(columns) }}
{%- endmacro -%}
