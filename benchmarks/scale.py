"""A full build of 1.3, 13 and 130 years of history on DuckDB, PostgreSQL and Spark: time, memory, and where each ends.

13 years are what the service holds. The lake is the same for all three, and so is every table (``watthouse parity``),
which is checked where the history is short enough for that to be no second benchmark. All run on this machine, so that
one machine's work is compared. ``python -m benchmarks.scale --years 0.1 0.2`` tries it out.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Final

import psutil
import psycopg

from benchmarks import generate
from benchmarks.database import postgres
from benchmarks.measure import Run, watthouse
from benchmarks.results import put
from tests.spark import PYTHON, delta_jars
from watthouse.catalog import CATALOG
from watthouse.lake.ledger import Lake

HEADING: Final = "## Scale: DuckDB, PostgreSQL and Spark"
YEARS: Final = (1.3, 13.0, 130.0)
ENGINES: Final = ("DuckDB", "PostgreSQL", "Spark")
MEMORY: Final = "4GB"
"""What DuckDB and Spark's JVM may use; PostgreSQL is set as :mod:`benchmarks.database` says."""
_COMPARED_YEARS: Final = 13.0
_PIECE_DAYS: Final = 3_650
"""Made and fetched at a time: more would not fit into memory."""


@dataclass(frozen=True)
class Built:
    """A full build, and how much memory the machine had in use beyond what it had before: servers' included."""

    run: Run
    machine_mb: float


def section(years: Sequence[float] = YEARS) -> str:
    """What was measured, as a section of RESULTS.md."""
    with TemporaryDirectory(dir="/tmp") as folder, postgres() as socket:
        rows = [line for span in years for line in _history(Path(folder) / f"{span:g}", span, socket)]
    return "\n".join(
        [
            HEADING,
            "",
            f"`watthouse build --full` from the same lake: loaded or read where it lies, built by dbt, tested."
            f" {os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GB; DuckDB and Spark may use"
            f" {MEMORY}.",
            "",
            "| years | observations | engine | wall, s | against DuckDB | observations/s |"
            " peak memory of its processes, MB | of the machine, MB |",
            "|---:|---:|---|---:|---:|---:|---:|---:|",
            *rows,
            "",
            f"Up to {_COMPARED_YEARS:g} years every table is equal on all three (`watthouse parity`), or this would not"
            " print. `python -m benchmarks.scale` alone measures this again; docs/past-one-machine.md says what"
            " follows.",
            "",
        ]
    )


def _history(home: Path, years: float, socket: str) -> list[str]:
    observations = _fetched(home, round(years * 365.25))
    places = _places(home, socket)
    built = {name: _built(home, variables) for name, variables in places.items()}
    if years <= _COMPARED_YEARS:
        others = [places[name]["WATTHOUSE_WAREHOUSE"] for name in ENGINES[1:]]
        watthouse("parity", *others, home=home)
    usual = built["DuckDB"].run.seconds
    return [
        f"| {years:g} | {observations:,} | {name} | {each.run.seconds:.1f} | {each.run.seconds / usual:.1f} × |"
        f" {observations / each.run.seconds:,.0f} | {each.run.peak_mb:,.0f} | {each.machine_mb:,.0f} |"
        for name, each in built.items()
    ]


def _fetched(home: Path, days: int) -> int:
    """A lake with so many days; returns its observations."""
    for done in range(0, days, _PIECE_DAYS):
        with TemporaryDirectory(dir="/tmp") as folder:
            first = generate.FIRST + timedelta(days=done)
            exports = generate.exports(Path(folder), first, min(_PIECE_DAYS, days - done))
            watthouse("fetch", "--from", str(exports), home=home)
    lake = Lake(home / "lake")
    return sum(head.rows for dataset in CATALOG.values() if (head := lake.head(dataset)))


def _places(home: Path, socket: str) -> Mapping[str, Mapping[str, str]]:
    name = f"scale_{home.name.replace('.', '_')}"
    with psycopg.connect(host=socket, user="postgres", autocommit=True) as connection:
        connection.execute(f"create database {name}")  # type: ignore[call-overload]
    limit = {"WATTHOUSE_MEMORY_LIMIT": MEMORY, "WATTHOUSE_THREADS": str(os.cpu_count() or 2)}
    spark = {
        "WATTHOUSE_WAREHOUSE": f"spark://{home / 'on-spark'}",
        "WATTHOUSE_SPARK_PYTHON": str(PYTHON),
        "WATTHOUSE_SPARK_JARS": str(delta_jars()),
    }
    database = {"WATTHOUSE_WAREHOUSE": f"postgresql:///{name}?host={socket}&user=postgres"}
    return {"DuckDB": limit, "PostgreSQL": {**limit, **database}, "Spark": {**limit, **spark}}


def _built(home: Path, variables: Mapping[str, str]) -> Built:
    with _Watched() as watched:
        run = watthouse("build", "--full", home=home, environment=variables)
    return Built(run, watched.peak_mb)


class _Watched:
    """The most memory that the machine has in use during a block, beyond what it had before."""

    def __enter__(self) -> "_Watched":
        self.peak_mb = 0.0
        self._before, self._ended = _used(), Event()
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            self.peak_mb = max(self.peak_mb, (_used() - self._before) / 1e6)


def _used() -> int:
    memory = psutil.virtual_memory()
    return int(memory.total - memory.available)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=float, nargs="+", default=YEARS, help="histories to build; others print only")
    chosen = tuple(parser.parse_args().years)
    text = section(chosen)
    print(text)
    if chosen == YEARS:  # a trial writes nothing
        put(text)
