"""Several loads of meter files at once, and who reads meanwhile: they take turns, and readers never wait."""

import os
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.integration.meter_store import MeterStore
from tests.support import command, environment
from tests.unit.meters.reading import LP, lp, write
from watthouse.errors import BusyError, DatabaseError
from watthouse.meters import queries
from watthouse.meters.storage import database as database_module
from watthouse.meters.storage.database import MeterDatabase

pytestmark = pytest.mark.slow


def test_two_loads_at_once_take_turns(meters: MeterStore, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    for file in range(6):
        write(folder / f"LP_{file}.csv", LP, *(lp(f"01/09/2015 {hour:02}:00:00", file) for hour in range(24)))
        os.utime(folder / f"LP_{file}.csv", (file + 1, file + 1))
    env = environment(meters.home, meters.variables)
    words = command("meters", "load", str(folder))
    both = [
        subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    results = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    counts = [out.splitlines()[-1].split() for out, _ in results]
    assert sum(int(words[0]) for words in counts) == 6
    assert sum(int(words[2]) for words in counts) == 6
    assert [row[3] for row in meters.values()] == [5] * 24
    assert meters.count("meter_files") == 6


def test_a_load_that_waits_too_long_says_so(filled: MeterStore, tmp_path: Path) -> None:
    path = write(tmp_path / "more.csv", LP, lp("01/09/2015 00:00:00", 1))
    before = filled.held()
    with _writing(filled):
        done = filled.run("load", path, env={"WATTHOUSE_METER_WAIT_SECONDS": "0.2"})
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert "another load has been writing into" in line
        assert line.endswith("for over 0.2 s: run again when it has ended, or raise WATTHOUSE_METER_WAIT_SECONDS")
        # who only reads does not wait
        assert filled.run("show", env={"WATTHOUSE_METER_WAIT_SECONDS": "0.2"}).returncode == 0
    assert filled.held() == before


def test_loads_that_wait_take_no_connection_from_those_who_read(filled: MeterStore) -> None:
    patient = filled.settings.model_copy(update={"meter_wait_seconds": 2})
    at_work, others = MeterDatabase(patient), MeterDatabase(patient)

    def write() -> None:
        with pytest.raises(BusyError), others.writing():
            pass

    with ThreadPoolExecutor(25) as pool, at_work.writing():
        waiting = [pool.submit(write) for _ in range(25)]
        time.sleep(0.3)
        began = time.monotonic()
        with others.reading() as connection:
            assert len(queries.meters(connection)) == 1
        assert time.monotonic() - began < 1
        for one in waiting:
            one.result()
    at_work.close()
    others.close()


def test_more_readers_than_connections_are_told_so(filled: MeterStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "_POOL", {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.05})
    database = MeterDatabase(filled.settings)
    with (
        database.reading(),
        pytest.raises(DatabaseError, match="is asked by too many at a time: try again in a while"),
        database.reading(),
    ):
        pass
    database.close()


def test_a_load_waits_for_another_one_and_goes_on_from_what_that_wrote(filled: MeterStore, tmp_path: Path) -> None:
    path = write(tmp_path / "more.csv", LP, lp("01/09/2015 00:00:00", 1))
    with ThreadPoolExecutor(1) as pool:
        with _writing(filled) as connection:
            loading = pool.submit(filled.load, path)
            time.sleep(1)
            assert not loading.done()
            moment = "now()" if filled.url else "0"
            connection.execute(f"insert into meter_marks (name, set_at) values ('test', {moment})")
        assert len(loading.result(60).loaded) == 1
    assert (filled.count("energy_data"), filled.count("meter_marks")) == (3, 1)


def _writing(meters: MeterStore) -> "psycopg.Connection[object] | sqlite3.Connection":
    """Another load at work, until the block ends."""
    if meters.url:
        connection = psycopg.connect(meters.url)
        connection.execute("select pg_advisory_xact_lock(x'6D65746572'::bigint)")
        return connection  # type: ignore[return-value]
    plain = sqlite3.connect(meters.home / "meters.sqlite", isolation_level=None)
    plain.execute("begin immediate")
    return plain
