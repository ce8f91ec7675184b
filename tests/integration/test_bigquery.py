"""BigQuery as the warehouse, on its emulator: real exports through load jobs, models and tests to whole builds.

The emulator shows that the flow works. That BigQuery would take the same statements is checked against its reference.
"""

import csv
import io
import secrets
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from tests.bigquery_dialect import refusals
from tests.support import ROOT, watthouse
from tests.unit.lake.test_ledger import GAS, gas, observe
from tools.verify_bigquery import claims, verify
from watthouse.errors import TableError, UsageError, WarehouseError
from watthouse.lake.ledger import Lake
from watthouse.settings import Settings
from watthouse.storage import Folder
from watthouse.warehouse import engines
from watthouse.warehouse.bigquery.builds import first_days_of_decades
from watthouse.warehouse.bigquery.store import BigQuery

pytestmark = [pytest.mark.slow, pytest.mark.bigquery]

FILES: Final = (
    "odre/eco2mix-national-tr_2025-q1.parquet",
    "odre/eco2mix-national-cons-def_2024-01_6-rows.csv",
    "odre/eco2mix-regional-tr_paca_2020-05.csv",
    "odre/stock-quotidien-stockages-gaz_2010-2022.csv",
    "rte/eCO2mix_RTE_PACA_Annuel-Definitif_2014.xls",
    "rte/eCO2mix_RTE_tempo_2025-2026.xls",
)
"""Real exports of every kind, but for the largest: the emulator sends every row as JSON."""
MODELS: Final = {
    path.stem
    for path in (ROOT / "src/watthouse/transform/models").glob("*/*.sql")
    if path.parent.name in {"core", "marts", "energy_consumption"}
}


@dataclass(frozen=True)
class Emulated:
    """A project of this test's own on the emulator: its URL, and the variables by which watthouse reaches it."""

    endpoint: str
    project: str = field(default_factory=lambda: f"test-{secrets.token_hex(6)}")

    @property
    def variables(self) -> dict[str, str]:
        return {"WATTHOUSE_WAREHOUSE": f"bigquery://{self.project}", "WATTHOUSE_BIGQUERY_ENDPOINT": self.endpoint}

    @property
    def client(self) -> bigquery.Client:
        reached = ClientOptions(api_endpoint=self.endpoint)
        return bigquery.Client(self.project, credentials=AnonymousCredentials(), client_options=reached)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.client.query(sql).result()]

    def datasets(self) -> set[str]:
        return {found.dataset_id for found in self.client.list_datasets()}

    def warehouse(self, home: Path) -> BigQuery:
        found = engines.at(f"bigquery://{self.project}", Settings(home=home, bigquery_endpoint=self.endpoint))
        assert isinstance(found, BigQuery)
        return found


@pytest.fixture
def project(bigquery_server: str) -> Emulated:
    return Emulated(bigquery_server)


@dataclass(frozen=True)
class Built:
    """A home of real exports, and the same built on BigQuery from its lake."""

    home: Path
    emulated: Emulated
    report: str

    def on_bigquery(self, *words: str) -> Any:
        return watthouse(self.home, *words, env=self.emulated.variables)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, real_data: Path, bigquery_server: str) -> Built:
    home, emulated = tmp_path_factory.mktemp("bigquery") / "home", Emulated(bigquery_server)
    done = watthouse(home, "refresh", "--from", *(real_data / name for name in FILES))
    assert done.returncode == 0, done.stderr
    done = watthouse(home, "build", env=emulated.variables)
    assert done.returncode == 0, done.stderr
    return Built(home, emulated, done.stderr)


@pytest.mark.real
def test_every_table_holds_what_the_file_holds(built: Built) -> None:
    compared = built.on_bigquery("parity", str(built.home))
    lines = compared.stdout.splitlines()
    tables = {
        line.split()[0].partition(".")[2]: line.split()[1] for line in lines if line.count(".") and "equal" in line
    }
    assert compared.returncode == 0, compared.stdout
    assert tables == dict.fromkeys(MODELS, "equal")


@pytest.mark.real
def test_bigquery_would_take_every_statement(built: Built) -> None:
    """dbt's, with those by which it checks contracts and tests, and watthouse's own."""
    statements = {
        job.query for job in built.emulated.client.list_jobs(max_results=10_000) if isinstance(job, bigquery.QueryJob)
    }
    assert len(statements) > 2 * len(MODELS)
    # what the emulator does not keep of a table
    assert any("cluster by nature" in statement for statement in statements)
    assert any("partition by date_trunc(civil_date, month)" in statement for statement in statements)
    assert {reason for statement in statements for reason in refusals(statement)} == set()


@pytest.mark.real
def test_daily_merged_lies_in_a_part_a_day(built: Built) -> None:
    table = built.emulated.client.get_table(f"{built.emulated.project}.production.daily_merged")
    assert (table.time_partitioning.type_, table.time_partitioning.field) == ("DAY", "civil_date")


