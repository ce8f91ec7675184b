{{ config(
    materialized="incremental",
    partition_by=day_partition(),
    meta={"observed_in": power_tables(regional=false)},
) }}

{{ best_series(
    place=[],
    datasets=power_tables(regional=false),
    columns=national_series(),
    sources=var("national_sources"),
    mix=national_mix() + ["taux_co2"],
    commercial=commercial(),
) }}
