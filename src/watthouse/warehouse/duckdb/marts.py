"""Rows of a mart between two days, a bounded number at a time."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final

import duckdb
import pyarrow as pa

from watthouse.errors import UsageError
from watthouse.warehouse.duckdb.file import columns_of

_DAY_COLUMNS: Final = ("civil_date", "civil_month", "civil_year")
_WITHIN_A_DAY: Final = ("date_heure", "code_insee_region", "source", "pits", "dataset", "measure", "span")
_PIECE_ROWS: Final = 100_000

Bounds = tuple[date | int | None, date | int | None]


def pieces(
    connection: duckdb.DuckDBPyConnection,
    mart: str,
    since: date | None,
    until: date | None,
    columns: Sequence[str] | None,
) -> Iterator[pa.Table]:
    """Rows, oldest first; at least one piece. Raises :class:`UsageError` for an unknown mart or column."""
    if mart not in (known := _marts(connection)):
        raise UsageError(f"unknown mart '{mart}': there are {', '.join(known)}")
    available = [*columns_of(connection, f"marts.{mart}")]
    chosen = _chosen(mart, available, columns)
    day = next(name for name in _DAY_COLUMNS if name in available)
    within = f"from marts.{mart} where ($1 is null or {day} >= $1) and ($2 is null or {day} <= $2)"
    bounds = (_bound(day, since), _bound(day, until))
    (extent,) = connection.execute(f"select count(*), min({day}), max({day}) {within}", bounds).fetchall()
    for piece in _parts(day, bounds, extent):
        rows = f"select {', '.join(chosen)} {within} order by {_order(available, day)}"
        yield connection.sql(rows, params=[*piece]).to_arrow_table()


def _marts(connection: duckdb.DuckDBPyConnection) -> list[str]:
    query = "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
    return [name for (name,) in connection.execute(query).fetchall()]


def _chosen(mart: str, available: Sequence[str], columns: Sequence[str] | None) -> list[str]:
    # names go into the SQL as they are: only those that the mart has may pass
    if not columns:
        return list(available)
    for name in columns:
        if name not in available:
            raise UsageError(f"{mart} has no column '{name}': it has {', '.join(available)}")
    return list(columns)


def _bound(day: str, bound: date | None) -> date | int | None:
    """A bound in the mart's own terms: a day, the first of its month, or its year."""
    if bound is None or day == "civil_date":
        return bound
    return bound.replace(day=1) if day == "civil_month" else bound.year


def _parts(day: str, bounds: Bounds, extent: tuple[int, Any, Any]) -> Iterator[Bounds]:
    """``bounds`` in parts of as many days as have about :data:`_PIECE_ROWS` rows."""
    # sorting a whole mart by slot took 2.5 GB
    rows, first, last = extent
    if day != "civil_date" or rows <= _PIECE_ROWS:
        yield bounds
        return
    days = max(1, (last - first).days * _PIECE_ROWS // rows)
    while first <= last:
        yield first, min(first + timedelta(days=days - 1), last)
        first += timedelta(days=days)


def _order(available: Sequence[str], day: str) -> str:
    return ", ".join([day, *(name for name in _WITHIN_A_DAY if name in available)])
