-- The datamart: a snowflake of facts by year and of dimensions, for SQL and BI tools on a second PostgreSQL server (15 on).
--
--   psql "$WATTHOUSE_DATAMART" -v ON_ERROR_STOP=1 --single-transaction -f creation.sql
--
-- It may be run again: what is there stays. `watthouse datamart ship` runs this very file where it has not been run yet.
-- insertion.sql fills the facts from schema staging. A column keeps the name that its publisher gave it; what is derived
-- ends in its unit. Every dimension has a member for what is not known, so that a fact always finds one.

set client_min_messages = warning;

create schema if not exists datamart;
create schema if not exists staging;
comment on schema datamart is 'France''s open energy data as a snowflake: facts (fact_*), dimensions (dim_*), views for BI tools (v_*)';
comment on schema staging is 'Rows on their way into the datamart; empty between two shipments';

create table if not exists datamart.about (
    name text primary key,
    value text not null
);
comment on table datamart.about is 'What this datamart is: layout (the version of creation.sql), and after a shipment kind, identity (of models and ledgers), warehouse, shipped_at';
insert into datamart.about (name, value) values ('layout', '1') on conflict (name) do nothing;

create table if not exists datamart.shipped_day (
    subject text not null check (subject in ('regional', 'national', 'gas', 'temperature')),
    civil_date date not null,
    stamp text not null,
    primary key (subject, civil_date)
);
comment on table datamart.shipped_day is 'The civil days that the facts hold, as the warehouse had them';
comment on column datamart.shipped_day.subject is 'regional: fact_power; national: fact_daily_balance, fact_daily_mix, fact_exchange; gas: fact_gas_stock; temperature: fact_temperature';
comment on column datamart.shipped_day.stamp is 'What the warehouse knew of the day: it is shipped again once that differs';

create table if not exists datamart.shipment (
    shipment_id integer generated always as identity primary key,
    shipped_at timestamptz not null default clock_timestamp(),
    warehouse text not null,
    days integer not null check (days >= 0),
    rows bigint not null check (rows >= 0)
);
comment on table datamart.shipment is 'Shipments that changed something';
comment on column datamart.shipment.warehouse is 'Where the rows came from';
comment on column datamart.shipment.days is 'Civil days that were shipped or removed, each subject by itself [days]';
comment on column datamart.shipment.rows is 'Rows of facts that were shipped [rows]';

-- Calendar: date -> month -> quarter -> year, month -> season -------------------------------------------------------------

create table if not exists datamart.dim_year (
    year smallint primary key check (year = 0 or year between 1900 and 2200),
    is_leap boolean
);
comment on table datamart.dim_year is 'Civil years; 0 is unknown';

create table if not exists datamart.dim_quarter (
    quarter_id integer primary key,
    year smallint not null references datamart.dim_year,
    quarter smallint not null check (quarter between 0 and 4),
    label text not null unique,
    check (quarter_id = year * 10 + quarter)
);
comment on table datamart.dim_quarter is 'Quarters of a year; 0 is unknown';
comment on column datamart.dim_quarter.quarter_id is 'Year and quarter: 20251 is the first quarter of 2025';

create table if not exists datamart.dim_season (
    season text primary key,
    months text not null,
    position smallint not null unique
);
comment on table datamart.dim_season is 'Meteorological seasons';
comment on column datamart.dim_season.position is 'For sorting: winter 1 to autumn 4, unknown 0';
insert into datamart.dim_season (season, months, position) values
    ('unknown', '', 0),
    ('winter', 'December to February', 1),
    ('spring', 'March to May', 2),
    ('summer', 'June to August', 3),
    ('autumn', 'September to November', 4)
on conflict (season) do nothing;

create table if not exists datamart.dim_month (
    month_id integer primary key,
    quarter_id integer not null references datamart.dim_quarter,
    season text not null references datamart.dim_season,
    month smallint not null check (month between 0 and 12),
    label text not null unique,
    check (month_id = quarter_id / 10 * 100 + month and quarter_id % 10 = (month + 2) / 3)
);
comment on table datamart.dim_month is 'Months of a year; 0 is unknown';
comment on column datamart.dim_month.month_id is 'Year and month: 202501 is January 2025';
comment on column datamart.dim_month.season is 'December counts as winter with the January that follows it';

create table if not exists datamart.dim_date (
    civil_date date primary key,
    month_id integer not null references datamart.dim_month,
    day_of_month smallint not null check (day_of_month between 1 and 31),
    iso_weekday smallint not null check (iso_weekday between 1 and 7),
    is_weekend boolean not null,
    quarter_hours smallint not null check (quarter_hours in (92, 96, 100))
);
comment on table datamart.dim_date is 'Civil days (Europe/Paris), without gaps from the first to the last that was shipped; 0001-01-01 is unknown';
comment on column datamart.dim_date.iso_weekday is 'Monday 1 to Sunday 7';
comment on column datamart.dim_date.quarter_hours is 'How long the day is: 92 or 100 where the clock changes [quarter hours]; RTE publishes 96 slots of the latter';

