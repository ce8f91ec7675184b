{{ config(
    materialized="incremental",
    incremental_strategy="replace_days",
    on_schema_change="fail",
    partition_by=day_partition(),
    meta={"observed_in": ["eco2mix_regional_tr", "eco2mix_regional_cons_def"]},
) }}

{{ best_series(
    place=["code_insee_region", "libelle_region"],
    datasets=["eco2mix_regional_tr", "eco2mix_regional_cons_def"],
    columns=regional_series(),
    sources=regional_sources(),
    mix=regional_power(),
) }}
