{{ config(meta={
    "observed_in": ["eco2mix_regional_cons_def"],
    "starts": "date_enreg",
    "in_order_of": "date_enreg",
    "primary_key": "id_consommation",
    "foreign_keys": {"code_insee": "region"},
}) }}

-- depends_on: {{ ref("region") }}
with {{ settled_slots(settled_power(), produced=true) }}

final as (
    select
        {{ settled_id() }} as id_consommation,
        code_insee_region as code_insee,
        date as date_enreg,
        {{ clock_time("heure") }} as heure_enreg,
        {{ listed(settled_power()) }},
        {{ pct_of_production(settled_power()[1:]) }}
    from settled
    where coalesce({{ settled_power() | join(", ") }}) is not null
)

select * from final
