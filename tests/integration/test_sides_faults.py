"""What the pages in Streamlit say where their side cannot be read, and that they go on once it can."""

import secrets
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import duckdb
import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from typer.testing import CliRunner

from tests import servers
from tests.integration.sides import CODES, LAST, OLD, RHONE, home_of_exports
from tests.support import ROOT, watthouse
from tools.services import SERVERS, Services
from watthouse.cli.main import app
from watthouse.database import Database
from watthouse.errors import DatabaseError, NoWarehouseError, QueryLimitError, UsageError, WarehouseError
from watthouse.serve.sides import datamart as datamart_side
from watthouse.serve.sides.connection import CONNECTIONS, Connections
from watthouse.serve.sides.opening import Sides
from watthouse.settings import Settings, StreamlitSide

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_of_exports(tmp_path_factory.mktemp("sides"))


@pytest.fixture
def datamart(home: Path, datamart_server: str) -> Iterator[str]:
    with servers.database(datamart_server) as url:
        ship(home, url)
        yield url


def ship(home: Path, url: str) -> None:
    done = watthouse(home, "datamart", "ship", env={"WATTHOUSE_DATAMART": url})
    assert done.returncode == 0, done.stderr


def on_datamart(url: str, **more: object) -> Sides:
    given = {"streamlit_on": StreamlitSide.DATAMART, "datamart_reader": url, **more}
    return Sides(Settings.model_validate(given))


def newest(sides: Sides) -> date:
    with sides.lease() as side:
        return side.extent[1]


def test_without_a_datamart_named_a_line_says_which_setting_is_missing() -> None:
    with pytest.raises(UsageError, match=r"no datamart is named: set WATTHOUSE_DATAMART_READER"):
        Sides(Settings(streamlit_on=StreamlitSide.DATAMART))
    left = CliRunner().invoke(app, ["serve", "--streamlit", "--on", "datamart"], env={"COLUMNS": "200"})
    assert left.exit_code == 2
    assert "no datamart is named: set WATTHOUSE_DATAMART_READER" in left.output


def test_without_the_driver_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datamart_side, "find_spec", lambda name: None if name == "psycopg" else object())
    with pytest.raises(UsageError, match=r"psycopg is not installed: pip install 'watthouse\[postgres\]'"):
        on_datamart("postgresql://127.0.0.1/none")


def test_a_side_is_refused_for_the_pages_that_have_none() -> None:
    left = CliRunner().invoke(app, ["serve", "--on", "datamart"], env={"COLUMNS": "200"})
    assert left.exit_code == 2
    assert "--on datamart is for the pages in Streamlit: add --streamlit" in left.output


def test_before_the_first_shipment_a_line_says_what_to_run(datamart_server: str) -> None:
    with (
        servers.database(datamart_server) as url,
        closing(on_datamart(url)) as sides,
        pytest.raises(
            NoWarehouseError, match=r"there is no datamart at postgresql://[^ ]+ yet: run `watthouse datamart"
        ),
        sides.lease(),
    ):
        pass


def test_a_warehouse_without_the_schema_says_what_to_run(home: Path, tmp_path: Path) -> None:
    older = Path(shutil.copytree(home, tmp_path / "home"))
    with duckdb.connect(older / "warehouse.duckdb") as connection:
        connection.execute("drop schema energy_consumption cascade")
    with (
        closing(Sides(Settings(home=older, streamlit_on=StreamlitSide.WAREHOUSE))) as sides,
        sides.lease() as side,
        pytest.raises(WarehouseError, match=r"has no energy_consumption.consumption: .*; run `watthouse refresh`"),
    ):
        side.extent  # noqa: B018


def test_a_server_that_goes_away_is_a_line_and_one_that_is_back_is_read_on(home: Path, own_servers: Services) -> None:
    running = own_servers.up(SERVERS["datamart-db"])
    url = SERVERS["datamart-db"].url(running)
    ship(home, url)
    with closing(on_datamart(url)) as sides:
        assert newest(sides) == LAST
        own_servers.down("datamart-db", signal.SIGKILL)
        with pytest.raises(DatabaseError, match=r"cannot be reached|went away") as refused, sides.lease():
            pass
        assert "\n" not in str(refused.value)
        assert running.password not in str(refused.value)
        own_servers.again(SERVERS["datamart-db"])
        assert newest(sides) == LAST