insert into datamart.dim_year (year) values (0) on conflict (year) do nothing;
insert into datamart.dim_quarter (quarter_id, year, quarter, label) values (0, 0, 0, 'unknown') on conflict (quarter_id) do nothing;
insert into datamart.dim_month (month_id, quarter_id, season, month, label) values (0, 0, 'unknown', 0, 'unknown')
on conflict (month_id) do nothing;
insert into datamart.dim_date (civil_date, month_id, day_of_month, iso_weekday, is_weekend, quarter_hours)
values ('0001-01-01', 0, 1, 1, false, 96)
on conflict (civil_date) do nothing;

-- Time of day: time -> hour -> period of day ----------------------------------------------------------------------------

create table if not exists datamart.dim_period_of_day (
    period_of_day text primary key,
    hours text not null,
    position smallint not null unique
);
comment on table datamart.dim_period_of_day is 'Quarters of a day by the clock in Paris';
insert into datamart.dim_period_of_day (period_of_day, hours, position) values
    ('unknown', '', 0),
    ('night', '00:00 to 06:00', 1),
    ('morning', '06:00 to 12:00', 2),
    ('afternoon', '12:00 to 18:00', 3),
    ('evening', '18:00 to 24:00', 4)
on conflict (period_of_day) do nothing;

create table if not exists datamart.dim_hour (
    hour smallint primary key check (hour between -1 and 23),
    period_of_day text not null references datamart.dim_period_of_day,
    label text not null unique
);
comment on table datamart.dim_hour is 'Hours of the clock in Paris; -1 is unknown';
insert into datamart.dim_hour (hour, period_of_day, label)
select hour, (array['night', 'morning', 'afternoon', 'evening'])[hour / 6 + 1], to_char(hour, 'FM00') || ':00'
from generate_series(0, 23) as hour
union all select -1, 'unknown', 'unknown'
on conflict (hour) do nothing;

create table if not exists datamart.dim_time (
    minute_of_day smallint primary key check (minute_of_day between -1 and 1439),
    hour smallint not null references datamart.dim_hour,
    label text not null unique
);
comment on table datamart.dim_time is 'Times of the clock in Paris, every minute; -1 is unknown';
comment on column datamart.dim_time.minute_of_day is 'Minutes after midnight: 75 is 01:15 [min]';
insert into datamart.dim_time (minute_of_day, hour, label)
select minute, minute / 60, to_char(minute / 60, 'FM00') || ':' || to_char(minute % 60, 'FM00')
from generate_series(0, 1439) as minute
union all select -1, -1, 'unknown'
on conflict (minute_of_day) do nothing;

-- Places: region -> zone ------------------------------------------------------------------------------------------------

create table if not exists datamart.dim_zone (
    zone text primary key,
    meaning text not null
);
comment on table datamart.dim_zone is 'Groups of regions by where they lie; a grouping of this datamart, no official one';
insert into datamart.dim_zone (zone, meaning) values
    ('unknown', 'a region that was not known when the datamart was made'),
    ('Île-de-France', 'the region of Paris'),
    ('north-west', 'between the Channel, the Atlantic and the Loire'),
    ('north-east', 'from the North Sea to the Jura'),
    ('south-west', 'from the Atlantic and the Pyrenees to the Rhône'),
    ('south-east', 'the Alps, the Rhône and the Mediterranean'),
    ('Corsica', 'an island with a grid of its own, of which éCO2mix publishes nothing')
on conflict (zone) do nothing;

create table if not exists datamart.dim_region (
    code_insee_region text collate "C" primary key,
    libelle_region text not null,
    zone text not null references datamart.dim_zone,
    is_declared boolean not null default true
);
comment on table datamart.dim_region is 'Regions of metropolitan France (INSEE, Code officiel géographique); 00 is unknown';
comment on column datamart.dim_region.is_declared is 'False for a member that came with the rows and of which nothing else is known';
insert into datamart.dim_region (code_insee_region, libelle_region, zone) values
    ('00', 'unknown', 'unknown'),
    ('11', 'Île-de-France', 'Île-de-France'),
    ('24', 'Centre-Val de Loire', 'north-west'),
    ('27', 'Bourgogne-Franche-Comté', 'north-east'),
    ('28', 'Normandie', 'north-west'),
    ('32', 'Hauts-de-France', 'north-east'),
    ('44', 'Grand Est', 'north-east'),
    ('52', 'Pays de la Loire', 'north-west'),
    ('53', 'Bretagne', 'north-west'),
    ('75', 'Nouvelle-Aquitaine', 'south-west'),
    ('76', 'Occitanie', 'south-west'),
    ('84', 'Auvergne-Rhône-Alpes', 'south-east'),
    ('93', 'Provence-Alpes-Côte d''Azur', 'south-east'),
    ('94', 'Corse', 'Corsica')