@pytest.mark.real
def test_a_reader_finds_the_marts_and_nothing_that_was_being_built(built: Built) -> None:
    assert built.emulated.datasets() == {"staging", "production"}
    names = {table.table_id for table in built.emulated.client.list_tables("production")}
    assert names == MODELS | {"watthouse_about", "watthouse_build", "watthouse_loads"}
    assert not [name.table_id for name in built.emulated.client.list_tables("staging") if "arriving" in name.table_id]


@pytest.mark.real
def test_show_says_the_same_as_of_the_file(built: Built) -> None:
    words = ("show", "daily_merged", "--since", "2025-01-01", "--until", "2025-01-31", "--format", "csv")
    here, there = built.on_bigquery(*words), watthouse(built.home, *words)
    assert here.returncode == 0, here.stderr
    assert len(here.stdout.splitlines()) == 32
    assert here.stdout == there.stdout


@pytest.mark.real
def test_the_tests_of_the_marts_find_the_same(built: Built) -> None:
    here, there = (_results(done.stdout) for done in (built.on_bigquery(*_TESTS), watthouse(built.home, *_TESTS)))
    assert len(here) > 40
    assert here == there


_TESTS: Final = ("tests", "--format", "csv")


def _results(text: str) -> dict[str, str]:
    return {row["name"]: row["places"] for row in csv.DictReader(io.StringIO(text))}


@pytest.mark.real
def test_a_build_of_what_is_built_does_nothing(built: Built) -> None:
    before = built.emulated.rows("select built_at from production.watthouse_build")
    done = built.on_bigquery("build")
    assert done.returncode == 0, done.stderr
    assert built.emulated.rows("select built_at from production.watthouse_build") == before


@pytest.mark.real
def test_the_command_for_an_account_tells_what_holds_from_what_does_not(built: Built) -> None:
    """The emulator bills nothing, and so refuses no query for what it costs: that claim must be seen to fail."""
    known = {claim.what: claim for claim in claims(built.home)}
    variables = {**built.emulated.variables, "WATTHOUSE_HOME": str(built.home)}
    asked = [
        replace(known[what], words=[word for word in known[what].words if word != "--sample"])
        for what in ("a mart is read where it lies", "a query over the cap is refused")
    ]
    assert verify(iter(asked), variables) == ["a query over the cap is refused"]


@pytest.mark.real
def test_its_marts_are_brought_to_a_file(built: Built, tmp_path: Path) -> None:
    lake = {"WATTHOUSE_LAKE": str(built.home / "lake")}
    endpoint = {"WATTHOUSE_BIGQUERY_ENDPOINT": built.emulated.endpoint}
    url = f"bigquery://{built.emulated.project}"
    done = watthouse(tmp_path, "build", "--from-engine", url, env={**lake, **endpoint})
    assert done.returncode == 0, done.stderr
    compared = watthouse(tmp_path, "parity", str(built.home), env=lake)
    assert compared.returncode == 0, compared.stdout


@pytest.mark.real
def test_pages_are_sent_to_an_engine_that_answers_them(built: Built) -> None:
    refused = built.on_bigquery("serve")
    assert refused.returncode == 2
    assert "build --from-engine bigquery://" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(Folder(str(tmp_path / "lake")))


def load(warehouse: BigQuery, lake: Lake, *, empty: bool = False) -> int:
    """Load and publish, without any model; returns the rows loaded."""
    head = lake.head(GAS)
    assert head
    with warehouse.draft(empty=empty) as draft:
        count = draft.load(lake, GAS, head)
        draft.describe({"kind": "published"})
        draft.remember([])
    return count


def interrupted(warehouse: BigQuery, lake: Lake) -> None:
    """A build that ends after its rows were loaded."""
    head = lake.head(GAS)
    assert head
    with warehouse.draft() as draft:
        draft.load(lake, GAS, head)
        raise InterruptedError


def test_only_what_is_new_is_loaded(project: Emulated, lake: Lake, tmp_path: Path) -> None:
    warehouse = project.warehouse(tmp_path)
    observe(lake, GAS, [gas(1, "10"), gas(2, "11")])
    assert load(warehouse, lake) == 2
    assert load(warehouse, lake) == 0
    observe(lake, GAS, [gas(2, "11.5"), gas(3, "12")])
    assert load(warehouse, lake) == 2
    raw = project.rows(
        "select date, stock_fin_de_journee from staging.stock_quotidien_stockages_gaz order by observed_at, date"
    )
    assert raw == [
        (date(2022, 1, 1), Decimal(10)),
        (date(2022, 1, 2), Decimal(11)),
        (date(2022, 1, 2), Decimal("11.5")),
        (date(2022, 1, 3), Decimal(12)),
    ]
    assert warehouse.loaded()[GAS.id].head == lake.head(GAS)
    assert load(warehouse, lake, empty=True) == 4  # all of it again, and none of it twice
    assert project.rows("select count(*) from staging.stock_quotidien_stockages_gaz") == [(4,)]
    (piece,) = warehouse.observations(GAS)
    assert piece.num_rows == 4


