{#-
    Keys that the server enforces, on PostgreSQL alone. A model declares them once, in its `meta`:

        primary_key:   <column>
        foreign_keys:  {<column>: <model it points at, by that model's primary key>}

    They are added once the rows are there: PostgreSQL checks all at once then, not row by row. A foreign key is checked at
    the end of a transaction, so that a refresh may replace the rows of both its tables in any order.
-#}

{%- macro enforce_keys() -%}
    {{ return(adapter.dispatch("enforce_keys")()) }}
{%- endmacro -%}

{%- macro default__enforce_keys() -%}{%- endmacro -%}

{%- macro postgres__enforce_keys() -%}
    {%- if execute %}
    {#- until dbt drops the table that this one replaces, it keeps the name of the key, and those that point at it -#}
    alter table if exists {{ this.incorporate(path={"identifier": this.identifier ~ "__dbt_backup"}) }}
        drop constraint if exists {{ this.identifier }}_pkey cascade;
    alter table {{ this }} add constraint {{ this.identifier }}_pkey primary key ({{ config.get("meta").primary_key }});
    {%- for one in foreign_keys() if one.table == this.identifier or one.target == this.identifier %}
    {%- set table = this.incorporate(path={"identifier": one.table}) -%}
    {%- if one.table == this.identifier or load_relation(table) is not none %}
    alter table {{ table }} drop constraint if exists {{ one.name }};
    alter table {{ table }} add constraint {{ one.name }} foreign key ({{ one.column }})
        references {{ this.incorporate(path={"identifier": one.target}) }} deferrable initially deferred;
    {%- endif %}
    {%- endfor %}
    {%- endif %}
{%- endmacro -%}

{#- Every foreign key that a model declares: table, column, target and the name of the constraint. -#}
{%- macro foreign_keys() -%}
    {%- set found = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == "model" -%}
        {%- for column, target in node.config.meta.get("foreign_keys", {}).items() -%}
            {%- do found.append({
                "table": node.name, "column": column, "target": target, "name": node.name ~ "_" ~ column ~ "_fkey",
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro -%}

{#- The keys of a model that its table lacks, a row each. -#}
{%- macro missing_keys(model) -%}
    {{ return(adapter.dispatch("missing_keys")(model)) }}
{%- endmacro -%}

{%- macro default__missing_keys(model) -%}
    select 'keys are declared' as rule
    limit 0
{%- endmacro -%}

{#- By name: who reads the tables may call them by another schema than they were built in. -#}
{%- macro postgres__missing_keys(model) -%}
with declared as (
    {%- for one in keys_of(model.identifier) %}
    select
        '{{ one.name }}' as key_name,
        '{{ one.kind }}' as kind
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

final as (
    select
        'the server enforces the key' as rule,
        declared.key_name
    from declared
    left join pg_catalog.pg_constraint as enforced
        on
            enforced.conrelid = to_regclass('{{ model.include(database=false) }}')
            and declared.key_name = enforced.conname
            and declared.kind = enforced.contype
            and enforced.convalidated
    where enforced.oid is null
)

select * from final
{%- endmacro -%}

{#- The keys that a model declares: the name of each constraint, and its kind as PostgreSQL's catalog has it. -#}
{%- macro keys_of(name) -%}
    {%- set found = [{"name": name ~ "_pkey", "kind": "p"}] -%}
    {%- for one in (foreign_keys() if execute else []) if one.table == name -%}
        {%- do found.append({"name": one.name, "kind": "f"}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro -%}