on conflict (code_insee_region) do nothing;

-- Sources of power: source -> family ------------------------------------------------------------------------------------

create table if not exists datamart.dim_family (
    family text primary key,
    is_production boolean,
    meaning text not null
);
comment on table datamart.dim_family is 'What sources run on';
comment on column datamart.dim_family.is_production is 'Whether it counts as production; storage takes from the grid and gives back';
insert into datamart.dim_family (family, is_production, meaning) values
    ('unknown', null, 'a source that was not known when the datamart was made'),
    ('fossil', true, 'coal, oil and gas'),
    ('nuclear', true, 'nuclear'),
    ('renewable', true, 'wind, solar, hydro and bioenergy; RTE counts waste among the latter'),
    ('storage', false, 'pumped storage while it pumps, and batteries')
on conflict (family) do nothing;

create table if not exists datamart.dim_source (
    source text primary key,
    family text not null references datamart.dim_family,
    part_of text references datamart.dim_source,
    meaning text not null,
    is_declared boolean not null default true
);
comment on table datamart.dim_source is 'Sources of power as éCO2mix publishes them for France, what they are made of, and storage';
comment on column datamart.dim_source.part_of is 'The source whose energy includes that of this one; null for those that add up to production, and for storage';
comment on column datamart.dim_source.is_declared is 'False for a member that came with the rows and of which nothing else is known';
insert into datamart.dim_source (source, family, part_of, meaning) values
    ('unknown', 'unknown', null, 'unknown'),
    ('fioul', 'fossil', null, 'oil'),
    ('charbon', 'fossil', null, 'coal'),
    ('gaz', 'fossil', null, 'gas'),
    ('nucleaire', 'nuclear', null, 'nuclear'),
    ('eolien', 'renewable', null, 'wind'),
    ('solaire', 'renewable', null, 'solar'),
    ('hydraulique', 'renewable', null, 'hydro, pumped-storage generation included'),
    ('bioenergies', 'renewable', null, 'bioenergy'),
    ('pompage', 'storage', null, 'pumping of pumped storage (negative: a load)'),
    ('stockage_batterie', 'storage', null, 'battery charging (negative: a load)'),
    ('destockage_batterie', 'storage', null, 'battery discharging'),
    ('fioul_tac', 'fossil', 'fioul', 'oil: combustion turbines'),
    ('fioul_cogen', 'fossil', 'fioul', 'oil: cogeneration'),
    ('fioul_autres', 'fossil', 'fioul', 'oil: other'),
    ('gaz_tac', 'fossil', 'gaz', 'gas: combustion turbines'),
    ('gaz_cogen', 'fossil', 'gaz', 'gas: cogeneration'),
    ('gaz_ccg', 'fossil', 'gaz', 'gas: combined cycle'),
    ('gaz_autres', 'fossil', 'gaz', 'gas: other'),
    ('eolien_terrestre', 'renewable', 'eolien', 'onshore wind'),
    ('eolien_offshore', 'renewable', 'eolien', 'offshore wind'),
    ('hydraulique_fil_eau_eclusee', 'renewable', 'hydraulique', 'hydro: run of river and pondage'),
    ('hydraulique_lacs', 'renewable', 'hydraulique', 'hydro: reservoirs'),
    ('hydraulique_step_turbinage', 'renewable', 'hydraulique', 'hydro: pumped-storage generation'),
    ('bioenergies_dechets', 'renewable', 'bioenergies', 'bioenergy: waste'),
    ('bioenergies_biomasse', 'renewable', 'bioenergies', 'bioenergy: biomass'),
    ('bioenergies_biogaz', 'renewable', 'bioenergies', 'bioenergy: biogas')
on conflict (source) do nothing;

-- Borders: border -> country, and one border is shared by two countries --------------------------------------------------

create table if not exists datamart.dim_country (
    country text primary key
);
comment on table datamart.dim_country is 'Countries that France trades power with';
insert into datamart.dim_country (country) values
    ('unknown'), ('Great Britain'), ('Spain'), ('Italy'), ('Switzerland'), ('Germany'), ('Belgium')
on conflict (country) do nothing;

create table if not exists datamart.dim_border (
    border text primary key,
    meaning text not null,
    is_declared boolean not null default true
);
comment on table datamart.dim_border is 'Borders over which power is traded, as éCO2mix publishes them';
comment on column datamart.dim_border.is_declared is 'False for a member that came with the rows and of which nothing else is known';
insert into datamart.dim_border (border, meaning) values
    ('unknown', 'unknown'),
    ('angleterre', 'Great Britain'),
    ('espagne', 'Spain'),
    ('italie', 'Italy'),
    ('suisse', 'Switzerland'),
    ('allemagne_belgique', 'Germany and Belgium, published as one')
on conflict (border) do nothing;

