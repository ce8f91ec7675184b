"""`watthouse datamart ship`: from a warehouse of either engine to a second server, exactly, the days that differ."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from benchmarks import generate
from tests import engines, servers
from tests.integration import datamarts
from tests.integration.datamarts import AUTUMN, REAL_TIME, SPRING, assert_equal, built, held, row, run
from tests.support import begun, watthouse
from watthouse.datamart.place import LAYOUT

NOTHING = "nothing to ship"


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """To read only."""
    return built(tmp_path_factory.mktemp("datamart") / "home")


@pytest.fixture(scope="session")
def template(home: Path, warehouse_server: str, run_id: str) -> str:
    """The database of its warehouse, on the first server."""
    name = home.parent.parent / f"datamart_{home.parent.name.replace('-', '_')}"
    shutil.copytree(home, name)
    return engines.database_of_the_run(warehouse_server, run_id, name)


@dataclass(frozen=True)
class Sides:
    """A home of one's own, and the variables that name both sides."""

    home: Path
    datamart: str
    variables: Mapping[str, str]

    def call(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return watthouse(self.home, *words, env=self.variables)

    def ship(self, *words: str) -> str:
        done = self.call("datamart", "ship", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refresh(self, exports: Path) -> None:
        """In the warehouse that is shipped, and in the file that tests compare with."""
        for variables in ({}, self.variables):
            done = watthouse(self.home, "refresh", "--from", exports, env=variables)
            assert done.returncode == 0, done.stderr
            done = watthouse(self.home, "build", env=variables)
            assert done.returncode == 0, done.stderr


@pytest.fixture
def datamart(datamart_server: str) -> Iterator[str]:
    """An empty database on the second server."""
    with servers.database(datamart_server) as url:
        yield url


@pytest.fixture
def embedded(home: Path, datamart: str, tmp_path: Path) -> Sides:
    shutil.copytree(home, tmp_path / "home")
    return Sides(tmp_path / "home", datamart, {"WATTHOUSE_DATAMART": datamart})


@pytest.fixture
def served(embedded: Sides, template: str, warehouse_server: str) -> Iterator[Sides]:
    with engines.copied(warehouse_server, template) as variables:
        yield Sides(embedded.home, embedded.datamart, {**embedded.variables, **variables})


@pytest.fixture(params=["embedded", "served"])
def sides(request: pytest.FixtureRequest) -> Sides:
    """A warehouse of each engine in turn."""
    found: Sides = request.getfixturevalue(request.param)
    return found


def test_everything_is_shipped_as_it_is(sides: Sides) -> None:
    """Both changes of the clocks, negative values, holes, quarter hours beside half hours."""
    said = sides.ship()
    assert_equal(sides.home, sides.datamart)
    sums = [line.split() for line in said.splitlines() if line.startswith("fact_")]
    assert len(sums) == 14
    assert {float(line[-1]) for line in sums} == {0}
    for day, quarter_hours in ((SPRING, 92), (AUTUMN, 100), (REAL_TIME, 96)):
        assert row(sides.datamart, f"select quarter_hours from datamart.dim_date where civil_date = '{day}'") == (
            quarter_hours,
        )
    power = held(sides.datamart)["power"]
    assert any(one[7] is None for one in power), "a hole stays one"
    assert any(one[9] is not None and one[9] < 0 for one in power)
    assert {one[6] for one in power} == {15, 30}


def test_a_second_shipment_changes_nothing_and_says_so(sides: Sides) -> None:
    sides.ship()
    stamps = _written(sides.datamart)
    said = sides.ship()
    assert NOTHING in said
    assert "fact_power" in said, "both sides are added up all the same"
    assert _written(sides.datamart) == stamps
    sides.ship("--anew")
    assert _written(sides.datamart) == stamps, "rows that are as they were are not written again"


def test_only_the_days_that_differ_are_shipped(sides: Sides, tmp_path: Path) -> None:
    """A revision of an old day and a new day: every other row stays as it was written."""
    sides.ship()
    before = _written(sides.datamart)
    old = AUTUMN - timedelta(days=2)
    exports = datamarts.real_time(tmp_path / "revision", REAL_TIME, load_mw=4000)
    generate.exports(exports, AUTUMN + timedelta(days=3), 1)
    revised = generate.regional(old, 1)
    revised.with_columns(consommation=revised["consommation"] + 1).write_parquet(exports / "regional_old.parquet")
    sides.refresh(exports)
    said = sides.ship()
    assert "days that differed: 3 of regional, 2 of national, 1 of gas, 1 of temperature" in said
    assert_equal(sides.home, sides.datamart)
    after = _written(sides.datamart)
    touched = {day for day, _ in set(after.items()) ^ set(before.items())}
    assert touched == {old, REAL_TIME, AUTUMN + timedelta(days=3)}
    assert NOTHING in sides.ship()


def test_a_day_that_the_warehouse_no_longer_has_goes(sides: Sides, tmp_path: Path) -> None:
    """A warehouse that was restored from before a day and its revision came."""
    sides.ship()
    older = held(sides.datamart)
    older_file = sides.home / "older"
    shutil.copy(sides.home / "warehouse.duckdb", older_file)
    day = AUTUMN + timedelta(days=3)
    exports = datamarts.real_time(tmp_path / "revision", REAL_TIME, load_mw=4000)
    watthouse(sides.home, "refresh", "--from", generate.exports(exports, day, 1))
    later = Sides(sides.home, sides.datamart, {"WATTHOUSE_DATAMART": sides.datamart})
    assert "days removed" not in later.ship()
    assert_equal(sides.home, sides.datamart)
    older_file.replace(sides.home / "warehouse.duckdb")
    said = sides.ship()
    assert "4 days removed" in said
    assert held(sides.datamart) == older
    gone = f"select count(*) from datamart.shipped_day where civil_date = '{day}'"
    assert row(sides.datamart, gone) == (0,)


def test_another_warehouse_or_other_models_ship_every_day_again(embedded: Sides) -> None:
    embedded.ship()
    run(embedded.datamart, "update datamart.about set value = 'other' where name = 'identity'")
    run(embedded.datamart, "update datamart.fact_temperature set tmoy_c = tmoy_c + 1 where code_insee_region = '94'")
    assert "12 of temperature" in embedded.ship()
    assert_equal(embedded.home, embedded.datamart)


def test_days_of_gas_become_complete_by_what_is_reported_later(embedded: Sides, tmp_path: Path) -> None:
    """A point that stays silent for a month is closed: the days since its last report lack nothing any more."""
    first, points = date(2025, 1, 1), {("Storengy", "Centre"): 1000.5, ("Teréga", "Lussagnet"): 20.25}
    days = [first + timedelta(days=number) for number in range(6)]
    silent = {**points, ("Storengy", "Closed"): 3.125}
    embedded.refresh(datamarts.gas(tmp_path / "one", {days[0]: silent, **dict.fromkeys(days[1:], points)}))
    embedded.ship()
    complete = "select array_agg(distinct is_complete_day) from datamart.fact_gas_stock where civil_date"
    assert row(embedded.datamart, f"{complete} = '{first}'") == ([True],)
    assert row(embedded.datamart, f"{complete} between '{days[1]}' and '{days[-1]}'") == ([False],)
    short = "select stock_gaz_gwh, stock_reported_gwh::float from datamart.v_gas_daily"
    assert row(embedded.datamart, f"{short} where civil_date = '{days[1]}'") == (None, 1020.75)
    embedded.refresh(datamarts.gas(tmp_path / "two", {first + timedelta(days=40): points}))
    embedded.ship()
    assert row(embedded.datamart, f"{complete} between '{days[1]}' and '{days[-1]}'") == ([True],)
    assert_equal(embedded.home, embedded.datamart)


def test_a_storage_point_and_an_operator_that_are_new_join_their_dimensions(embedded: Sides, tmp_path: Path) -> None:
    embedded.ship()
    day = AUTUMN + timedelta(days=4)
    embedded.refresh(datamarts.gas(tmp_path / "new", {day: {("Géométhane", "Manosque"): 1.5}}))
    embedded.ship()
    assert_equal(embedded.home, embedded.datamart)
    declared = "select is_declared from datamart.dim_operator where operator ="
    assert row(embedded.datamart, f"{declared} 'Géométhane'") == (False,)
    assert row(embedded.datamart, f"{declared} 'Teréga'") == (True,)


def test_a_region_that_is_new_joins_its_dimension_whole_year_or_day(served: Sides) -> None:
    """On the first shipment rows become a partition as they stand, later they are inserted: both name it."""
    run(
        served.variables["WATTHOUSE_WAREHOUSE"],
        *(
            f"update {schema}_b1.{table} set code_insee_region = '98', {name} = 'Mer' where code_insee_region = '53'"
            for schema, table, name in (
                ("core", "core_regional_power", "libelle_region"),
                ("marts", "daily_regional", "libelle_region"),
                ("marts", "temperature_daily", "region"),
            )
        ),
    )
    for words in ((), ("--anew",)):
        run(served.datamart, *(["delete from datamart.fact_power where code_insee_region = '98'"] if words else []))
        served.ship(*words)
        known = "select libelle_region, zone, is_declared from datamart.dim_region where code_insee_region = '98'"
        assert row(served.datamart, known) == ("Mer", "unknown", False)
        assert row(served.datamart, "select count(*) > 500 from datamart.v_power where zone = 'unknown'") == (True,)


def test_sides_that_do_not_add_up_are_printed_and_end_with_1(embedded: Sides) -> None:
    """Somebody wrote into a fact: no day differs, and yet it is seen, and mended where that is asked for."""
    embedded.ship()
    run(embedded.datamart, "update datamart.fact_exchange set net_mwh = net_mwh - 1, import_mwh = import_mwh + 1 - 2"
        f" where border = 'suisse' and civil_date = '{REAL_TIME}' and import_mwh > 1")  # fmt: skip
    done = embedded.call("datamart", "ship")
    assert done.returncode == 1
    assert "fact_exchange (net imports, MWh) by -1.00" in done.stderr
    assert "`watthouse datamart ship --anew`" in done.stderr
    assert "fact_exchange" in done.stdout
    embedded.ship("--anew")
    assert_equal(embedded.home, embedded.datamart)


def test_what_was_left_in_staging_by_hand_is_not_shipped(embedded: Sides) -> None:
    embedded.ship()
    run(
        embedded.datamart,
        "insert into staging.day values ('gas', '2024-03-28', 'x'), ('gas', '1999-01-01', 'x')",
        "insert into staging.storage_point values ('x', 'x', 'x')",
        "insert into staging.gas_stock values ('2024-03-28', 'x', 1, true)",
        "create table staging.power_2024 (like datamart.fact_power)",
        "update datamart.shipped_day set stamp = 'other' where civil_date = '2024-03-28'",
    )
    assert "1 of gas" in embedded.ship()
    assert_equal(embedded.home, embedded.datamart)
    assert row(embedded.datamart, "select count(*) from datamart.dim_storage_point where storage_point = 'x'") == (0,)


def test_published_and_synthetic_figures_never_share_a_datamart(embedded: Sides) -> None:
    embedded.ship()
    run(embedded.datamart, "update datamart.about set value = 'seed=0' where name = 'kind'")
    done = embedded.call("datamart", "ship")
    assert done.returncode == 2
    assert "holds watthouse's synthetic sample (seed=0)" in done.stderr


@pytest.mark.parametrize(("layout", "advice"), [("0", "`watthouse datamart drop --yes`"), ("9", "upgrade watthouse")])
def test_a_datamart_of_another_version_is_refused(embedded: Sides, layout: str, advice: str) -> None:
    embedded.ship()
    run(embedded.datamart, f"update datamart.about set value = '{layout}' where name = 'layout'")
    for verb in ("ship", "status"):
        done = embedded.call("datamart", verb)
        assert done.returncode == 1
        assert f"layout {layout}, and this watthouse knows layout {LAYOUT}" in done.stderr
        assert advice in done.stderr
    assert embedded.call("datamart", "drop", "--yes").returncode == 0
    embedded.ship()
    assert_equal(embedded.home, embedded.datamart)


def test_a_schema_of_somebody_else_is_left_alone(embedded: Sides) -> None:
    run(embedded.datamart, "create schema datamart", "create table datamart.mine (x int)")
    done = embedded.call("datamart", "ship")
    assert (done.returncode, "did not make" in done.stderr) == (1, True)


def test_status_says_what_is_held_and_drop_removes_it(embedded: Sides) -> None:
    assert "run `watthouse datamart ship`" in embedded.call("datamart", "status").stderr
    embedded.ship()
    found = datamarts.status(embedded.home, embedded.variables)
    facts = {fact["fact"]: fact for fact in found["facts"]}
    days = len({day for day, *_ in held(embedded.datamart)["power"]})
    assert facts["fact_power"]["days"] == days
    assert (facts["fact_power"]["first"], facts["fact_power"]["last"]) == ("2024-03-28", str(REAL_TIME))
    assert facts["fact_power"]["bytes"] > 100_000
    assert found["shipments"] == 1
    said = embedded.call("datamart", "status").stdout
    assert "published data" in said
    assert "2024-11-02" in said
    refused = embedded.call("datamart", "drop")
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True)
    assert embedded.call("datamart", "drop", "--yes").returncode == 0
    assert row(embedded.datamart, "select count(*) from pg_namespace where nspname in ('datamart', 'staging')") == (0,)
    assert "there was no datamart" in embedded.call("datamart", "drop", "--yes").stdout


def test_without_a_warehouse_or_a_datamart_it_says_what_is_wanted(tmp_path: Path, datamart: str) -> None:
    done = watthouse(tmp_path, "datamart", "ship")
    assert done.returncode == 2
    assert "set WATTHOUSE_DATAMART" in done.stderr
    done = watthouse(tmp_path, "datamart", "ship", env={"WATTHOUSE_DATAMART": datamart})
    assert (done.returncode, "run `watthouse refresh`" in done.stderr) == (1, True)
    assert row(datamart, "select count(*) from pg_namespace where nspname = 'datamart'") == (0,), "nothing was made"


def test_a_warehouse_without_rows_makes_an_empty_datamart(tmp_path: Path, datamart: str) -> None:
    done = watthouse(begun(tmp_path / "home"), "datamart", "ship", env={"WATTHOUSE_DATAMART": datamart})
    assert done.returncode == 0, done.stderr
    assert NOTHING in done.stdout
    assert held(datamart)["power"] == []


def test_the_loader_ships_and_the_reader_reads(embedded: Sides) -> None:
    passwords = {"WATTHOUSE_LOADER_PASSWORD": "loader", "WATTHOUSE_READER_PASSWORD": "reader"}
    made = watthouse(embedded.home, "init-db", embedded.datamart, env=passwords)
    assert made.returncode == 0, made.stderr
    loader, reader = (servers.as_role(embedded.datamart, f"watthouse_{name}", name) for name in ("loader", "reader"))
    shipped = watthouse(embedded.home, "datamart", "ship", env={"WATTHOUSE_DATAMART": loader})
    assert shipped.returncode == 0, shipped.stderr
    assert len(held(reader)["power"]) > 1000
    assert datamarts.status(embedded.home, {"WATTHOUSE_DATAMART_READER": reader})["shipments"] == 1
    refused = watthouse(embedded.home, "datamart", "ship", "--anew", env={"WATTHOUSE_DATAMART": reader})
    assert refused.returncode == 1
    assert "watthouse init-db" in refused.stderr
    with psycopg.connect(reader) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("delete from datamart.fact_power")


@pytest.mark.real
def test_real_files_add_up_to_the_last_mwh(real_data: Path, tmp_path: Path, datamart: str) -> None:
    """Half hours of a year with both changes of the clocks, real time of three months, gas of twelve years."""
    names = ("hauts-de-france_2024", "paca_2020-05", "national-tr_2025-q1", "gaz", "temperature")
    files = [path for path in sorted((real_data / "odre").iterdir()) if any(name in path.name for name in names)]
    assert len(files) == len(names)
    home = begun(tmp_path / "home")
    done = watthouse(home, "refresh", "--from", *files)
    assert done.returncode == 0, done.stderr
    shipped = watthouse(home, "datamart", "ship", env={"WATTHOUSE_DATAMART": datamart})
    assert shipped.returncode == 0, shipped.stderr
    assert_equal(home, datamart)
    again = watthouse(home, "datamart", "ship", env={"WATTHOUSE_DATAMART": datamart})
    assert NOTHING in again.stdout


def _written(url: str) -> dict[date, str]:
    """Which transactions wrote the rows of each day, over all facts."""
    facts = ("power", "daily_balance", "daily_mix", "exchange", "gas_stock", "temperature")
    rows = " union all ".join(
        f"select civil_date, xmin::text::bigint as xmin from datamart.fact_{fact}" for fact in facts
    )
    query = f"select civil_date, string_agg(distinct xmin::text, ' ') from ({rows}) as written group by civil_date"
    with psycopg.connect(url) as connection:
        return dict(connection.execute(query.encode()).fetchall())
