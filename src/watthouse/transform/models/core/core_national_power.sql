{{ config(
    materialized="incremental",
    incremental_strategy="replace_days",
    on_schema_change="fail",
    partition_by=day_partition(),
    meta={"observed_in": ["eco2mix_national_tr", "eco2mix_national_cons_def"]},
) }}

{{ best_series(
    place=[],
    datasets=["eco2mix_national_tr", "eco2mix_national_cons_def"],
    columns=national_series(),
    sources=national_sources(),
    mix=national_mix() + ["taux_co2"],
    commercial=exchanges()[1:],
) }}
