-- The schema energy_consumption as it stands on PostgreSQL, empty: `psql -f energy_consumption.sql <database>`.
--
-- In a warehouse `watthouse build` makes and fills it. This script is for whoever wants the same tables elsewhere: to read
-- the model, to try queries, to fill it from a dump. Docs: docs/energy_consumption.md, whose diagram is drawn from it.

begin;

create schema energy_consumption;

create table energy_consumption.region (
    code_insee varchar not null,
    libelle_region varchar not null,
    constraint region_pkey primary key (code_insee)
);

comment on table energy_consumption.region is
    'The regions of which there are data, one row each.';
comment on column energy_consumption.region.code_insee is 'INSEE code of the region';
comment on column energy_consumption.region.libelle_region is
    'Official name of the region, as published on its last day';

create table energy_consumption.consumption (
    id_consommation bigint not null,
    code_insee varchar not null,
    date_enreg date not null,
    heure_enreg time not null,
    consommation integer,
    thermique integer,
    nucleaire integer,
    eolien integer,
    solaire integer,
    hydraulique integer,
    pompage integer,
    bioenergies integer,
    pct_thermique double precision,
    pct_nucleaire double precision,
    pct_eolien double precision,
    pct_solaire double precision,
    pct_hydraulique double precision,
    pct_pompage double precision,
    pct_bioenergies double precision,
    constraint consumption_pkey primary key (id_consommation),
    constraint consumption_code_insee_fkey foreign key (code_insee)
        references energy_consumption.region (code_insee) deferrable initially deferred
);

create index consumption_date_enreg_idx on energy_consumption.consumption using brin (date_enreg);

comment on table energy_consumption.consumption is
    'Load and generation by region, one row a region and slot (half hour) of which settled data know any of these '
    'values: the definitive row, the consolidated one where there is no definitive row that knows the load. Power '
    'lasts from its clock time to the next slot. Shares are over total production: that of every source, hydro '
    'included, pumping not, where each source that the region publishes on that day is known; null where it is '
    'not, or where nothing was produced.';
comment on column energy_consumption.consumption.id_consommation is
    'Identifies the row, and stays the same in every build: the quarter hours from 1970-01-01 00:00 UTC to the '
    'beginning of the slot, times 100, plus code_insee';
comment on column energy_consumption.consumption.code_insee is 'INSEE code of the region';
comment on column energy_consumption.consumption.date_enreg is 'Civil date of the slot (Europe/Paris)';
comment on column energy_consumption.consumption.heure_enreg is
    'Clock time at which the slot begins (Europe/Paris); the hour that autumn repeats is there once, as its '
    'second pass';
comment on column energy_consumption.consumption.consommation is 'Load [MW]';
comment on column energy_consumption.consumption.thermique is 'Thermal [MW]';
comment on column energy_consumption.consumption.nucleaire is 'Nuclear [MW]';
comment on column energy_consumption.consumption.eolien is 'Wind [MW]';
comment on column energy_consumption.consumption.solaire is 'Solar [MW]';
comment on column energy_consumption.consumption.hydraulique is 'Hydro [MW]';
comment on column energy_consumption.consumption.pompage is 'Pumping of pumped storage (negative: a load) [MW]';
comment on column energy_consumption.consumption.bioenergies is 'Bioenergy [MW]';
comment on column energy_consumption.consumption.pct_thermique is 'Thermal: share of total production [%]';
comment on column energy_consumption.consumption.pct_nucleaire is 'Nuclear: share of total production [%]';
comment on column energy_consumption.consumption.pct_eolien is 'Wind: share of total production [%]';
comment on column energy_consumption.consumption.pct_solaire is 'Solar: share of total production [%]';
comment on column energy_consumption.consumption.pct_hydraulique is 'Hydro: share of total production [%]';
comment on column energy_consumption.consumption.pct_pompage is
    'Pumping, relative to total production, of which it is no part (negative: a load) [%]';
comment on column energy_consumption.consumption.pct_bioenergies is 'Bioenergy: share of total production [%]';

create table energy_consumption.coverage_rate (
    id_couverture bigint not null,
    code_insee varchar not null,
    date_enreg date not null,
    heure_eng time not null,
    tco_thermique double precision,
    tch_thermique double precision,
    tco_nucleaire double precision,
    tch_nucleaire double precision,
    tco_eolien double precision,
    tch_eolien double precision,
    tco_solaire double precision,
    tch_solaire double precision,
    tco_hydraulique double precision,
    tch_hydraulique double precision,
    tco_bioenergies double precision,
    tch_bioenergies double precision,
    constraint coverage_rate_pkey primary key (id_couverture),
    constraint coverage_rate_code_insee_fkey foreign key (code_insee)
        references energy_consumption.region (code_insee) deferrable initially deferred
);

create index coverage_rate_date_enreg_idx on energy_consumption.coverage_rate using brin (date_enreg);

comment on table energy_consumption.coverage_rate is
    'Coverage rates (TCO) and load factors (TCH) by region as published, one row a region and slot (half hour) of '
    'which settled data know any of them; the row of consumption with the same identifier is of the same slot. '
    'Above 100 in places.';
comment on column energy_consumption.coverage_rate.id_couverture is
    'Identifies the row, and stays the same in every build: the quarter hours from 1970-01-01 00:00 UTC to the '
    'beginning of the slot, times 100, plus code_insee';
comment on column energy_consumption.coverage_rate.code_insee is 'INSEE code of the region';
comment on column energy_consumption.coverage_rate.date_enreg is 'Civil date of the slot (Europe/Paris)';
comment on column energy_consumption.coverage_rate.heure_eng is
    'Clock time at which the slot begins (Europe/Paris); spelled as in the original model';
comment on column energy_consumption.coverage_rate.tco_thermique is 'Thermal: share of the region''s load covered [%]';
comment on column energy_consumption.coverage_rate.tch_thermique is
    'Thermal: load factor of the installed capacity [%]';
comment on column energy_consumption.coverage_rate.tco_nucleaire is 'Nuclear: share of the region''s load covered [%]';
comment on column energy_consumption.coverage_rate.tch_nucleaire is
    'Nuclear: load factor of the installed capacity [%]';
comment on column energy_consumption.coverage_rate.tco_eolien is 'Wind: share of the region''s load covered [%]';
comment on column energy_consumption.coverage_rate.tch_eolien is 'Wind: load factor of the installed capacity [%]';
comment on column energy_consumption.coverage_rate.tco_solaire is 'Solar: share of the region''s load covered [%]';
comment on column energy_consumption.coverage_rate.tch_solaire is 'Solar: load factor of the installed capacity [%]';
comment on column energy_consumption.coverage_rate.tco_hydraulique is 'Hydro: share of the region''s load covered [%]';
comment on column energy_consumption.coverage_rate.tch_hydraulique is
    'Hydro: load factor of the installed capacity [%]';
comment on column energy_consumption.coverage_rate.tco_bioenergies is
    'Bioenergy: share of the region''s load covered [%]';
comment on column energy_consumption.coverage_rate.tch_bioenergies is
    'Bioenergy: load factor of the installed capacity [%]';

commit;
