"""Meter files: loaded beside an ORM row by row, in memory that stays flat, and served beside Flask and psycopg2.

``python -m benchmarks.meters [ROWS]``: so many rows (1,000,000 unless it says otherwise), and ten times as many where
it is about growth.
"""

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx
import psycopg

from benchmarks import meter_rival
from benchmarks.database import postgres
from benchmarks.load import Load, Server, load, serving
from benchmarks.measure import WATTHOUSE, Run, run, watthouse
from benchmarks.meter_files import QUARTERS, ZONE, days, written
from benchmarks.results import put

HEADING: Final = "## Meter files"
ROWS: Final = 1_000_000
FEW: Final = 10_000
RIVAL_ROWS: Final = 100_000
CONNECTIONS: Final = 8
SECONDS: Final = 5
TARGETS: Final = {"PostgreSQL": 20, "SQLite": 8}


@dataclass(frozen=True)
class Store:
    """A home, and the database that its meter files lie in: a file of its own where ``dsn`` is empty."""

    home: Path
    dsn: str = ""

    @property
    def variables(self) -> dict[str, str]:
        own = {"WATTHOUSE_METER_TZ": ZONE, "WATTHOUSE_METER_FILES": str(self.home / "none")}
        return own | ({"WATTHOUSE_METER_DB": self.dsn} if self.dsn else {})

    @property
    def orm_url(self) -> str:
        return self.dsn.replace("postgresql:", "postgresql+psycopg2:", 1) or f"sqlite:///{self.home}/rival.sqlite"

    def load(self, path: Path, *words: str) -> Run:
        return watthouse("meters", "load", *words, str(path), home=self.home, environment=self.variables)

    @contextmanager
    def serving(self) -> Iterator[Server]:
        """``watthouse meters serve``, its view filled."""
        variables = {**self.variables, "WATTHOUSE_HOME": str(self.home), "WATTHOUSE_LOG_REQUESTS": "false"}
        with serving([WATTHOUSE, "meters", "serve"], variables, "/") as server:
            httpx.get(f"{server.url}/populate-view", timeout=600).raise_for_status()
            yield server


class _Scratch:
    """Files and stores of one measurement."""

    def __init__(self, folder: Path, socket: str, rows: int) -> None:
        self._folder, self._socket = folder, socket
        self.rows = rows
        self.few, self.usual, self.many = (
            written(folder / f"LP_{count}.csv", count) for count in (min(FEW, rows), rows, 10 * rows)
        )
        self.rival = written(folder / "LP_rival.csv", min(RIVAL_ROWS, rows))

    def store(self, engine: str, name: str) -> Store:
        home = self._folder / f"{engine}-{name}".lower()
        home.mkdir()
        if engine == "SQLite":
            return Store(home)
        with psycopg.connect(host=self._socket, user="postgres", autocommit=True) as connection:
            connection.execute(f"create database meters_{name}")  # type: ignore[call-overload]
        return Store(home, f"postgresql://postgres@/meters_{name}?host={self._socket}")


def section(rows: int = ROWS) -> str:
    """What was measured, as a section of RESULTS.md."""
    with TemporaryDirectory() as folder, postgres() as socket:
        scratch = _Scratch(Path(folder), socket, rows)
        lines = ["| what | s | peak memory, MB | against |", "|---|---:|---:|---|"]
        stores = {}
        for engine in TARGETS:
            few, usual, many = (scratch.store(engine, name) for name in ("few", "usual", "many"))
            lines += _loading(scratch, engine, few, usual, many)
            stores[engine] = few, many
        lines += ["", *_answering(scratch, stores)]
    again = "`python -m benchmarks.meters` alone measures this again: whole commands, start-up included."
    return "\n".join([HEADING, "", *lines, "", again, ""])


