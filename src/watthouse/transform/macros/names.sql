{#-
    The compiled SQL names schemas and tables, never a database: so a refresh, the tests and a look back (`as_of`) run the
    same text in another database, or in a catalog laid out aside.
-#}

{%- macro ref() -%}
    {{ return(builtins.ref(*varargs, **kwargs).include(database=false)) }}
{%- endmacro -%}

{%- macro source() -%}
    {{ return(raw_table(builtins.source(*varargs, **kwargs)).include(database=false)) }}
{%- endmacro -%}
