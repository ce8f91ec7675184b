{{ config(meta={
    "observed_in": ["eco2mix_regional_cons_def"],
    "starts": "date_enreg",
    "in_order_of": "date_enreg",
    "primary_key": "id_couverture",
    "foreign_keys": {"code_insee": "region"},
}) }}

-- depends_on: {{ ref("region") }}
with {{ settled_slots(settled_rates()) }}

final as (
    select
        {{ settled_id() }} as id_couverture,
        code_insee_region as code_insee,
        date as date_enreg,
        {{ clock_time("heure") }} as heure_eng,
        {{ listed(settled_rates()) }}
    from settled
    where coalesce({{ settled_rates() | join(", ") }}) is not null
)

select * from final
