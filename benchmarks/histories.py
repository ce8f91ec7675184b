"""Homes with shorter and longer histories than the one that was built, for the server to answer from.

The tables that answers are read from are made directly: cut to their last year, or repeated backwards in time, 13 years
a turn, oldest first, as a build of that history would lay them out. ``raw``, which no answer reads, stays as it was.
"""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import duckdb

TURN_YEARS: Final = 13
_TURN_DAYS: Final = (date(2026, 1, 1) - date(2013, 1, 1)).days
_READ: Final = "schema_name = 'marts' or table_name in ('core_national_power', 'core_national_forecast')"
_BACK: Final = {
    "civil_date": f"civil_date - {{turn}} * {_TURN_DAYS}",
    "date_heure": f"date_heure - {{turn}} * interval {_TURN_DAYS * 24} hours",
    "civil_month": f"cast(civil_month - {{turn}} * interval {TURN_YEARS} years as date)",
    "civil_year": f"civil_year - {{turn}} * {TURN_YEARS}",
}


def repeated(home: Path, target: Path, turns: int) -> Path:
    """A home whose history is ``turns`` times as long, with the same last day."""
    with _copied(home, target) as warehouse:
        for table, columns in _tables(warehouse):
            moved = ", ".join(f"{_BACK[name]} as {name}" for name in columns if name in _BACK)
            pieces = (f"select * replace ({moved}) from {table}".format(turn=turn) for turn in reversed(range(turns)))
            _remade(warehouse, table, " union all ".join(pieces))
    return target


def cut(home: Path, target: Path, since: date) -> Path:
    """A home that begins on this day, the first of a year."""
    bounds = {"civil_date": f"date '{since}'", "civil_month": f"date '{since}'", "civil_year": str(since.year)}
    with _copied(home, target) as warehouse:
        for table, columns in _tables(warehouse):
            day = next(name for name in bounds if name in columns)
            _remade(warehouse, table, f"select * from {table} where {day} >= {bounds[day]}")
    return target


def _copied(home: Path, target: Path) -> duckdb.DuckDBPyConnection:
    target.mkdir(parents=True)
    for name in ("home.json", "warehouse.duckdb"):
        shutil.copyfile(home / name, target / name)
    return duckdb.connect(target / "warehouse.duckdb")


def _tables(warehouse: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, list[str]]]:
    found = warehouse.execute(f"select schema_name || '.' || table_name from duckdb_tables() where {_READ}").fetchall()
    for (table,) in found:
        yield table, [name for name, *_ in warehouse.execute(f"describe {table}").fetchall()]


def _remade(warehouse: duckdb.DuckDBPyConnection, table: str, rows: str) -> None:
    """In one go, in the order of ``rows``."""
    schema, _, name = table.partition(".")
    warehouse.execute(f"create table {schema}.remade as {rows}")
    warehouse.execute(f"drop table {table}")
    warehouse.execute(f"alter table {schema}.remade rename to {name}")
