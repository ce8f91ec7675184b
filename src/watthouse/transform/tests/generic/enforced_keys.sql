{#- The server enforces the keys that a model declares (`keys.sql`); where no key is enforced, there is nothing to find. -#}
{%- test enforced_keys(model) -%}
{{ missing_keys(model) }}
{%- endtest -%}