create table if not exists datamart.bridge_border_country (
    border text not null references datamart.dim_border,
    country text not null references datamart.dim_country,
    primary key (border, country)
);
comment on table datamart.bridge_border_country is 'The countries behind each border: a join by way of it counts a border of two countries twice';
insert into datamart.bridge_border_country (border, country) values
    ('unknown', 'unknown'),
    ('angleterre', 'Great Britain'),
    ('espagne', 'Spain'),
    ('italie', 'Italy'),
    ('suisse', 'Switzerland'),
    ('allemagne_belgique', 'Germany'),
    ('allemagne_belgique', 'Belgium')
on conflict (border, country) do nothing;

-- Gas storage: storage point -> operator --------------------------------------------------------------------------------

create table if not exists datamart.dim_operator (
    operator text primary key,
    is_declared boolean not null default true
);
comment on table datamart.dim_operator is 'Operators of gas storage';
comment on column datamart.dim_operator.is_declared is 'False for a member that came with the rows and of which nothing else is known';
insert into datamart.dim_operator (operator) values ('unknown'), ('Storengy'), ('Teréga') on conflict (operator) do nothing;

create table if not exists datamart.dim_storage_point (
    storage_point text primary key,
    pits text not null,
    operator text not null references datamart.dim_operator,
    unique (operator, pits)
);
comment on table datamart.dim_storage_point is 'Storage points of gas (PITS), as they came with the rows';
comment on column datamart.dim_storage_point.storage_point is 'Operator and PITS: names of points are unique within an operator';
insert into datamart.dim_storage_point (storage_point, pits, operator) values ('unknown', 'unknown', 'unknown')
on conflict (storage_point) do nothing;

-- How settled a value is -------------------------------------------------------------------------------------------------

create table if not exists datamart.dim_nature (
    nature_id smallint primary key,
    nature text not null unique,
    meaning text not null
);
comment on table datamart.dim_nature is 'How settled published values are: a higher id is more settled; 0 is unknown';
insert into datamart.dim_nature (nature_id, nature, meaning) values
    (0, 'unknown', 'unknown'),
    (1, 'Données temps réel', 'real time, revised for hours'),
    (2, 'Données consolidées', 'consolidated, by the quarter'),
    (3, 'Données définitives', 'definitive, by the year')
on conflict (nature_id) do nothing;

-- Facts, a partition a year ----------------------------------------------------------------------------------------------

create table if not exists datamart.fact_power (
    date_heure timestamptz not null,
    civil_date date not null constraint fact_power_date references datamart.dim_date,
    consommation_mw integer,
    thermique_mw integer,
    nucleaire_mw integer,
    eolien_mw integer,
    solaire_mw integer,
    hydraulique_mw integer,
    bioenergies_mw integer,
    eolien_terrestre_mw integer,
    eolien_offshore_mw integer,
    pompage_mw integer,
    stockage_batterie_mw integer,
    destockage_batterie_mw integer,
    ech_physiques_mw integer,
    production_mw integer,
    minute_of_day smallint not null constraint fact_power_time references datamart.dim_time,
    slot_minutes smallint constraint fact_power_slot_minutes check (slot_minutes in (15, 30)),
    production_minutes smallint constraint fact_power_production_minutes check (production_minutes in (15, 30)),
    nature_id smallint not null constraint fact_power_nature references datamart.dim_nature,
    code_insee_region text collate "C" not null constraint fact_power_region references datamart.dim_region,
    constraint fact_power_key primary key (civil_date, date_heure, code_insee_region)
) partition by range (civil_date);
comment on table datamart.fact_power is 'Power by region and slot, as published: a quarter hour or a half hour, the most settled of what is known';
comment on column datamart.fact_power.date_heure is 'Instant at which the slot begins';
comment on column datamart.fact_power.civil_date is 'Civil day (Europe/Paris)';
comment on column datamart.fact_power.consommation_mw is 'Load [MW]';
comment on column datamart.fact_power.thermique_mw is 'Thermal: coal, oil and gas [MW]';
comment on column datamart.fact_power.nucleaire_mw is 'Nuclear [MW]';
comment on column datamart.fact_power.eolien_mw is 'Wind [MW]';
comment on column datamart.fact_power.solaire_mw is 'Solar [MW]';
comment on column datamart.fact_power.hydraulique_mw is 'Hydro [MW]';
comment on column datamart.fact_power.bioenergies_mw is 'Bioenergy [MW]';
comment on column datamart.fact_power.eolien_terrestre_mw is 'Onshore wind, a part of wind [MW]';
comment on column datamart.fact_power.eolien_offshore_mw is 'Offshore wind, a part of wind [MW]';
comment on column datamart.fact_power.pompage_mw is 'Pumping of pumped storage (negative: a load) [MW]';
comment on column datamart.fact_power.stockage_batterie_mw is 'Battery charging (negative: a load) [MW]';
comment on column datamart.fact_power.destockage_batterie_mw is 'Battery discharging [MW]';
comment on column datamart.fact_power.ech_physiques_mw is 'Physical exchange balance with other regions and countries (exports negative) [MW]';
comment on column datamart.fact_power.production_mw is 'Production: the sum of the sources that the day publishes; null where one of them is not known [MW]';
comment on column datamart.fact_power.minute_of_day is 'Clock in Paris at which the slot begins, minutes after midnight [min]';
comment on column datamart.fact_power.slot_minutes is 'How long the load lasts, or the rest where it is not known: 15 or 30 [min]';
comment on column datamart.fact_power.production_minutes is 'How long the production lasts: 15 or 30 [min]';

