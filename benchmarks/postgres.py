"""PostgreSQL as the warehouse: loading, building, an hour's refresh, the API; each beside its limit or its rival.

One server over its socket, set as a careful owner of 8 GB would (:mod:`benchmarks.database`).
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import psycopg

from benchmarks import api, generate, rival
from benchmarks.database import at_rest, postgres
from benchmarks.load import Load, rival_serving, shown, watthouse_serving
from benchmarks.measure import Run, middle, timed, watthouse
from benchmarks.results import put
from watthouse.catalog import find
from watthouse.lake.ledger import Lake
from watthouse.settings import Settings
from watthouse.transform import Step, steps_of
from watthouse.warehouse import engines
from watthouse.warehouse.postgres import builds

HEADING: Final = "## PostgreSQL as the warehouse"
LOADED: Final = find("eco2mix-regional-cons-def")
LAST: Final = date(2025, 12, 31)
ROUNDS: Final = 3
DAYS: Final = 9


def section(exports: Path | None = None) -> str:
    """What was measured, as a section of RESULTS.md; ``exports`` are the files of 13 years, made if not given."""
    with TemporaryDirectory() as folder, postgres() as socket:
        scratch = Path(folder)
        exports = exports or generate.exports(scratch / "exports", generate.FIRST, (LAST - generate.FIRST).days + 1)
        year = generate.exports(scratch / "year", date(LAST.year, 1, 1), 365)
        in_file = scratch / "file"
        watthouse("refresh", "--from", str(exports), home=in_file)
        long, short = (_home(scratch, socket, name) for name in ("long", "short"))
        shutil.copytree(in_file / "lake", long.folder / "lake")
        watthouse("refresh", "--from", str(year), home=short.folder, environment=short.variables)
        rebuilds = [watthouse("build", "--full", home=long.folder, environment=long.variables) for _ in range(ROUNDS)]
        watthouse("parity", str(in_file), home=long.folder, environment=long.variables)  # fails where a value differs
        lines = [*_loading(long, socket), *_building(long, rebuilds), *_days(long, short, scratch), ""]
        at_rest(socket)
        lines += _answers(in_file, long, socket, scratch)
    equal = "Every table of core and marts equals DuckDB's, row by row (`watthouse parity`), or this would not print."
    again = f"{equal} `python -m benchmarks.postgres` alone measures this again."
    return "\n".join([HEADING, "", *lines, "", again, ""])


class _Home:
    """A folder with a lake, and the database that is built from it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.variables = {"WATTHOUSE_WAREHOUSE": url}


def _home(scratch: Path, socket: str, name: str) -> _Home:
    with psycopg.connect(host=socket, user="postgres", autocommit=True) as connection:
        connection.execute(f"create database {name}")  # type: ignore[call-overload]
    (scratch / name).mkdir()
    return _Home(scratch / name, f"postgresql:///{name}?host={socket}&user=postgres")


def _loading(home: _Home, socket: str) -> list[str]:
    """The raw table of the regional half hours from the lake, and by the server's own COPY into a table like it."""
    settings = Settings(home=home.folder)
    lake = Lake(home.folder / "lake")
    own: list[float] = []
    limits: list[tuple[float, float]] = []
    file = f"{socket}/raw.bin"
    with psycopg.connect(home.url, autocommit=True) as connection:
        for _ in range(ROUNDS):
            warehouse = engines.at(home.url, settings)
            with _taken_back(), warehouse.draft(empty=True) as draft:
                with timed() as took:
                    head = lake.head(LOADED)
                    assert head
                    rows = draft.load(lake, LOADED, head)
                own.append(took[0])
                raise _EnoughError
            raw = f"raw_b{_build(connection)}.{LOADED.table}"
            with timed() as out:
                connection.execute(f"copy (select * from {raw}) to '{file}' binary")
            with _taken_back(), connection.transaction():
                connection.execute(f"create table limit_of (like {raw})")
                with timed() as back:
                    connection.execute(f"copy limit_of from '{file}' binary")
                limits.append((out[0], back[0]))
                raise _EnoughError
    ratio = median(ours / sum(limit) for ours, limit in zip(own, limits, strict=True))
    inward = median(ours / limit[1] for ours, limit in zip(own, limits, strict=True))
    return [
        "| what | s | the limit, s | against |",
        "|---|---:|---:|---|",
        f"| {rows:,} rows from the lake into raw, partitioned by month; the limit is the server's own binary `COPY` of"
        f" them to a file, and from there into one table (medians of {ROUNDS}, in turn) | {median(own):.1f} |"
        f" {median(map(sum, limits)):.1f} | {ratio:.2f} ×, target ≤ 1.2; {inward:.2f} × of the way in alone |",
    ]


