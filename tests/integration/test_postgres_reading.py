"""A server that reads PostgreSQL: what it holds there and for how long, and what it says when it is cut off."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import psycopg
import pytest

from tests import servers
from tests.engines import Builds, fill
from tests.integration.serving import Api, problem, served
from tools.services import SERVERS, Services
from watthouse.database import Database
from watthouse.errors import QueryLimitError, WarehouseError
from watthouse.warehouse.postgres import held
from watthouse.warehouse.postgres.held import CONNECTIONS, Held

pytestmark = [pytest.mark.slow]

MIX: Final = "/mix?interval=day"
LONG: Final = "/api/v1/marts/regional_slots/rows?format=csv"
CHANGE: Final = "update {marts}.daily_mix set nucleaire_mwh = 7"


@pytest.fixture
def reading(own: Path, own_database: Mapping[str, str], tmp_path: Path) -> Iterator[Api]:
    with served(own, tmp_path, WATTHOUSE_CACHE_BYTES="0", **own_database) as running:
        yield running


@pytest.fixture
def builds(own_database: Mapping[str, str], tmp_path: Path) -> Builds:
    return Builds(own_database["WATTHOUSE_WAREHOUSE"], tmp_path)


def cut(builds: Builds) -> int:
    """End every connection of watthouse to the database; returns how many there were."""
    with psycopg.connect(builds.url) as connection:
        return connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name = 'watthouse'"
        ).rowcount


def test_connections_that_are_cut_between_answers_are_not_noticed(reading: Api, builds: Builds) -> None:
    first = reading.get(MIX).json()
    for year in (2024, 2025, 2026):  # each is asked of the database
        assert cut(builds) >= 1
        assert reading.get(f"/mix?interval=hour&since={year}-01-01&until={year}-01-07").status_code == 200
        again = reading.get(MIX)
        assert again.json() == first
    assert builds.connections() <= CONNECTIONS + 2


def test_connections_that_are_cut_under_an_answer_are_taken_anew(reading: Api, builds: Builds) -> None:
    whole = reading.client.get(LONG).content
    with reading.client.stream("GET", LONG) as answer:
        pieces = answer.iter_bytes()
        text = next(pieces)
        assert cut(builds) >= 2
        text += b"".join(pieces)
    assert text == whole


def test_downloads_that_wait_for_their_readers_hold_no_connection(reading: Api, builds: Builds) -> None:
    """As many as there are connections would else keep everybody out."""
    with ExitStack() as waiting:
        for _ in range(CONNECTIONS + 2):
            answer = waiting.enter_context(reading.client.stream("GET", LONG, headers={"accept-encoding": "identity"}))
            next(answer.iter_bytes(1))
        assert reading.get(MIX).status_code == 200
        until(lambda: in_transactions(builds) == 1)
        assert builds.connections() <= CONNECTIONS + 2


def in_transactions(builds: Builds) -> int:
    """How many connections are in a transaction: the one that holds the snapshot, and those that answer."""
    found = builds.row(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and xact_start is not null and pid <> pg_backend_pid()"
    )
    return int(found[0])


def test_an_answer_that_is_cut_and_overtaken_ends_in_an_error_and_the_next_one_is_whole(
    held_build: Held, builds: Builds
) -> None:
    """The rows that it began with are gone: another build's must not follow them."""
    before = held_build.ask(lambda session: session.run("select changes from watthouse.current"))
    builds.replay(CHANGE, "another")
    assert held_build.ask(lambda session: session.run("select changes from watthouse.current")) == before
    cut(builds)
    with pytest.raises(WarehouseError, match="has been replaced since: ask again"):
        held_build.ask(lambda session: session.run("select 1"))
    assert not held_build.renew()


@pytest.fixture
def held_build(own_database: Mapping[str, str]) -> Iterator[Held]:
    with closing(Held.of(Database(own_database["WATTHOUSE_WAREHOUSE"]), 30)) as found:
        yield found


def test_a_server_without_questions_lets_go_of_its_snapshot_and_its_build(
    builds: Builds, monkeypatch: pytest.MonkeyPatch, own_database: Mapping[str, str]
) -> None:
    monkeypatch.setattr(held, "IDLE_SECONDS", 0.5)
    monkeypatch.setattr(held, "_WATCH_SECONDS", 0.1)
    with closing(Held.of(Database(own_database["WATTHOUSE_WAREHOUSE"]), 30)) as build:
        build.ask(lambda session: session.run("select 1"))
        assert snapshots(builds) == 1
        until(lambda: builds.connections() == 0)
        builds.anew(CHANGE, "another")
        assert builds.row("select count(*) from pg_namespace where nspname like 'marts_b%'") == (1,)
        with pytest.raises(WarehouseError, match="has been replaced since"):
            build.ask(lambda session: session.run("select 1"))