create table if not exists datamart.fact_daily_balance (
    civil_date date not null constraint fact_daily_balance_date references datamart.dim_date,
    consommation_mwh numeric(18, 2),
    production_mwh numeric(18, 2),
    ech_physiques_mwh numeric(18, 2),
    taux_co2_g_kwh double precision,
    measured_slots smallint not null constraint fact_daily_balance_measured check (measured_slots between 0 and expected_slots),
    mix_slots smallint not null constraint fact_daily_balance_mix check (mix_slots between 0 and expected_slots),
    expected_slots smallint not null constraint fact_daily_balance_expected check (expected_slots in (46, 48, 92, 96)),
    nature_id smallint not null constraint fact_daily_balance_nature references datamart.dim_nature,
    constraint fact_daily_balance_key primary key (civil_date)
) partition by range (civil_date);
comment on table datamart.fact_daily_balance is 'Load, production and physical exchanges of France by day';
comment on column datamart.fact_daily_balance.civil_date is 'Civil day (Europe/Paris)';
comment on column datamart.fact_daily_balance.consommation_mwh is 'Load over the slots in which it is known [MWh]';
comment on column datamart.fact_daily_balance.production_mwh is 'Production over the slots whose whole mix is known [MWh]';
comment on column datamart.fact_daily_balance.ech_physiques_mwh is 'Physical exchange balance (exports negative) [MWh]';
comment on column datamart.fact_daily_balance.taux_co2_g_kwh is 'CO₂ intensity of production, weighted by it [g/kWh]';
comment on column datamart.fact_daily_balance.measured_slots is 'Slots in which the load is known [slots]';
comment on column datamart.fact_daily_balance.mix_slots is 'Slots in which every source that the day publishes is known [slots]';
comment on column datamart.fact_daily_balance.expected_slots is 'Slots of the day, as RTE publishes it [slots]';
comment on column datamart.fact_daily_balance.nature_id is 'The least settled nature of the day';

create table if not exists datamart.fact_daily_mix (
    civil_date date not null constraint fact_daily_mix_date references datamart.dim_date,
    source text not null constraint fact_daily_mix_source references datamart.dim_source,
    energy_mwh numeric(18, 2),
    production_share double precision,
    known_slots smallint not null constraint fact_daily_mix_known check (known_slots between 0 and 100),
    nature_id smallint not null constraint fact_daily_mix_nature references datamart.dim_nature,
    constraint fact_daily_mix_key primary key (civil_date, source),
    constraint fact_daily_mix_measured check (energy_mwh is null or known_slots > 0)
) partition by range (civil_date);
comment on table datamart.fact_daily_mix is 'Energy of France by day and source, parts of sources included: sum those whose part_of is null, as v_daily_mix does';
comment on column datamart.fact_daily_mix.civil_date is 'Civil day (Europe/Paris)';
comment on column datamart.fact_daily_mix.energy_mwh is 'Energy over the slots in which it is known; null where none is [MWh]';
comment on column datamart.fact_daily_mix.production_share is 'Share of production, over the slots whose whole mix is known; null for storage [0-1]';
comment on column datamart.fact_daily_mix.known_slots is 'Slots in which it is known [slots]';
comment on column datamart.fact_daily_mix.nature_id is 'The least settled nature of the day';

create table if not exists datamart.fact_exchange (
    civil_date date not null constraint fact_exchange_date references datamart.dim_date,
    border text not null constraint fact_exchange_border references datamart.dim_border,
    net_mwh numeric(18, 2),
    import_mwh numeric(18, 2) constraint fact_exchange_import check (import_mwh >= 0),
    export_mwh numeric(18, 2) constraint fact_exchange_export check (export_mwh >= 0),
    known_slots smallint not null constraint fact_exchange_known check (known_slots between 0 and 100),
    nature_id smallint not null constraint fact_exchange_nature references datamart.dim_nature,
    constraint fact_exchange_key primary key (civil_date, border),
    constraint fact_exchange_net check (net_mwh = import_mwh - export_mwh),
    constraint fact_exchange_measured check (net_mwh is null or known_slots > 0)
) partition by range (civil_date);
comment on table datamart.fact_exchange is 'Commercial exchanges of France by day and border';
comment on column datamart.fact_exchange.civil_date is 'Civil day (Europe/Paris)';
comment on column datamart.fact_exchange.net_mwh is 'Imports less exports: negative where France exports [MWh]';
comment on column datamart.fact_exchange.import_mwh is 'Imports, over the slots that import [MWh]';
comment on column datamart.fact_exchange.export_mwh is 'Exports, over the slots that export; positive [MWh]';
comment on column datamart.fact_exchange.known_slots is 'Slots in which it is known [slots]';
comment on column datamart.fact_exchange.nature_id is 'The least settled nature of the day';

