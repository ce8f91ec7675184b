{{ config(
    materialized="incremental",
    partition_by=day_partition(),
    meta={"observed_in": power_tables(regional=true)},
) }}

{{ best_series(
    place=["code_insee_region", "libelle_region"],
    datasets=power_tables(regional=true),
    columns=regional_series(),
    sources=var("regional_sources"),
    mix=regional_power(),
) }}
