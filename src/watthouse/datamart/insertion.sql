-- From schema staging into the facts: the civil days that staging.day names are replaced, whole; every other day stays.
--
--   psql "$WATTHOUSE_DATAMART" -v ON_ERROR_STOP=1 --single-transaction -f insertion.sql
--
-- `watthouse datamart ship` runs this very file in the transaction in which it filled staging. Rows that are as they were
-- stay untouched, so that staging the same days again changes nothing. Whoever fills staging by hand writes '00', 'unknown'
-- or 0 for a member that is not known; a member that no dimension has yet is added to it.

-- one at a time, whoever runs this; the lock is given back at the end of the transaction
select pg_advisory_xact_lock(1463899723);

-- the planner has to know that these are few: facts are looked up by day then
analyze staging.day;

-- Members of dimensions ---------------------------------------------------------------------------------------------------

do $$
declare
    first_date date;
    last_date date;
begin
    select min(civil_date), max(civil_date) into first_date, last_date
    from (
        select civil_date from staging.day where stamp is not null
        union all
        select civil_date from datamart.dim_date where month_id > 0
    ) as days;
    if exists (select from staging.day where stamp is not null and civil_date not in (select civil_date from datamart.dim_date)) then
        call datamart.add_days(first_date, last_date);
    end if;
end
$$;

insert into datamart.dim_region (code_insee_region, libelle_region, zone, is_declared)
select code_insee_region, coalesce(libelle_region, code_insee_region), 'unknown', false
from staging.region
full join (
    select code_insee_region from staging.power
    union
    select code_insee_region from staging.temperature
) as staged using (code_insee_region)
on conflict (code_insee_region) do nothing;

insert into datamart.dim_source (source, family, meaning, is_declared)
select distinct source, 'unknown', source, false from staging.daily_mix
on conflict (source) do nothing;

insert into datamart.dim_border (border, meaning, is_declared)
select distinct border, border, false from staging.exchange
on conflict (border) do nothing;

insert into datamart.bridge_border_country (border, country)
select border, 'unknown' from datamart.dim_border
where border not in (select border from datamart.bridge_border_country);

insert into datamart.dim_operator (operator, is_declared)
select distinct operator, false from staging.storage_point
on conflict (operator) do nothing;

insert into datamart.dim_storage_point (storage_point, pits, operator)
select storage_point, coalesce(pits, storage_point), coalesce(operator, 'unknown')
from staging.storage_point
full join (select distinct storage_point from staging.gas_stock) as staged using (storage_point)
on conflict (storage_point) do nothing;

-- a number says nothing of a nature that is new
update staging.power set nature_id = 0 where nature_id not in (select nature_id from datamart.dim_nature);
update staging.daily_balance set nature_id = 0 where nature_id not in (select nature_id from datamart.dim_nature);
update staging.daily_mix set nature_id = 0 where nature_id not in (select nature_id from datamart.dim_nature);
update staging.exchange set nature_id = 0 where nature_id not in (select nature_id from datamart.dim_nature);

-- Rows that the warehouse no longer has -----------------------------------------------------------------------------------

-- by index, a day after the other: a hash join would read the years in between
set local enable_hashjoin = off;
set local enable_mergejoin = off;

delete from datamart.fact_power as fact using staging.day
where day.subject = 'regional' and fact.civil_date = day.civil_date and not exists (
    select from staging.power as staged
    where staged.civil_date = fact.civil_date
        and staged.code_insee_region = fact.code_insee_region
        and staged.date_heure = fact.date_heure
);

delete from datamart.fact_daily_balance as fact using staging.day
where day.subject = 'national' and fact.civil_date = day.civil_date and not exists (
    select from staging.daily_balance as staged
    where staged.civil_date = fact.civil_date
);

delete from datamart.fact_daily_mix as fact using staging.day
where day.subject = 'national' and fact.civil_date = day.civil_date and not exists (
    select from staging.daily_mix as staged
    where staged.civil_date = fact.civil_date
        and staged.source = fact.source
);

delete from datamart.fact_exchange as fact using staging.day
where day.subject = 'national' and fact.civil_date = day.civil_date and not exists (
    select from staging.exchange as staged
    where staged.civil_date = fact.civil_date
        and staged.border = fact.border
);

delete from datamart.fact_gas_stock as fact using staging.day
where day.subject = 'gas' and fact.civil_date = day.civil_date and not exists (
    select from staging.gas_stock as staged
    where staged.civil_date = fact.civil_date
        and staged.storage_point = fact.storage_point
);

