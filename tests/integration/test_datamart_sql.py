"""The two SQL files by plain psql, rows put into staging by hand; and what the tables refuse."""

from collections.abc import Iterator

import psycopg
import pytest

from tests import servers
from tests.integration.datamarts import SQL, psql, row, run
from watthouse.catalog import BORDERS, NATIONAL_SOURCES, NATURES, REGIONS, STORAGE, parts_of
from watthouse.datamart.facts import FACTS, SUBJECTS
from watthouse.datamart.place import LAYOUT

STAGED = (
    "insert into staging.day values ('regional', '2024-03-31', 'a'), ('national', '2024-03-31', 'a'),"
    " ('gas', '2024-03-31', 'a'), ('temperature', '2024-03-31', 'a')",
    "insert into staging.power (date_heure, civil_date, minute_of_day, slot_minutes, nature_id, code_insee_region,"
    " consommation_mw, pompage_mw) values ('2024-03-31 00:45Z', '2024-03-31', 105, 15, 2, '11', 5, null),"
    " ('2024-03-31 01:00Z', '2024-03-31', 180, 15, 2, '11', 7, -3),"
    " ('2024-03-31 01:00Z', '2024-03-31', 180, 30, 9, '97', 7, -3)",
    "insert into staging.daily_balance values ('2024-03-31', 6.25, null, -1, null, 2, 0, 92, 2)",
    "insert into staging.daily_mix values ('2024-03-31', 'nucleaire', 4.5, 0.9, 2, 2),"
    " ('2024-03-31', 'maree', 0.5, 0.1, 2, 2), ('2024-03-31', 'eolien_offshore', null, null, 0, 2)",
    "insert into staging.exchange values ('2024-03-31', 'suisse', -2, 1, 3, 2, 2),"
    " ('2024-03-31', 'irlande', 1, 1, 0, 2, 7)",
    "insert into staging.storage_point values ('Nouveau Puits', 'Puits', 'Nouveau')",
    "insert into staging.gas_stock values ('2024-03-31', 'Nouveau Puits', 12.5, false),"
    " ('2024-03-31', 'autre', 1, false)",
    "insert into staging.temperature values ('2024-03-31', '94', -1.5, 2, null)",
)


@pytest.fixture(scope="module")
def template(datamart_server: str) -> Iterator[str]:
    """A database in which the two files have run."""
    with servers.database(datamart_server) as url:
        for _ in range(2):
            made = psql(url, "-f", str(SQL / "creation.sql"))
            assert made.returncode == 0, made.stderr
        run(url, *STAGED)
        _insert(url)
        yield url


@pytest.fixture
def filled(datamart_server: str, template: str) -> Iterator[str]:
    """A copy of it."""
    with servers.database(datamart_server) as url, psycopg.connect(datamart_server, autocommit=True) as connection:
        copy = url.rsplit("/", 1)[1]
        connection.execute(f"drop database {copy}".encode())
        connection.execute(f"create database {copy} template {template.rsplit('/', 1)[1]}".encode())
        yield url


def _insert(url: str) -> None:
    done = psql(url, "-f", str(SQL / "insertion.sql"))
    assert done.returncode == 0, done.stderr


def test_rows_of_staging_reach_the_views(filled: str) -> None:
    assert row(
        filled, "select sum(consommation_mwh)::float, count(*) from datamart.v_power where zone <> 'unknown'"
    ) == (
        3.0,
        2,
    )
    calendar = "select year, quarter, month, season, quarter_hours from datamart.v_calendar"
    assert row(filled, calendar) == (2024, "2024-Q1", "2024-03", "spring", 92)
    assert row(filled, "select heure, hour, period_of_day from datamart.v_power where consommation_mw = 5") == (
        "01:45",
        1,
        "night",
    )
    assert row(filled, "select family, energy_mwh::float from datamart.v_daily_mix where source = 'nucleaire'") == (
        "nuclear",
        4.5,
    )
    assert row(filled, "select source, energy_mwh, known_slots from datamart.v_daily_mix_parts") == ("eolien", None, 0)
    assert row(filled, "select countries from datamart.v_exchange where border = 'suisse'") == ("Switzerland",)
    gas = "select stock_gaz_gwh, stock_reported_gwh::float, points_reporting from datamart.v_gas_daily"
    assert row(filled, gas) == (None, 13.5, 2)
    assert row(filled, "select libelle_region, tmax_c from datamart.v_temperature") == ("Corse", None)