def snapshots(builds: Builds) -> int:
    """How many connections keep old rows from being removed."""
    found = builds.row(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and backend_xmin is not null and pid <> pg_backend_pid()"
    )
    return int(found[0])


def until(there: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_snapshot_that_was_let_go_is_taken_again_of_the_same_build(
    held_build: Held, builds: Builds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "_RENEWED_SECONDS", 0)
    old = held_build._anchor
    assert held_build.renew()
    assert held_build._anchor is not old
    assert held_build.ask(lambda session: session.run("select build from watthouse.current")) == [(builds.current,)]
    assert (snapshots(builds), builds.connections()) == (1, 2)


def test_old_rows_can_be_removed_while_a_download_waits_for_its_reader_too_long(
    held_build: Held, builds: Builds, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_build.ask(lambda session: session.run("select 1"))
    monkeypatch.setattr(held, "LONGEST_SECONDS", 0)
    held_build._let_go_of_old(time.monotonic())
    assert snapshots(builds) == 0


def test_no_lock_of_a_reader_keeps_a_refresh_waiting(reading: Api, builds: Builds) -> None:
    """What was known earlier is read from raw tables, to which a refresh may have to add a column or a partition."""
    assert reading.get(f"{MIX}&as_of=9999-01-01T00:00:00Z").status_code == 200
    with psycopg.connect(builds.url) as connection:
        connection.execute("set lock_timeout = '2s'")
        for (name,) in connection.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname like 'raw_b%'"
        ).fetchall():
            connection.execute(f"lock table {name} in access exclusive mode".encode())


def test_a_query_that_takes_too_long_is_given_up_and_its_connection_is_free(own_database: Mapping[str, str]) -> None:
    with closing(Held.of(Database(own_database["WATTHOUSE_WAREHOUSE"]), 0.3)) as hurried:
        for _ in range(CONNECTIONS + 1):
            with pytest.raises(QueryLimitError, match=r"takes longer than 0\.3 s"):
                hurried.ask(lambda session: session.run("select pg_sleep(20)"))
        assert hurried.ask(lambda session: session.run("select 1")) == [(1,)]


def test_a_server_that_was_restarted_between_two_answers_is_asked_again(
    own_servers: Services, warehouse_server: str, sampled_database: str, own: Path, tmp_path: Path
) -> None:
    servers.up(own_servers, "warehouse-db")
    server = SERVERS["warehouse-db"]
    running = own_servers.find(server.name)
    assert running
    variables = {"WATTHOUSE_WAREHOUSE": server.url(running), "WATTHOUSE_CACHE_BYTES": "0"}
    fill(warehouse_server, sampled_database, server.url(running))
    with served(own, tmp_path, **variables) as api:
        first = api.get(MIX).json()
        own_servers.down(server.name, signal.SIGINT)
        said = problem(api.get(MIX), 503)["detail"]
        assert "cannot be reached" in said
        assert running.password not in said
        assert str(running.port) not in said
        own_servers.again(server)
        assert api.get(MIX).json() == first
        own_servers.down(server.name, signal.SIGKILL)
        own_servers.again(server)
        assert api.get(MIX).json() == first


def test_an_empty_database_says_what_to_run_and_is_served_as_soon_as_it_is_built(
    database: str, warehouse_server: str, sampled_database: str, own: Path, tmp_path: Path
) -> None:
    with served(own, tmp_path, WATTHOUSE_WAREHOUSE=database) as api:
        for path in ("/api/v1/mix", "/api/v1/marts/daily_mix/rows?format=csv", "/api/v1/status", "/readyz"):
            answer = api.client.get(path)
            assert "`watthouse refresh`" in problem(answer, 503)["detail"]
            assert int(answer.headers["retry-after"]) > 0
        fill(warehouse_server, sampled_database, database)
        assert api.get("/mix").json()["rows"]
        assert api.client.get("/readyz").status_code == 200


def test_a_build_whose_schemas_somebody_dropped_is_missed_in_one_line(reading: Api, builds: Builds) -> None:
    assert reading.get(MIX).status_code == 200
    with psycopg.connect(builds.url) as connection:
        connection.execute(f"drop schema marts_b{builds.current} cascade".encode())
        connection.execute("update watthouse.current set changes = changes + 1")
    said = problem(reading.get(MIX), 503)["detail"]
    assert "`watthouse build --full`" in said
    assert "lacks schemas of its current build" in reading.log.read_text()
