"""Homes with shorter and longer histories than the one that was built, for the server to answer from.

The tables that answers are read from are made directly: cut to their last year, or repeated backwards in time, 13 years
a turn, oldest first, as a build of that history would lay them out. ``raw``, which no answer reads, stays as it was.
:func:`whole` repeats everything, the lake too: such a home can be refreshed.
"""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from watthouse.catalog import CATALOG, Dataset
from watthouse.lake.ledger import Lake
from watthouse.lake.table import Head, microseconds, month_of

TURN_YEARS: Final = 13
_TURN_DAYS: Final = (date(2026, 1, 1) - date(2013, 1, 1)).days
_READ: Final = "schema_name = 'marts' or table_name in ('core_national_power', 'core_national_forecast')"
_ALL: Final = (
    "schema_name in ('raw', 'staging', 'core', 'marts') and table_name not in ('loads', 'builds', 'changed_days')"
)
_BACK: Final = {
    "date": f"date - {{turn}} * {_TURN_DAYS}",
    "civil_date": f"civil_date - {{turn}} * {_TURN_DAYS}",
    "date_mix": f"date_mix - {{turn}} * {_TURN_DAYS}",
    "date_heure": f"date_heure - {{turn}} * interval {_TURN_DAYS * 24} hours",
    "civil_month": f"cast(civil_month - {{turn}} * interval {TURN_YEARS} years as date)",
    "civil_year": f"civil_year - {{turn}} * {TURN_YEARS}",
}


def repeated(home: Path, target: Path, turns: int) -> Path:
    """A home whose history is ``turns`` times as long, with the same last day."""
    with _copied(home, target) as warehouse:
        _repeat(warehouse, _READ, turns)
    return target


def whole(home: Path, target: Path, turns: int) -> Path:
    """The same with all that a refresh reads and writes: every table of the warehouse, and the lake."""
    with _copied(home, target) as warehouse:
        _repeat(warehouse, _ALL, turns)
        from_lake, to_lake = (Lake(folder / "lake", kind=lambda: "published") for folder in (home, target))
        for dataset in CATALOG.values():
            if head := from_lake.head(dataset):
                _repeat_ledger(dataset, head, from_lake, to_lake, turns)
                _follow(warehouse, dataset, to_lake)
    return target


def cut(home: Path, target: Path, since: date) -> Path:
    """A home that begins on this day, the first of a year."""
    bounds = {"civil_date": f"date '{since}'", "civil_month": f"date '{since}'", "civil_year": str(since.year)}
    with _copied(home, target) as warehouse:
        for table, columns in _tables(warehouse, _READ):
            day = next(name for name in bounds if name in columns)
            _remade(warehouse, table, f"select * from {table} where {day} >= {bounds[day]}")
    return target


def _copied(home: Path, target: Path) -> duckdb.DuckDBPyConnection:
    target.mkdir(parents=True)
    for name in ("home.json", "warehouse.duckdb"):
        shutil.copyfile(home / name, target / name)
    warehouse = duckdb.connect(target / "warehouse.duckdb")
    warehouse.execute("set enable_progress_bar = false")
    return warehouse


def _repeat(warehouse: duckdb.DuckDBPyConnection, which: str, turns: int) -> None:
    for table, columns in _tables(warehouse, which):
        moved = ", ".join(f"{_BACK[name]} as {name}" for name in columns if name in _BACK)
        pieces = (f"select * replace ({moved}) from {table}".format(turn=turn) for turn in reversed(range(turns)))
        _remade(warehouse, table, " union all ".join(pieces))


def _repeat_ledger(dataset: Dataset, head: Head, from_lake: Lake, to_lake: Lake, turns: int) -> None:
    """A commit a turn, with the stamps that the observations have."""
    rows, table = pl.DataFrame(from_lake.rows(dataset).read_all()), to_lake.table(dataset)
    for turn in reversed(range(turns)):
        back = timedelta(days=turn * _TURN_DAYS)
        moved = rows.with_columns(pl.col({"date", dataset.time}) - back).with_columns(month_of(dataset))
        opened = table.open_to_write()
        files = [*table.write(moved.select(table.stored_schema.names))]
        table.append(opened, files, microseconds(head.observed_until))


def _follow(warehouse: duckdb.DuckDBPyConnection, dataset: Dataset, lake: Lake) -> None:
    """Have the warehouse say that it was loaded from this ledger."""
    head = lake.head(dataset)
    assert head
    state = [head.ledger, head.version, head.rows, dataset.id]
    warehouse.execute(
        "update raw.loads set ledger = $1, lake_version = $2, observations = $3 where dataset = $4", state
    )


def _tables(warehouse: duckdb.DuckDBPyConnection, which: str) -> Iterator[tuple[str, list[str]]]:
    found = warehouse.execute(f"select schema_name || '.' || table_name from duckdb_tables() where {which}").fetchall()
    for (table,) in found:
        yield table, [name for name, *_ in warehouse.execute(f"describe {table}").fetchall()]


def _remade(warehouse: duckdb.DuckDBPyConnection, table: str, rows: str) -> None:
    """In one go, in the order of ``rows``."""
    schema, _, name = table.partition(".")
    warehouse.execute(f"create table {schema}.remade as {rows}")
    warehouse.execute(f"drop table {table}")
    warehouse.execute(f"alter table {schema}.remade rename to {name}")