def test_members_that_no_dimension_has_are_added_and_marked(filled: str) -> None:
    marked = "select count(*) from datamart.dim_{} where not is_declared"
    for dimension, members in (("region", 1), ("source", 1), ("border", 1), ("operator", 1)):
        assert row(filled, marked.format(dimension)) == (members,), dimension
    assert row(filled, "select zone, nature from datamart.v_power where code_insee_region = '97'") == (
        "unknown",
        "unknown",
    )
    assert row(filled, "select countries, nature from datamart.v_exchange where border = 'irlande'") == (
        "unknown",
        "unknown",
    )
    assert row(filled, "select family from datamart.v_daily_mix where source = 'maree'") == ("unknown",)
    assert row(filled, "select pits, operator from datamart.v_gas_stock where stock_gwh = 12.5") == ("Puits", "Nouveau")
    assert row(filled, "select pits, operator from datamart.v_gas_stock where stock_gwh = 1") == ("autre", "unknown")


def test_staging_the_same_again_changes_nothing(filled: str) -> None:
    written = "select array_agg(xmin::text order by date_heure, code_insee_region) from datamart.fact_power"
    before = row(filled, written)
    assert row(filled, "select count(*) from staging.day") == (0,)
    _insert(filled)
    run(filled, *STAGED)
    _insert(filled)
    assert row(filled, written) == before


def test_a_staged_day_replaces_that_day_and_no_other(filled: str) -> None:
    """A row that differs is updated, one that is gone goes, another subject and another day stay."""
    run(
        filled,
        "insert into staging.day values ('regional', '2024-03-31', 'b'), ('temperature', '2024-04-01', 'a')",
        *(
            statement.replace("105, 15, 2, '11', 5", "105, 15, 2, '11', 6")
            for statement in STAGED
            if "power" in statement
        ),
        "delete from staging.power where code_insee_region = '97'",
        "insert into staging.temperature values ('2024-04-01', '94', 0, 1, 2)",
    )
    _insert(filled)
    assert row(filled, "select array_agg(consommation_mw order by date_heure) from datamart.fact_power") == ([6, 7],)
    assert row(filled, "select count(*) from datamart.fact_temperature") == (2,)
    assert row(filled, "select count(*) from datamart.fact_exchange") == (2,)
    assert row(filled, "select stamp from datamart.shipped_day where subject = 'regional'") == ("b",)


def test_a_day_without_a_stamp_goes(filled: str) -> None:
    run(filled, "insert into staging.day values ('gas', '2024-03-31', null)")
    _insert(filled)
    assert row(filled, "select count(*) from datamart.fact_gas_stock") == (0,)
    assert row(filled, "select count(*) from datamart.shipped_day where subject = 'gas'") == (0,)
    assert row(filled, "select count(*) from datamart.fact_power") == (3,)


def test_a_staged_row_that_is_wrong_takes_everything_back(filled: str) -> None:
    run(filled, *STAGED, "update staging.power set consommation_mw = 100")
    run(filled, "alter table staging.power drop constraint fact_power_slot_minutes")
    run(filled, "update staging.power set slot_minutes = 20 where code_insee_region = '97'")
    done = psql(filled, "-f", str(SQL / "insertion.sql"))
    assert done.returncode != 0
    assert "fact_power_slot_minutes" in done.stderr
    assert row(filled, "select max(consommation_mw) from datamart.fact_power") == (7,)


