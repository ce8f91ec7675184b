"""A shipment that is cut short leaves the datamart as it was, and the next one ends where it would have."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final

import psycopg
import pytest

from tests import engines, servers
from tests.integration import datamarts
from tests.integration.datamarts import REAL_TIME, assert_equal, built, held, row, run
from tests.killing import at
from tests.support import command, environment, watthouse
from tools.services import SERVERS, Services
from tools.services.base import ServiceFailedError
from watthouse.database import LockedError
from watthouse.datamart import place
from watthouse.errors import BusyError
from watthouse.settings import Settings
from watthouse.warehouse.engines import warehouse

NEW_YEAR: Final = date(2025, 1, 1)
MIDDLE: Final = {
    "before anything is copied": ("before", "watthouse.datamart.place:Mart.copy"),
    "with staging half full": ("after", "watthouse.datamart.place:Mart.copy"),
    "before the end": ("before", "watthouse.datamart.reconciliation:reconciled"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """To read only."""
    return built(tmp_path_factory.mktemp("datamart") / "home")


@pytest.fixture(scope="module")
def later(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same home with a revision of a day."""
    folder = tmp_path_factory.mktemp("later") / "home"
    shutil.copytree(home, folder)
    exports = datamarts.real_time(folder.parent / "exports", REAL_TIME, load_mw=4000)
    done = watthouse(folder, "refresh", "--from", exports)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def datamart(datamart_server: str) -> Iterator[str]:
    with servers.database(datamart_server) as url:
        yield url


