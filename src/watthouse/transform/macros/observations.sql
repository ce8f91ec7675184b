{#-
    The age of an observation among those of its identity: 1 is the newest, whatever it says: what the publisher took
    back is taken back. The civil day leads the partition, so that an engine pushes a filter on days below the window.
-#}
{%- macro age_of_observation(day, identity) -%}
    row_number() over (partition by {{ day }}, {{ identity | join(", ") }} order by observed_at desc)
{%- endmacro -%}

{#- How settled a row is: real time 1, consolidated 2, definitive 3. -#}
{%- macro nature_rank(nature="nature") -%}
    case {{ nature }}
            when 'Données temps réel' then 1
            when 'Données consolidées' then 2
            when 'Données définitives' then 3
        end
{%- endmacro -%}

{#- The least settled nature of a group of rows. -#}
{%- macro lowest_nature(nature="nature") -%}
    case min({{ nature_rank(nature) }})
            when 1 then 'Données temps réel'
            when 2 then 'Données consolidées'
            when 3 then 'Données définitives'
        end
{%- endmacro -%}