create table if not exists datamart.fact_gas_stock (
    civil_date date not null constraint fact_gas_stock_date references datamart.dim_date,
    storage_point text not null constraint fact_gas_stock_point references datamart.dim_storage_point,
    stock_gwh numeric(18, 6) not null,
    is_complete_day boolean not null,
    constraint fact_gas_stock_key primary key (civil_date, storage_point)
) partition by range (civil_date);
comment on table datamart.fact_gas_stock is 'Gas in storage by day and storage point. A stock: sum it over storage points, never over days';
comment on column datamart.fact_gas_stock.civil_date is 'Gas day';
comment on column datamart.fact_gas_stock.stock_gwh is 'Gas in storage at the end of the day [GWh PCS 0 °C]';
comment on column datamart.fact_gas_stock.is_complete_day is 'Whether every operator and storage point that was expected reported this day: a sum over a day that is not complete is short';

create table if not exists datamart.fact_temperature (
    civil_date date not null constraint fact_temperature_date references datamart.dim_date,
    code_insee_region text collate "C" not null constraint fact_temperature_region references datamart.dim_region,
    tmin_c numeric(9, 3),
    tmoy_c numeric(9, 3),
    tmax_c numeric(9, 3),
    constraint fact_temperature_key primary key (civil_date, code_insee_region),
    constraint fact_temperature_known check (coalesce(tmin_c, tmoy_c, tmax_c) is not null)
) partition by range (civil_date);
comment on table datamart.fact_temperature is 'Temperature by day and region';
comment on column datamart.fact_temperature.civil_date is 'Civil day (Europe/Paris)';
comment on column datamart.fact_temperature.tmin_c is 'Lowest temperature of the day [°C]';
comment on column datamart.fact_temperature.tmoy_c is 'Mean temperature of the day [°C]';
comment on column datamart.fact_temperature.tmax_c is 'Highest temperature of the day [°C]';

-- Staging: rows as the facts have them, for whole civil days -----------------------------------------------------------

create table if not exists staging.day (
    subject text not null,
    civil_date date not null,
    stamp text,
    primary key (subject, civil_date)
);
comment on table staging.day is 'The civil days that insertion.sql replaces, as datamart.shipped_day will have them';
comment on column staging.day.stamp is 'Null for a day that the warehouse no longer has: its facts go';

create table if not exists staging.region (
    code_insee_region text primary key,
    libelle_region text not null
);
comment on table staging.region is 'Names for regions that the datamart may not know yet';

create table if not exists staging.storage_point (
    storage_point text primary key,
    pits text not null,
    operator text not null
);
comment on table staging.storage_point is 'The same for storage points';

-- unlogged: whatever a crash takes from here is shipped again
create unlogged table if not exists staging.power (like datamart.fact_power including constraints including indexes);
create unlogged table if not exists staging.daily_balance (like datamart.fact_daily_balance including constraints including indexes);
create unlogged table if not exists staging.daily_mix (like datamart.fact_daily_mix including constraints including indexes);
create unlogged table if not exists staging.exchange (like datamart.fact_exchange including constraints including indexes);
create unlogged table if not exists staging.gas_stock (like datamart.fact_gas_stock including constraints including indexes);
create unlogged table if not exists staging.temperature (like datamart.fact_temperature including constraints including indexes);

-- What insertion.sql calls ----------------------------------------------------------------------------------------------

create or replace procedure datamart.add_days(first_date date, last_date date) language plpgsql as $$
begin
    insert into datamart.dim_year (year, is_leap)
    select year, extract(doy from make_date(year, 12, 31)) = 366
    from generate_series(extract(year from first_date)::integer, extract(year from last_date)::integer) as year
    on conflict (year) do nothing;

    insert into datamart.dim_quarter (quarter_id, year, quarter, label)
    select year * 10 + quarter, year, quarter, year || '-Q' || quarter
    from datamart.dim_year, generate_series(1, 4) as quarter
    where year > 0
    on conflict (quarter_id) do nothing;

    insert into datamart.dim_month (month_id, quarter_id, season, month, label)
    select
        year * 100 + month,
        quarter_id,
        (array['winter', 'spring', 'summer', 'autumn'])[month % 12 / 3 + 1],
        month,
        year || '-' || to_char(month, 'FM00')
    from datamart.dim_quarter, generate_series(quarter * 3 - 2, quarter * 3) as month
    where quarter > 0
    on conflict (month_id) do nothing;

    insert into datamart.dim_date (civil_date, month_id, day_of_month, iso_weekday, is_weekend, quarter_hours)
    select
        day::date,
        to_char(day, 'YYYYMM')::integer,
        extract(day from day),
        extract(isodow from day),
        extract(isodow from day) > 5,
        extract(epoch from (day + interval '1 day') at time zone 'Europe/Paris' - day at time zone 'Europe/Paris') / 900
    from generate_series(first_date::timestamp, last_date::timestamp, interval '1 day') as day
    on conflict (civil_date) do nothing;