delete from datamart.fact_temperature as fact using staging.day
where day.subject = 'temperature' and fact.civil_date = day.civil_date and not exists (
    select from staging.temperature as staged
    where staged.civil_date = fact.civil_date
        and staged.code_insee_region = fact.code_insee_region
);

set local enable_hashjoin = on;
set local enable_mergejoin = on;

-- Years that a fact has none of yet: their rows are taken at once, and leave staging ------------------------------------

call datamart.take_new_years('power');
call datamart.take_new_years('daily_balance');
call datamart.take_new_years('daily_mix');
call datamart.take_new_years('exchange');
call datamart.take_new_years('gas_stock');
call datamart.take_new_years('temperature');

-- Rows that are new, or differ --------------------------------------------------------------------------------------------

insert into datamart.fact_power as fact
select * from staging.power
on conflict (civil_date, date_heure, code_insee_region) do update set
    minute_of_day = excluded.minute_of_day,
    nature_id = excluded.nature_id,
    slot_minutes = excluded.slot_minutes,
    production_minutes = excluded.production_minutes,
    consommation_mw = excluded.consommation_mw,
    thermique_mw = excluded.thermique_mw,
    nucleaire_mw = excluded.nucleaire_mw,
    eolien_mw = excluded.eolien_mw,
    solaire_mw = excluded.solaire_mw,
    hydraulique_mw = excluded.hydraulique_mw,
    bioenergies_mw = excluded.bioenergies_mw,
    eolien_terrestre_mw = excluded.eolien_terrestre_mw,
    eolien_offshore_mw = excluded.eolien_offshore_mw,
    pompage_mw = excluded.pompage_mw,
    stockage_batterie_mw = excluded.stockage_batterie_mw,
    destockage_batterie_mw = excluded.destockage_batterie_mw,
    ech_physiques_mw = excluded.ech_physiques_mw,
    production_mw = excluded.production_mw
where fact is distinct from excluded;

insert into datamart.fact_daily_balance as fact
select * from staging.daily_balance
on conflict (civil_date) do update set
    consommation_mwh = excluded.consommation_mwh,
    production_mwh = excluded.production_mwh,
    ech_physiques_mwh = excluded.ech_physiques_mwh,
    taux_co2_g_kwh = excluded.taux_co2_g_kwh,
    measured_slots = excluded.measured_slots,
    mix_slots = excluded.mix_slots,
    expected_slots = excluded.expected_slots,
    nature_id = excluded.nature_id
where fact is distinct from excluded;

insert into datamart.fact_daily_mix as fact
select * from staging.daily_mix
on conflict (civil_date, source) do update set
    energy_mwh = excluded.energy_mwh,
    production_share = excluded.production_share,
    known_slots = excluded.known_slots,
    nature_id = excluded.nature_id
where fact is distinct from excluded;

insert into datamart.fact_exchange as fact
select * from staging.exchange
on conflict (civil_date, border) do update set
    net_mwh = excluded.net_mwh,
    import_mwh = excluded.import_mwh,
    export_mwh = excluded.export_mwh,
    known_slots = excluded.known_slots,
    nature_id = excluded.nature_id
where fact is distinct from excluded;

insert into datamart.fact_gas_stock as fact
select * from staging.gas_stock
on conflict (civil_date, storage_point) do update set
    stock_gwh = excluded.stock_gwh,
    is_complete_day = excluded.is_complete_day
where fact is distinct from excluded;

insert into datamart.fact_temperature as fact
select * from staging.temperature
on conflict (civil_date, code_insee_region) do update set
    tmin_c = excluded.tmin_c,
    tmoy_c = excluded.tmoy_c,
    tmax_c = excluded.tmax_c
where fact is distinct from excluded;

-- What the facts hold by now, and an empty staging -----------------------------------------------------------------------

delete from datamart.shipped_day as shipped using staging.day
where shipped.subject = day.subject and shipped.civil_date = day.civil_date and day.stamp is null;

insert into datamart.shipped_day as shipped (subject, civil_date, stamp)
select subject, civil_date, stamp from staging.day where stamp is not null
on conflict (subject, civil_date) do update set stamp = excluded.stamp
where shipped.stamp <> excluded.stamp;

truncate staging.day, staging.region, staging.storage_point, staging.power, staging.daily_balance, staging.daily_mix,
    staging.exchange, staging.gas_stock, staging.temperature;