def test_connections_that_are_cut_are_made_anew(datamart: str) -> None:
    with closing(on_datamart(datamart)) as sides:
        for _ in range(3):
            assert newest(sides) == LAST
            with psycopg.connect(datamart) as connection:
                cut = connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and application_name = 'watthouse'"
                )
                assert cut.rowcount == 1, "one connection is kept and used again"


def test_a_new_shipment_is_seen_by_the_next_visit(datamart: str) -> None:
    with closing(on_datamart(datamart)) as sides:
        assert newest(sides) == LAST
        with psycopg.connect(datamart) as connection:
            for fact in ("fact_power", "fact_daily_balance"):
                connection.execute(
                    SQL("delete from datamart.{} where civil_date = %s").format(Identifier(fact)), [LAST]
                )
            connection.commit()
            assert newest(sides) == LAST, "an answer is kept as long as nothing was shipped"
            connection.execute("update datamart.about set value = 'later' where name = 'shipped_at'")
        assert newest(sides) == LAST - timedelta(days=1)


def test_a_role_that_may_not_read_is_told_whom_to_ask(datamart: str) -> None:
    with psycopg.connect(datamart, autocommit=True) as connection:
        role = f"stranger_{datamart.rpartition('_')[2]}"
        connection.execute(SQL("create role {} login password 'x'").format(Identifier(role)))
        try:
            with (
                closing(on_datamart(servers.as_role(datamart, role, "x"))) as sides,
                pytest.raises(DatabaseError, match="ask its owner for USAGE on schema datamart"),
                sides.lease(),
            ):
                pass
        finally:
            connection.execute(SQL("drop role {}").format(Identifier(role)))


@pytest.fixture
def connections(datamart: str) -> Iterator[Connections]:
    with closing(Connections(Database(datamart, "WATTHOUSE_DATAMART"), 0.5)) as made:
        yield made


def test_a_question_that_takes_too_long_is_given_up(connections: Connections) -> None:
    began = time.monotonic()
    with pytest.raises(QueryLimitError, match=r"longer than 0.5 s"):
        connections.rows("select pg_sleep(30)::text")
    assert time.monotonic() - began < 5
    assert connections.rows("select 1 as one").to_dicts() == [{"one": 1}]


def test_more_readers_than_connections_take_turns(datamart: str) -> None:
    answered_by: list[int] = []
    ask = "select pg_backend_pid() as pid, pg_sleep(0.05)::text"
    with closing(Connections(Database(datamart, "WATTHOUSE_DATAMART"), 60)) as connections:
        readers = [
            threading.Thread(target=lambda: answered_by.append(connections.rows(ask)["pid"].item())) for _ in range(10)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    assert len(answered_by) == 10
    assert 1 < len(set(answered_by)) <= CONNECTIONS


def test_nothing_can_be_written(connections: Connections) -> None:
    with pytest.raises(DatabaseError, match="read-only transaction"):
        connections.rows("delete from datamart.fact_power returning civil_date")


def test_what_is_asked_for_is_bound_and_never_run(datamart: str) -> None:
    with closing(on_datamart(datamart)) as sides, sides.lease() as side:
        assert side.through(f"{RHONE}' or '1' = '1", OLD, LAST).frame.is_empty()
        assert side.means("consommation", OLD, LAST).frame.height == len(CODES)


def test_the_role_of_the_documents_reads_every_page(datamart: str) -> None:
    page = (ROOT / "docs" / "datamart.md").read_text().partition("\n## Roles\n")[2]
    role = f"reader_{secrets.token_hex(6)}"
    script = page.partition("```sql\n")[2].partition("```")[0].replace("analyst", role)
    assert role in script
    with psycopg.connect(datamart, autocommit=True) as owner:
        owner.execute(SQL("create role {} login password 'reads'").format(Identifier(role)))
        owner.execute(script.encode())
        try:
            with closing(on_datamart(servers.as_role(datamart, role, "reads"))) as sides, sides.lease() as side:
                assert side.means("consommation", OLD, LAST).frame.height == len(CODES)
                assert side.france is not None
                assert side.france.total("nucleaire", OLD, LAST).frame.height == 1
        finally:
            owner.execute(SQL("drop owned by {0}; drop role {0}").format(Identifier(role)))