end
$$;
comment on procedure datamart.add_days is 'Complete the calendar between two days';

create or replace procedure datamart.take_new_years(subject text) language plpgsql as $$
declare
    fact text := format('datamart.fact_%s', subject);
    year integer;
    part text;
    whole text;
begin
    for year in execute format(
        'select distinct extract(year from civil_date)::integer from staging.%I'
        ' union select right(relname, 4)::integer from pg_class'
        ' where relnamespace = ''staging''::regnamespace and relkind = ''r'' and relname ~ %L order by 1',
        subject, '^' || subject || '_[0-9]{4}$'
    ) loop
        part := format('%s_%s', fact, year);
        whole := format('staging.%s_%s', subject, year);
        continue when to_regclass(part) is not null and to_regclass(whole) is null;
        if to_regclass(whole) is not null then
            execute format('alter table %s set schema datamart', whole);
            execute format('alter table datamart.%s_%s rename to fact_%1$s_%2$s', subject, year);
        else
            execute format('create table %s (like %s including constraints)', part, fact);
        end if;
        execute format(
            'with taken as (delete from staging.%I where civil_date between make_date(%2$s, 1, 1) and make_date(%2$s, 12, 31) returning *)'
            ' insert into %3$s select * from taken',
            subject, year, part
        );
        -- keys are checked and indexed at once: by row, 13 years took several times as long
        execute format(
            'alter table %s attach partition %s for values from (%L) to (%L)',
            fact, part, make_date(year, 1, 1), make_date(year + 1, 1, 1)
        );
    end loop;
end
$$;
comment on procedure datamart.take_new_years is 'Make partitions of the years that a fact has none of yet; a table staging.<subject>_<year> becomes one as it stands';

-- Views for BI tools: their names and columns stay when the tables change ---------------------------------------------

create or replace view datamart.v_calendar as
select
    dim_date.civil_date,
    dim_year.year,
    dim_quarter.label as quarter,
    dim_month.label as month,
    dim_month.month as month_of_year,
    dim_season.season,
    dim_date.iso_weekday,
    dim_date.is_weekend,
    dim_date.quarter_hours
from datamart.dim_date
inner join datamart.dim_month using (month_id)
inner join datamart.dim_season using (season)
inner join datamart.dim_quarter using (quarter_id)
inner join datamart.dim_year using (year)
where dim_date.month_id > 0;
comment on view datamart.v_calendar is 'Civil days with month, quarter, year and season';
comment on column datamart.v_calendar.quarter_hours is 'How long the day is [quarter hours]';

create or replace view datamart.v_power as
select
    fact_power.civil_date,
    fact_power.date_heure,
    dim_time.label as heure,
    dim_hour.hour,
    dim_hour.period_of_day,
    fact_power.code_insee_region,
    dim_region.libelle_region,
    dim_region.zone,
    dim_nature.nature,
    fact_power.slot_minutes,
    fact_power.production_minutes,
    fact_power.consommation_mw,
    fact_power.production_mw,
    fact_power.thermique_mw,
    fact_power.nucleaire_mw,
    fact_power.eolien_mw,
    fact_power.solaire_mw,
    fact_power.hydraulique_mw,
    fact_power.bioenergies_mw,
    fact_power.eolien_terrestre_mw,
    fact_power.eolien_offshore_mw,
    fact_power.pompage_mw,
    fact_power.stockage_batterie_mw,
    fact_power.destockage_batterie_mw,
    fact_power.ech_physiques_mw,
    fact_power.consommation_mw * (fact_power.slot_minutes / 15) * 0.25 as consommation_mwh,
    fact_power.production_mw * (fact_power.production_minutes / 15) * 0.25 as production_mwh
from datamart.fact_power
inner join datamart.dim_time using (minute_of_day)
inner join datamart.dim_hour using (hour)
inner join datamart.dim_region using (code_insee_region)
inner join datamart.dim_nature using (nature_id);
comment on view datamart.v_power is 'Power by region and slot, with names; energy of load and production';
comment on column datamart.v_power.consommation_mwh is 'Load: energy of the slot [MWh]';
comment on column datamart.v_power.production_mwh is 'Production: energy of the slot [MWh]';

create or replace view datamart.v_daily_balance as
select
    fact_daily_balance.civil_date,
    fact_daily_balance.consommation_mwh,
    fact_daily_balance.production_mwh,
    fact_daily_balance.ech_physiques_mwh,
    fact_daily_balance.taux_co2_g_kwh,
    fact_daily_balance.measured_slots,
    fact_daily_balance.mix_slots,
    fact_daily_balance.expected_slots,
    dim_nature.nature
