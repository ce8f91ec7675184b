"""The datamart: a full shipment from one PostgreSQL server to another beside a bare COPY of its rows, and one day's.

Two servers over their sockets, set as :mod:`benchmarks.database` says.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import psycopg

from benchmarks import generate
from benchmarks.database import at_rest, postgres
from benchmarks.measure import Run, middle, timed, watthouse
from benchmarks.results import put
from watthouse.datamart.facts import FACTS
from watthouse.datamart.place import CREATION

HEADING: Final = "## The datamart on a second server"
LAST: Final = date(2025, 12, 31)
ROUNDS: Final = 3
DAYS: Final = 5


@dataclass(frozen=True)
class Side:
    """A database on one of the servers."""

    socket: str
    name: str

    @property
    def url(self) -> str:
        return f"postgresql:///{self.name}?host={self.socket}&user=postgres"

    def anew(self) -> "Side":
        with psycopg.connect(host=self.socket, user="postgres", autocommit=True) as connection:
            connection.execute(f"drop database if exists {self.name} with (force)".encode())
            connection.execute(f"create database {self.name}".encode())
        return self


def section(first: date = generate.FIRST) -> str:
    """What was measured, as a section of RESULTS.md; the history begins on ``first``."""
    with TemporaryDirectory() as folder, postgres() as here, postgres() as there:
        scratch, mart = Path(folder), Side(there, "mart")
        long = _warehouse(scratch, Side(here, "long").anew(), first)
        short = _warehouse(scratch, Side(here, "short").anew(), date(LAST.year, 1, 1))
        fulls, bares = [], []
        for _ in range(ROUNDS):
            bares.append(_bare(long.side, mart.anew()))
            fulls.append(long.ship(mart.anew()))
        small = [short.ship(mart.anew()) for _ in range(ROUNDS)]
        embedded = long.ship(mart.anew(), WATTHOUSE_WAREHOUSE=None)
        long.ship(mart.anew())
        at_rest(here)
        at_rest(there)
        days = [_one_day(long, mart, scratch, turn) for turn in range(1, DAYS + 1)]
        return _report(fulls, bares, small, embedded, days, _rows(mart))


@dataclass(frozen=True)
class Warehouse:
    """A home with a lake, the database that is built from it, and the file that is."""

    folder: Path
    side: Side

    def ship(self, mart: Side, **changed: str | None) -> Run:
        # benchmarks bring pandas, which Arrow imports where it is installed; `watthouse[postgres]` does not
        (without := self.folder / "without").mkdir(exist_ok=True)
        (without / "pandas.py").write_text("raise ImportError\n")
        sides = {"WATTHOUSE_WAREHOUSE": self.side.url, "WATTHOUSE_DATAMART": mart.url, **changed}
        kept = {name: value for name, value in sides.items() if value is not None} | {"PYTHONPATH": str(without)}
        return watthouse("datamart", "ship", home=self.folder, environment=kept)


def _warehouse(scratch: Path, side: Side, first: date) -> Warehouse:
    exports = generate.exports(scratch / f"{side.name}-exports", first, (LAST - first).days + 1)
    watthouse("refresh", "--from", str(exports), home=scratch / side.name)
    built = Warehouse(scratch / side.name, side)
    watthouse("build", "--full", home=built.folder, environment={"WATTHOUSE_WAREHOUSE": side.url})
    return built


def _bare(warehouse: Side, mart: Side) -> float:
    """The same selects through two psql into tables without keys or indexes."""
    _psql(mart, "-f", str(CREATION))
    with psycopg.connect(warehouse.url) as connection:
        row = connection.execute("select build from watthouse.current").fetchone()
    build = row[0] if row else 0
    for fact in FACTS:
        _psql(mart, "-c", f"create table public.{fact.name} as table datamart.{fact.table}")
    with timed() as took:
        for fact in FACTS:
            rows = fact.rows.format(core=f"core_b{build}", marts=f"marts_b{build}", days="true")
            with _copied(warehouse, f"copy ({rows}) to stdout (format binary)") as pipe:
                _psql(mart, "-c", f"copy public.{fact.name} from stdin (format binary)", source=pipe)
    return took[0]


@contextmanager
def _copied(side: Side, statement: str) -> Iterator[int]:
    with subprocess.Popen(["psql", "-q", side.url, "-c", statement], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout.fileno()
    if process.returncode:
        raise SystemExit(f"psql ended with {process.returncode}")


def _psql(side: Side, *words: str, source: int | None = None) -> None:
    subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", side.url, *words], stdin=source, check=True)


def _one_day(long: Warehouse, mart: Side, scratch: Path, turn: int) -> Run:
    day = LAST + timedelta(days=turn)
    download = str(generate.one_day(scratch / "days" / str(day), day))
    watthouse("refresh", "--from", download, home=long.folder, environment={"WATTHOUSE_WAREHOUSE": long.side.url})
    return long.ship(mart)


def _rows(mart: Side) -> int:
    with psycopg.connect(mart.url) as connection:
        counts = [
            connection.execute(f"select count(*) from datamart.{fact.table}".encode()).fetchone() for fact in FACTS
        ]
    return sum(count[0] for count in counts if count)


def _report(fulls: list[Run], bares: list[float], small: list[Run], embedded: Run, days: list[Run], rows: int) -> str:
    full, year, day = middle(fulls), middle(small), middle(days)
    ratio = median(run.seconds / bare for run, bare in zip(fulls, bares, strict=True))
    lines = [
        HEADING,
        "",
        "| what | s | the limit, s | peak memory, MB | against |",
        "|---|---:|---:|---:|---|",
        f"| `watthouse datamart ship`, everything: {rows:,} rows into keyed, indexed, partitioned facts, both sides"
        " summed up; the limit is a bare binary `COPY` of the same selects from server to server into plain tables"
        f" (medians of {ROUNDS}, in turn) | {full.seconds:.1f} | {median(bares):.1f} | {full.peak_mb:,.0f} |"
        f" {ratio:.2f} × (median of pairs), target ≤ 2 |",
        f"| … one year alone | {year.seconds:.1f} | | {year.peak_mb:,.0f} |"
        f" memory {full.peak_mb / year.peak_mb:.2f} ×, target: flat |",
        f"| … everything, from the embedded warehouse | {embedded.seconds:.1f} | | {embedded.peak_mb:,.0f} | |",
        f"| … one new day, everything behind it (median of {DAYS}) | {day.seconds:.2f} | | {day.peak_mb:,.0f} |"
        " target < 2 s |",
        "",
        "Whole commands, start-up included, without pandas, as `watthouse[postgres]` is installed."
        " `python -m benchmarks.datamart` alone measures this again.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    since = date.fromisoformat(sys.argv[1]) if len(sys.argv) > 1 else generate.FIRST
    text = section(since)
    print(text)
    if since == generate.FIRST:
        put(text)