COLUMNS = "(date_heure, civil_date, minute_of_day, nature_id, code_insee_region, slot_minutes)"
POWER = f"insert into datamart.fact_power {COLUMNS}"
REFUSED = {
    "no such region": f"{POWER} values ('2024-03-31 02:00Z', '2024-03-31', 240, 1, '12', 15)",
    "no such day": f"{POWER} values ('2024-05-31 02:00Z', '2024-05-31', 240, 1, '11', 15)",
    "no such nature": f"{POWER} values ('2024-03-31 02:00Z', '2024-03-31', 240, 4, '11', 15)",
    "no such time": f"{POWER} values ('2024-03-31 02:00Z', '2024-03-31', 1440, 1, '11', 15)",
    "no region": f"{POWER} values ('2024-03-31 02:00Z', '2024-03-31', 240, 1, null, 15)",
    "twice": f"{POWER} values ('2024-03-31 01:00Z', '2024-03-31', 180, 2, '11', 15)",
    "slot": f"{POWER} values ('2024-03-31 02:00Z', '2024-03-31', 240, 1, '11', 60)",
    "a year without a partition": f"{POWER} values ('1999-03-31 02:00Z', '1999-03-31', 240, 1, '11', 15)",
    "source": "insert into datamart.fact_daily_mix values ('2024-03-31', 'x', 1, 0.1, 2, 2)",
    "energy that no slot knows": "insert into datamart.fact_daily_mix values ('2024-03-31', 'gaz', 1, 0.1, 0, 2)",
    "border": "insert into datamart.fact_exchange values ('2024-03-31', 'x', 0, 0, 0, 2, 2)",
    "net of imports": "insert into datamart.fact_exchange values ('2024-03-31', 'italie', 5, 1, 3, 2, 2)",
    "exports below zero": "insert into datamart.fact_exchange values ('2024-03-31', 'italie', 4, 1, -3, 2, 2)",
    "balance twice": "insert into datamart.fact_daily_balance values ('2024-03-31', 1, 1, 1, 1, 1, 1, 92, 1)",
    "more slots than the day has": "update datamart.fact_daily_balance set measured_slots = 93",
    "slots of no day": "update datamart.fact_daily_balance set expected_slots = 95",
    "storage point": "insert into datamart.fact_gas_stock values ('2024-03-31', 'x', 1, true)",
    "stock": "insert into datamart.fact_gas_stock values ('2024-03-31', 'unknown', null, true)",
    "temperature of nothing": "insert into datamart.fact_temperature values ('2024-03-31', '11', null, null, null)",
    "a region in use": "delete from datamart.dim_region where code_insee_region = '11'",
    "month of another quarter": "update datamart.dim_month set quarter_id = 20242 where month_id = 202403",
    "length of a day": "update datamart.dim_date set quarter_hours = 95",
    "zone": "insert into datamart.dim_region values ('99', 'x', 'nowhere')",
    "family": "insert into datamart.dim_source values ('x', 'nowhere', null, 'x')",
    "country": "insert into datamart.bridge_border_country values ('suisse', 'nowhere')",
    "operator": "insert into datamart.dim_storage_point values ('x', 'x', 'nobody')",
    "subject": "insert into datamart.shipped_day values ('x', '2024-03-31', 'a')",
}


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED)
def test_constraints_refuse_what_cannot_be(template: str, statement: str) -> None:
    with psycopg.connect(template) as connection:
        with pytest.raises(psycopg.errors.IntegrityError):
            connection.execute(statement.encode())
        connection.rollback()


def test_every_constraint_is_validated_and_every_column_of_a_fact_says_its_unit(template: str) -> None:
    assert row(template, "select count(*) from pg_constraint where not convalidated") == (0,)
    measures = (
        "select string_agg(relname || '.' || attname, ' ') from pg_attribute join pg_class on pg_class.oid = attrelid"
        " where relnamespace = 'datamart'::regnamespace and relkind = 'p' and attnum > 0"
        " and attname ~ '_(mw|mwh|gwh|c|kwh|slots|minutes|share)$'"
        " and coalesce(col_description(attrelid, attnum), '') !~ '\\[.+\\]$'"
    )
    assert row(template, measures) == (None,)
    bare = (
        "select string_agg(relname, ' ') from pg_class where relnamespace = 'datamart'::regnamespace"
        " and relkind in ('r', 'p', 'v') and not relispartition and obj_description(oid, 'pg_class') is null"
    )
    assert row(template, bare) == (None,)


def test_dimensions_have_what_the_catalog_declares(template: str) -> None:
    def members(query: str) -> set[object]:
        with psycopg.connect(template) as connection:
            return {one for (one,) in connection.execute(query.encode()).fetchall()} - {"unknown", "00"}

    assert members("select code_insee_region from datamart.dim_region where is_declared") == {*REGIONS}
    assert members("select libelle_region from datamart.dim_region where is_declared") == {*REGIONS.values()}
    parts = {part.name for part in parts_of(NATIONAL_SOURCES)}
    assert members("select source from datamart.dim_source where is_declared") == {*NATIONAL_SOURCES, *STORAGE, *parts}
    for name, source in NATIONAL_SOURCES.items():
        of = f"select source from datamart.dim_source where part_of = '{name}'"
        assert members(of) == {part.name for part in source.parts}
    assert members("select border from datamart.dim_border where is_declared") == {*BORDERS}
    for name, border in BORDERS.items():
        assert members(f"select country from datamart.bridge_border_country where border = '{name}'") == {
            *border.countries
        }
    assert row(
        template, "select array_agg(nature order by nature_id) from datamart.dim_nature where nature_id > 0"
    ) == ([*NATURES],)


def test_the_program_and_the_files_agree(template: str) -> None:
    assert row(template, "select value from datamart.about where name = 'layout'") == (LAYOUT,)
    tables = "select array_agg(relname order by relname) from pg_class where relnamespace = 'datamart'::regnamespace"
    assert row(template, f"{tables} and relkind = 'p'") == (sorted(fact.table for fact in FACTS),)
    subjects = "select pg_get_constraintdef(oid) from pg_constraint where conname = 'shipped_day_subject_check'"
    assert all(f"'{subject.name}'" in row(template, subjects)[0] for subject in SUBJECTS)