from datamart.fact_daily_balance
inner join datamart.dim_nature using (nature_id);
comment on view datamart.v_daily_balance is 'Load, production, physical exchanges [MWh] and CO₂ intensity [g/kWh] of France by day';

create or replace view datamart.v_daily_mix as
select
    fact_daily_mix.civil_date,
    fact_daily_mix.source,
    dim_source.meaning,
    dim_source.family,
    fact_daily_mix.energy_mwh,
    fact_daily_mix.production_share,
    fact_daily_mix.known_slots,
    dim_nature.nature
from datamart.fact_daily_mix
inner join datamart.dim_source using (source)
inner join datamart.dim_family using (family)
inner join datamart.dim_nature using (nature_id)
where dim_source.part_of is null and dim_family.is_production is not false;
comment on view datamart.v_daily_mix is 'Energy of France by day and source: the sources of production alone, so that sums are right';

create or replace view datamart.v_daily_mix_parts as
select
    fact_daily_mix.civil_date,
    dim_source.part_of as source,
    fact_daily_mix.source as part,
    dim_source.meaning,
    dim_source.family,
    fact_daily_mix.energy_mwh,
    fact_daily_mix.production_share,
    fact_daily_mix.known_slots,
    dim_nature.nature
from datamart.fact_daily_mix
inner join datamart.dim_source using (source)
inner join datamart.dim_nature using (nature_id)
where dim_source.part_of is not null;
comment on view datamart.v_daily_mix_parts is 'What sources are made of, by day: energy that v_daily_mix has in the source';

create or replace view datamart.v_daily_storage as
select
    fact_daily_mix.civil_date,
    fact_daily_mix.source as storage,
    dim_source.meaning,
    fact_daily_mix.energy_mwh,
    fact_daily_mix.known_slots,
    dim_nature.nature
from datamart.fact_daily_mix
inner join datamart.dim_source using (source)
inner join datamart.dim_family using (family)
inner join datamart.dim_nature using (nature_id)
where not dim_family.is_production;
comment on view datamart.v_daily_storage is 'Pumping and batteries of France by day [MWh]; what the grid gives to storage is negative';

create or replace view datamart.v_exchange as
select
    fact_exchange.civil_date,
    fact_exchange.border,
    countries.countries,
    fact_exchange.net_mwh,
    fact_exchange.import_mwh,
    fact_exchange.export_mwh,
    fact_exchange.known_slots,
    dim_nature.nature
from datamart.fact_exchange
inner join datamart.dim_nature using (nature_id)
left join (
    select
        border,
        string_agg(country, ', ' order by country) as countries
    from datamart.bridge_border_country
    group by border
) as countries using (border);
comment on view datamart.v_exchange is 'Commercial exchanges of France by day and border [MWh]; a border of two countries is one row';

create or replace view datamart.v_gas_stock as
select
    fact_gas_stock.civil_date,
    dim_storage_point.pits,
    dim_storage_point.operator,
    fact_gas_stock.stock_gwh,
    fact_gas_stock.is_complete_day
from datamart.fact_gas_stock
inner join datamart.dim_storage_point using (storage_point);
comment on view datamart.v_gas_stock is 'Gas in storage by day and storage point [GWh PCS 0 °C]; a stock, not to be summed over days';

create or replace view datamart.v_gas_daily as
select
    civil_date,
    case when bool_and(is_complete_day) then sum(stock_gwh) end as stock_gaz_gwh,
    sum(stock_gwh) as stock_reported_gwh,
    count(*)::integer as points_reporting,
    bool_and(is_complete_day) as is_complete_day
from datamart.fact_gas_stock
group by civil_date;
comment on view datamart.v_gas_daily is 'Gas in storage by day, summed over storage points [GWh PCS 0 °C]';
comment on column datamart.v_gas_daily.stock_gaz_gwh is 'Null on a day that was reported in part [GWh PCS 0 °C]';
comment on column datamart.v_gas_daily.stock_reported_gwh is 'What was reported, in part or whole [GWh PCS 0 °C]';

create or replace view datamart.v_temperature as
select
    fact_temperature.civil_date,
    fact_temperature.code_insee_region,
    dim_region.libelle_region,
    dim_region.zone,
    fact_temperature.tmin_c,
    fact_temperature.tmoy_c,
    fact_temperature.tmax_c
from datamart.fact_temperature
inner join datamart.dim_region using (code_insee_region);
comment on view datamart.v_temperature is 'Temperature by day and region [°C]';

-- Who may read ------------------------------------------------------------------------------------------------------------

-- `watthouse init-db` makes this role; another one is granted the same by hand
do $$
begin
    if exists (select from pg_roles where rolname = 'watthouse_reader') then
        grant usage on schema datamart to watthouse_reader;
        grant select on all tables in schema datamart to watthouse_reader;
        alter default privileges in schema datamart grant select on tables to watthouse_reader;
    end if;
end
$$;