def _loading(scratch: _Scratch, engine: str, few: Store, usual: Store, many: Store) -> Iterator[str]:
    few.load(scratch.few)
    once, tenfold = usual.load(scratch.usual), many.load(scratch.many)
    yield f"| `meters load`, {scratch.rows:,} rows into {engine} | {once.seconds:.1f} | {once.peak_mb:,.0f} | |"
    yield (
        f"| … {10 * scratch.rows:,} rows | {tenfold.seconds:.1f} | {tenfold.peak_mb:,.0f} |"
        f" memory {tenfold.peak_mb / once.peak_mb:.2f} ×, target: flat |"
    )
    rival_rows = min(RIVAL_ROWS, scratch.rows)
    for way, words in ((meter_rival.FLUSHED, "row by row"), (meter_rival.ADDED, "bundled by the ORM")):
        rival = run([sys.executable, "-m", "benchmarks.meter_rival", usual.orm_url, str(scratch.rival), way])
        ratio = rival.seconds / rival_rows * scratch.rows / once.seconds
        target = f", target ≥ {TARGETS[engine]}" if way == meter_rival.FLUSHED else ""
        yield (
            f"| `session.add`, {words}, one commit, {rival_rows:,} rows | {rival.seconds:.1f} | {rival.peak_mb:,.0f} |"
            f" `meters load` is {ratio:.1f} × faster a row{target} |"
        )


def _answering(scratch: _Scratch, stores: dict[str, tuple[Store, Store]]) -> Iterator[str]:
    yield f"| `/get-data`, {CONNECTIONS} connections | requests/s | p99, ms | against |"
    yield "|---|---:|---:|---|"
    for engine, (few, many) in stores.items():
        small, large = _load(few, 1), _load(many, 10 * scratch.rows // (4 * QUARTERS) or 1)
        yield f"| {engine}, {min(FEW, scratch.rows):,} rows | {small.rate:,.0f} | {small.p99_ms:.1f} | |"
        yield (
            f"| {engine}, {10 * scratch.rows:,} rows | {large.rate:,.0f} | {large.p99_ms:.1f} |"
            f" p99 {large.p99_ms / small.p99_ms:.2f} ×, target ≤ 1.3 |"
        )
        if many.dsn:
            yield _beside_flask(many, large, 10 * scratch.rows)
        yield _reloading(scratch, engine, few)


def _load(store: Store, meters: int) -> Load:
    with store.serving() as server:
        return _under_wrk(server, meters)


def _under_wrk(server: Server, meters: int) -> Load:
    paths = _paths(meters)
    load(server, paths, connections=CONNECTIONS, seconds=2)  # a warm-up
    return load(server, paths, connections=CONNECTIONS, seconds=SECONDS)


def _paths(meters: int) -> list[str]:
    return [
        f"/get-data?meter_code={code}&serial_code={code}&date_time={day:%d/%m/%Y}"
        for code, day in days(min(meters, 100), 20 if meters == 1 else 200)
    ]


def _beside_flask(store: Store, ours: Load, rows: int) -> str:
    cores, threads = os.cpu_count() or 1, 4
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "benchmarks.meter_rival:create"]
    command += ["--workers", str(cores), "--blocking-threads", str(threads), "--no-log"]
    with serving(command, {"RIVAL_DSN": store.dsn, "RIVAL_THREADS": str(threads)}, "/") as server:
        flask = _under_wrk(server, rows // (4 * QUARTERS) or 1)
    return (
        f"| Flask and psycopg2 on the same table, {cores} processes of {threads} threads | {flask.rate:,.0f} |"
        f" {flask.p99_ms:.1f} | watthouse {ours.rate / flask.rate:.1f} ×, target ≥ 3 |"
    )


def _reloading(scratch: _Scratch, engine: str, store: Store) -> str:
    """A file is loaded again and again while its days are read: each answer has to be one."""
    with store.serving() as server, httpx.Client(base_url=server.url, timeout=60) as client:
        counts = {"answers": 0, "wrong": 0}
        path, ended = _paths(1)[0], threading.Event()

        def read() -> None:
            while not ended.is_set():
                answer = client.get(path)
                counts["answers"] += 1
                counts["wrong"] += answer.status_code != 200 or "avg_energy" not in answer.json()

        reader = threading.Thread(target=read)
        reader.start()
        for _ in range(5):
            store.load(scratch.few, "--again")
        ended.set()
        reader.join()
    wrong = f"{counts['wrong']:,} of {counts['answers']:,} answers wrong or empty, target: none"
    return f"| {engine}, while the file is loaded again five times | | | {wrong} |"


def main(arguments: Sequence[str]) -> None:
    rows = int(arguments[0]) if arguments else ROWS
    text = section(rows)
    print(text)
    if rows == ROWS:  # what is run to see that it works is no result
        put(text)


if __name__ == "__main__":
    main(sys.argv[1:])