def test_a_build_that_fails_leaves_the_one_before(project: Emulated, lake: Lake, tmp_path: Path) -> None:
    warehouse = project.warehouse(tmp_path)
    observe(lake, GAS, [gas(1, "10")])
    load(warehouse, lake)
    before = warehouse.loaded()
    observe(lake, GAS, [gas(2, "11")])
    with pytest.raises(InterruptedError):
        interrupted(warehouse, lake)
    assert warehouse.loaded() == before  # its rows have arrived, yet the next build takes the dataset for moved
    warehouse.sweep()
    assert project.datasets() == {"staging", "production"}


def test_a_lake_that_lost_rows_is_not_followed(project: Emulated, lake: Lake, tmp_path: Path) -> None:
    warehouse = project.warehouse(tmp_path)
    observe(lake, GAS, [gas(1, "10"), gas(2, "11")])
    load(warehouse, lake)
    other = Lake(Folder(str(tmp_path / "other")))
    observe(other, GAS, [gas(1, "10")])
    observe(other, GAS, [gas(5, "13")])
    with pytest.raises(TableError, match="lacks 2 of the 2 observations"):
        load(warehouse, other)
    assert project.rows("select count(*) from staging.stock_quotidien_stockages_gaz") == [(2,)]


def test_a_table_is_replaced_where_its_columns_have_changed(project: Emulated, lake: Lake, tmp_path: Path) -> None:
    warehouse = project.warehouse(tmp_path)
    observe(lake, GAS, [gas(1, "10")])
    load(warehouse, lake)
    project.rows("create or replace table production.watthouse_about (name string) as select 'kind' as name")
    project.rows("create table production.of_an_older_version (a int64)")
    load(warehouse, lake, empty=True)
    assert warehouse.kind() == "published"
    assert "of_an_older_version" not in {table.table_id for table in project.client.list_tables("production")}


def test_a_raw_table_of_an_older_version_gets_its_columns(project: Emulated, lake: Lake, tmp_path: Path) -> None:
    known = {"date": "DATE", "stock_fin_de_journee": "NUMERIC", "source": "STRING", "observed_at": "TIMESTAMP"}
    columns = [bigquery.SchemaField(name, kind) for name, kind in known.items()]
    project.client.create_dataset("staging")
    project.client.create_table(bigquery.Table(f"{project.project}.staging.stock_quotidien_stockages_gaz", columns))
    observe(lake, GAS, [gas(1, "10")])
    assert load(project.warehouse(tmp_path), lake) == 1
    assert project.rows("select pits from staging.stock_quotidien_stockages_gaz") == [("Saline",)]


def test_what_is_published_can_be_kept(project: Emulated, lake: Lake, tmp_path: Path) -> None:
    warehouse = project.warehouse(tmp_path)
    assert warehouse.keep() is None
    observe(lake, GAS, [gas(1, "10")])
    load(warehouse, lake)
    kept = warehouse.keep()
    assert kept is not None
    dataset = kept.place.rpartition(" ")[2]
    assert project.rows(f"select count(*) from {dataset}.stock_quotidien_stockages_gaz") == [(1,)]


def test_nothing_is_there_before_the_first_build(project: Emulated, tmp_path: Path) -> None:
    warehouse = project.warehouse(tmp_path)
    assert (warehouse.loaded(), warehouse.kind(), warehouse.steps(), warehouse.tables("marts")) == ({}, None, None, [])
    with pytest.raises(WarehouseError, match="no warehouse at bigquery://"):
        warehouse.read("daily_merged")


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    variables = {"WATTHOUSE_WAREHOUSE": "bigquery://nowhere", "WATTHOUSE_BIGQUERY_ENDPOINT": "http://127.0.0.1:9"}
    done = watthouse(tmp_path, "show", "daily_merged", env={**variables, "WATTHOUSE_STORE_SECONDS": "1"})
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "bigquery://nowhere/production cannot be reached" in done.stderr


@pytest.mark.parametrize("url", ["bigquery://", "bigquery://one/two", "bigquery://me:secret@one", "bigquery://one?a=b"])
def test_a_url_that_names_no_project_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="bigquery://project") as refused:
        engines.at(url, Settings())
    assert "secret" not in str(refused.value)


def test_the_models_and_the_publisher_cut_decades_alike(project: Emulated) -> None:
    macros = (ROOT / "src/watthouse/transform/macros/bigquery.sql").read_text()
    assert str([*first_days_of_decades()]).replace("'", '"') in macros
