"""What several tests need: the command line, the marts of a home, and made-up exports in ODRÉ's shape."""

import csv
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest
from filelock import FileLock

from tests import forking
from watthouse.transform import Transform
from watthouse.warehouse.duckdb.store import DuckDB

ROOT: Final = Path(__file__).parents[1]
_LENT: Final = tempfile.TemporaryDirectory(prefix="watthouse-tests-")

PARIS: Final = ZoneInfo("Europe/Paris")
TODAY: Final = date.fromisoformat(os.environ.get("TEST_TODAY", "2026-11-28"))
"""The day at which every sample stands that a test serves without a moment of its own."""

Rows = list[dict[str, object]]
Tables = dict[str, pa.Table]


def watthouse(home: Path, *words: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in ``home``, in a process of its own."""
    return forking.run(list(map(str, words)), environment(home, env))


def sample_of_the_run(factory: pytest.TempPathFactory, request: pytest.FixtureRequest, name: str, since: date) -> Path:
    """A folder whose ``sample`` was built of the synthetic ODRÉ since a day, once for all workers: to read only."""
    base = factory.getbasetemp()
    shared = base.parent if hasattr(request.config, "workerinput") else base
    home, done = shared / name, shared / f"{name}.done"
    with FileLock(shared / f"{name}.lock"):
        if not done.exists():
            built = watthouse(home, "refresh", "--sample", env={"WATTHOUSE_SAMPLE_SINCE": str(since)})
            assert built.returncode == 0, built.stderr
            done.touch()
    return home


def begun(home: Path) -> Path:
    """A home whose warehouse was built from no rows: its first refresh repeats dbt's steps, as every later one does.

    For whatever is not about the first build: that one is dbt's, and takes ten times as long.
    """
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(_blank(), home / "warehouse.duckdb")
    return home


@cache
def _blank() -> Path:
    """One for all workers of a run: dbt takes ten seconds for it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    folder = Path(tempfile.gettempdir()) / f"watthouse-blank-{run}" if run else Path(_LENT.name)
    folder.mkdir(exist_ok=True)
    with FileLock(folder / "lock"):
        path = folder / "warehouse.duckdb"
        return path if path.exists() else _built_blank(path)


def _built_blank(path: Path) -> Path:
    warehouse = DuckDB(path, memory_limit="1GB")
    transform = Transform(warehouse.dbt(), path.parent / "dbt")
    with transform, warehouse.draft(empty=True) as draft:
        _, steps = transform.run(draft.release())
        draft.remember(steps)
    return warehouse.path


def command(*words: str | Path) -> list[str]:
    """The command line as it is called, from its start."""
    return [sys.executable, "-m", "watthouse", *map(str, words)]


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Of a call in ``home``."""
    today = {"WATTHOUSE_SAMPLE_TODAY": str(TODAY)}
    return {**os.environ, **today, "WATTHOUSE_HOME": str(home), "COLUMNS": "200", **(more or {})}


def tables(home: Path, *schemas: str) -> Tables:
    """Every table of the schemas (default: core and marts), its rows in order of all their columns."""
    found = {}
    with duckdb.connect(home / "warehouse.duckdb", read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        names = connection.execute(
            "select table_schema, table_name from information_schema.tables where list_contains($1, table_schema)",
            [list(schemas or ("core", "marts"))],
        ).fetchall()
        for schema, name in sorted(names):
            rows = connection.sql(f"select * from {schema}.{name} order by all").to_arrow_table()
            found[f"{schema}.{name}"] = rows
    return found


def mart(home: Path, name: str, where: str = "true") -> list[dict[str, object]]:
    """The rows of a mart as dicts, in order of all their columns."""
    with duckdb.connect(home / "warehouse.duckdb", read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = connection.execute(f"select * from marts.{name} where {where} order by all")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def clock(day: date, minutes: int) -> Iterable[tuple[str, datetime]]:
    """RTE's clock slots of a day with the instants ODRÉ gives them: the phantom spring hour, autumn's second pass."""
    for start in range(0, 24 * 60, minutes):
        wall = datetime(day.year, day.month, day.day, *divmod(start, 60), tzinfo=PARIS, fold=1)
        instant = wall.astimezone(UTC)
        if instant.astimezone(PARIS).replace(tzinfo=None) != wall.replace(tzinfo=None):
            instant = (wall.replace(fold=0) + timedelta(hours=1)).astimezone(UTC)
        yield f"{start // 60:02}:{start % 60:02}", instant


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """An ODRÉ CSV export with technical names: ``;``, BOM, instants with their Paris offset."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), delimiter=";")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: _cell(value) for name, value in row.items()})
    return path


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(PARIS).isoformat()
    return "" if value is None else value