def _building(home: _Home, rebuilds: Sequence[Run]) -> list[str]:
    built = middle(list(rebuilds))
    with psycopg.connect(home.url) as connection, timed() as took:
        _bare(connection)
    return [
        f"| `watthouse build --full`, 13 years: loaded, built by dbt, tested (median of {ROUNDS}); the limit"
        f" is a bare `create table as` of the same selects, one after the other | {built.seconds:.1f} | {took[0]:.1f} |"
        f" target < 90 s; peak memory of the client {built.peak_mb:,.0f} MB |",
    ]


def _bare(connection: psycopg.Connection) -> None:
    """Every model that is a table, into a schema of its own, with the settings of a build."""
    for name, value in builds.TUNED.items():
        connection.execute(f"set {name} = '{value}'")  # type: ignore[call-overload]
    connection.execute("create schema bare")
    for step in _models(connection):
        connection.execute(f"create table bare.{step.title} as {step.sql}")  # type: ignore[call-overload]
    connection.rollback()


def _models(connection: psycopg.Connection) -> list[Step]:
    row = connection.execute("select steps from watthouse.builds join watthouse.current using (build)").fetchone()
    return [step for step in steps_of(row[0]) if step.relation] if row else []


def _build(connection: psycopg.Connection) -> int:
    row = connection.execute("select build from watthouse.current").fetchone()
    return int(row[0]) if row else 0


def _days(long: _Home, short: _Home, scratch: Path) -> list[str]:
    """The same new day into both, in turn."""
    took: dict[str, list[Run]] = {"long": [], "short": []}
    for turn in range(1, DAYS + 1):
        day = LAST + timedelta(days=turn)
        download = str(generate.one_day(scratch / "days" / str(day), day))
        for name, home in (("long", long), ("short", short)) if turn % 2 else (("short", short), ("long", long)):
            took[name].append(watthouse("refresh", "--from", download, home=home.folder, environment=home.variables))
    ratio = median(a.seconds / b.seconds for a, b in zip(took["long"], took["short"], strict=True))
    return [
        f"| `watthouse refresh` of one new day of every dataset, 13 years behind it (median of {DAYS}); the limit has"
        f" one year | {middle(took['long']).seconds:.2f} | {middle(took['short']).seconds:.2f} |"
        f" {ratio:.2f} × (median of pairs), target < 1.3; target < 4 s |",
    ]


def _answers(in_file: Path, home: _Home, socket: str, scratch: Path) -> list[str]:
    rival.fill(socket, in_file / "warehouse.duckdb", scratch)
    with rival_serving(socket) as flask:
        usual = api.loads(flask, "")
    files, servers = [], []
    for _ in range(ROUNDS):
        with watthouse_serving(in_file, cached=False) as ours:
            files.append(api.loads(ours, api.API))
        with watthouse_serving(home.folder, cached=False, **home.variables) as ours:
            servers.append(api.loads(ours, api.API))
    file, server = _middle(files), _middle(servers)
    return [
        f"| requests/s (p99, ms), {api.CONNECTIONS} connections, nothing cached, no table being vacuumed; of watthouse"
        f" medians of {ROUNDS} rounds | Flask + SQLAlchemy on PostgreSQL |"
        " watthouse on DuckDB | on PostgreSQL | against DuckDB; target ≥ 0.5 × | against Flask; target ≥ 5 × |",
        "|---|---:|---:|---:|---:|---:|",
        *(_line(what, usual[what], file[what], server[what]) for what in usual),
    ]


def _middle(rounds: Sequence[Mapping[str, Load]]) -> dict[str, Load]:
    # of some hundred requests, one pause of the machine makes the p99
    return {
        what: Load(median(each[what].rate for each in rounds), median(each[what].p99_ms for each in rounds))
        for what in rounds[0]
    }


def _line(what: str, usual: Load, file: Load, server: Load) -> str:
    def against(other: Load) -> str:
        return f"{server.rate / other.rate:.2f} ×, p99 {other.p99_ms / server.p99_ms:.2f} ×"

    rates = " | ".join(map(shown, (usual, file, server)))
    return f"| {what} | {rates} | {against(file)} | {against(usual)} |"


class _EnoughError(Exception):
    """What was measured is to be taken back."""


@contextmanager
def _taken_back() -> Iterator[None]:
    try:
        yield
    except _EnoughError:
        return


if __name__ == "__main__":
    text = section()
    print(text)
    put(text)