def ship(home: Path, variables: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return watthouse(home, "datamart", "ship", *words, env=variables)


def shipped(home: Path, variables: Mapping[str, str], *words: str) -> str:
    done = ship(home, variables, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestTheSecondServer:
    """Killed by SIGKILL in the middle of a shipment, and started again."""

    @pytest.mark.parametrize(("when", "point"), MIDDLE.values(), ids=MIDDLE)
    def test_is_killed(self, own_servers: Services, home: Path, later: Path, when: str, point: str) -> None:
        running = servers.up(own_servers, "datamart-db")
        url = SERVERS["datamart-db"].url(running)
        variables = {"WATTHOUSE_DATAMART": url}
        shipped(home, variables)
        killed = ship(later, {**variables, **at(when, point, running.pid)})
        assert killed.returncode == 1
        line = killed.stderr.strip().splitlines()[-1]
        assert line.endswith("went away: the datamart stays as it was, run again")
        assert running.password not in killed.stdout + killed.stderr
        again = _start_again(own_servers, "datamart-db")
        assert_equal(home, again)
        shipped(later, {"WATTHOUSE_DATAMART": again})
        assert_equal(later, again)

    def test_is_killed_in_the_first_shipment(self, own_servers: Services, home: Path) -> None:
        """Tables and rows of a transaction that was never seen: nothing of them is left."""
        running = servers.up(own_servers, "datamart-db")
        url = SERVERS["datamart-db"].url(running)
        killed = ship(home, {"WATTHOUSE_DATAMART": url, **at(*MIDDLE["before the end"], running.pid)})
        assert killed.returncode == 1
        again = _start_again(own_servers, "datamart-db")
        assert row(again, "select count(*) from pg_namespace where nspname in ('datamart', 'staging')") == (0,)
        shipped(home, {"WATTHOUSE_DATAMART": again})
        assert_equal(home, again)


class TestTheFirstServer:
    """Killed while its rows are being copied."""

    def test_is_killed(self, own_servers: Services, home: Path, later: Path, datamart: str, tmp_path: Path) -> None:
        running = servers.up(own_servers, "warehouse-db")
        url = SERVERS["warehouse-db"].url(running)
        folder = tmp_path / "home"
        shutil.copytree(later, folder)
        variables = {"WATTHOUSE_WAREHOUSE": url, "WATTHOUSE_DATAMART": datamart}
        assert watthouse(folder, "build", env=variables).returncode == 0
        shipped(home, {"WATTHOUSE_DATAMART": datamart})
        killed = ship(folder, {**variables, **at("after", "watthouse.datamart.place:Mart.copy", running.pid)})
        assert killed.returncode == 1
        assert url.rsplit("@", 1)[1].split("/")[0] in killed.stderr, "the server that went is named"
        assert "went away" in killed.stderr
        assert_equal(home, datamart)
        again = {**variables, "WATTHOUSE_WAREHOUSE": _start_again(own_servers, "warehouse-db")}
        shipped(folder, again)
        assert_equal(later, datamart)


def test_the_shipper_is_killed(home: Path, later: Path, datamart: str) -> None:
    variables = {"WATTHOUSE_DATAMART": datamart}
    shipped(home, variables)
    for when, point in MIDDLE.values():
        killed = ship(later, {**variables, **at(when, point)})
        assert killed.returncode == -signal.SIGKILL
        assert_equal(home, datamart)
    assert row(datamart, "select count(*) from staging.day") == (0,)
    shipped(later, variables)
    assert_equal(later, datamart)


def test_a_connection_that_is_cut_at_the_end(home: Path, later: Path, datamart: str) -> None:
    """Everything is inserted, and only the note of the shipment waits for a lock."""
    variables = {"WATTHOUSE_DATAMART": datamart}
    shipped(home, variables)
    with _locked(datamart, "datamart.shipment"):
        process = _begun(later, variables)
        _wait(datamart, "wait_event_type = 'Lock' and query like 'insert into datamart.shipment%'")
        cut = "select pg_terminate_backend(pid) from pg_stat_activity where query like 'insert into datamart.shipment%'"
        row(datamart, f"{cut} and datname = current_database() and pid <> pg_backend_pid()")
        _, said = process.communicate()
    assert process.returncode == 1
    assert said.strip().splitlines()[-1].endswith("went away: the datamart stays as it was, run again")
    assert_equal(home, datamart)
    shipped(later, variables)
    assert_equal(later, datamart)


def test_an_interrupt_takes_everything_back(home: Path, later: Path, datamart: str) -> None:
    variables = {"WATTHOUSE_DATAMART": datamart}
    shipped(home, variables)
    with _locked(datamart, "datamart.shipment"):
        process = _begun(later, variables)
        _wait(datamart, "wait_event_type = 'Lock' and query like 'insert into datamart.shipment%'")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "stopped: the datamart stays as it was, run it again" in said
    assert_equal(home, datamart)


def test_a_second_shipper_waits_says_so_and_ships_what_is_left(home: Path, later: Path, datamart: str) -> None:
    variables = {"WATTHOUSE_DATAMART": datamart}
    shipped(home, variables)
    with _locked(datamart, "datamart.shipment"):
        first = _begun(later, variables)
        _wait(datamart, "wait_event_type = 'Lock' and query like 'insert into datamart.shipment%'")
        second = _begun(later, variables)
        _wait(datamart, "wait_event = 'advisory'")
        assert_equal(home, datamart)
    assert first.wait() == 0
    said, told = second.communicate()
    assert second.returncode == 0, told
    assert re.search(r"another shipment is writing to postgresql://\S+: waiting for it to end", told)
    assert "nothing to ship" in said
    assert_equal(later, datamart)


def test_a_reader_does_not_hold_a_shipment_up(home: Path, later: Path, datamart: str, tmp_path: Path) -> None:
    """Nor does a shipment that adds a year hold up a reader, who goes on to see what was there before."""
    variables = {"WATTHOUSE_DATAMART": datamart}
    shipped(home, variables)
    exports = datamarts.real_time(tmp_path / "exports", NEW_YEAR)
    shutil.copytree(later, tmp_path / "home")
    later = tmp_path / "home"
    assert watthouse(later, "refresh", "--from", exports).returncode == 0
    before = held(datamart)
    with psycopg.connect(datamart) as connection:
        connection.execute("set transaction isolation level repeatable read")
        (rows,) = connection.execute("select count(*) from datamart.v_power").fetchone() or (0,)
        shipped(later, variables)
        assert connection.execute("select count(*) from datamart.v_power").fetchone() == (rows,)
    assert held(datamart) != before
    assert_equal(later, datamart)


def test_a_lock_that_somebody_keeps_is_not_waited_for_for_ever(
    home: Path, datamart: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped(home, {"WATTHOUSE_DATAMART": datamart})
    monkeypatch.setattr(place, "_SETTINGS", {**place._SETTINGS, "lock_timeout": "200ms"})
    target = place.Datamart(datamart)
    with (
        _locked(datamart, "datamart.fact_power"),
        pytest.raises(LockedError, match="another session holds what is needed"),
    ):
        target.drop(print)
    assert_equal(home, datamart)
    monkeypatch.setattr(place, "_PATIENCE", "200ms")
    with target.writing(print), pytest.raises(BusyError, match="another shipment is writing"):
        target.drop(print)


@pytest.mark.parametrize("of", ["datamart", "warehouse"])
def test_what_is_wrong_about_a_server_is_said_in_one_line(home: Path, datamart: str, database: str, of: str) -> None:
    variables = {"WATTHOUSE_DATAMART": datamart}
    name, right = ("WATTHOUSE_DATAMART", datamart) if of == "datamart" else ("WATTHOUSE_WAREHOUSE", database)
    for url, line in (
        (re.sub(r":[^:@/]+@", ":hunter2@", right), "password authentication failed"),
        (f"{right}_not", "does not exist"),
        (re.sub(r":\d+/", ":9/", right), "cannot be reached (the connection was refused)"),
    ):
        done = ship(home, {**variables, name: url})
        assert done.returncode == 1
        assert line in done.stderr.strip().splitlines()[-1]
        assert "hunter2" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_a_user_without_rights_is_told_which_are_wanted(home: Path, datamart: str) -> None:
    run(datamart, "drop role if exists datamart_nobody", "create role datamart_nobody login password 'x'")
    nobody = servers.as_role(datamart, "datamart_nobody", "x")
    done = ship(home, {"WATTHOUSE_DATAMART": nobody})
    assert done.returncode == 1
    assert "permission denied for database" in done.stderr
    assert "grant CREATE on the database" in done.stderr
    shipped(home, {"WATTHOUSE_DATAMART": datamart})
    for verb in ("ship", "status"):
        done = watthouse(home, "datamart", verb, env={"WATTHOUSE_DATAMART": nobody})
        assert done.returncode == 1
        assert "permission denied for schema datamart" in done.stderr
    assert_equal(home, datamart)


def test_a_build_that_is_published_in_the_middle_does_not_mix_in(
    home: Path, datamart: str, warehouse_server: str, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shipment reads the build that was there when it began."""
    name = home.parent.parent / f"extract_{home.parent.name.replace('-', '_')}"
    shutil.copytree(home, name)
    template = engines.database_of_the_run(warehouse_server, run_id, name)
    with engines.copied(warehouse_server, template) as variables:
        both = {**variables, "WATTHOUSE_DATAMART": datamart}
        settings = Settings(home=home, warehouse=variables["WATTHOUSE_WAREHOUSE"])  # type: ignore[arg-type]
        load = "select sum(consommation_mwh) from marts_b1.daily_regional"
        before = row(variables["WATTHOUSE_WAREHOUSE"], load)

        def kind_meanwhile(_: object) -> str:
            run(variables["WATTHOUSE_WAREHOUSE"], "update marts_b1.daily_regional set consommation_mwh = 0")
            return "published"

        monkeypatch.setattr("watthouse.warehouse.postgres.builds.kind", kind_meanwhile)
        with warehouse(settings).extract() as extract:
            assert extract.rows(load) == [before]
        assert row(variables["WATTHOUSE_WAREHOUSE"], load) != before
        run(variables["WATTHOUSE_WAREHOUSE"], "update marts_b1.daily_mix set consommation_mwh = 0")
        assert ship(home, both).returncode == 1, "sides that do not add up"
        assert row(datamart, "select count(*) from pg_namespace where nspname = 'datamart'") == (0,)


@contextmanager
def _locked(url: str, table: str) -> Iterator[None]:
    """While somebody else has a lock on a table that lets others read."""
    with psycopg.connect(url) as connection:
        connection.execute(f"lock table {table} in exclusive mode".encode())
        yield


def _begun(home: Path, variables: Mapping[str, str]) -> "subprocess.Popen[str]":
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command("datamart", "ship"), env=environment(home, variables), text=True, **pipes)  # type: ignore[call-overload,no-any-return]


def _wait(url: str, condition: str) -> None:
    """Until a session of that database is there."""
    _until(lambda: bool(row(url, f"select 1 from pg_stat_activity where datname = current_database() and {condition}")))


def _until(happened: Callable[[], bool]) -> None:
    for _ in range(600):
        if happened():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in 30 s")


def _start_again(own: Services, name: str) -> str:
    # the processes of the one that was killed still hold its memory for a moment
    for attempt in range(40):
        try:
            return SERVERS[name].url(own.again(SERVERS[name]))
        except ServiceFailedError:
            if attempt == 39:
                raise
            time.sleep(0.5)
    raise AssertionError("not reached")
