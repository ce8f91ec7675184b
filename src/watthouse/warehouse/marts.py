"""Rows of a mart between two days, a bounded number at a time."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final, Protocol

import pyarrow as pa

from watthouse.errors import UsageError

_DAY_COLUMNS: Final = ("civil_date", "civil_month", "civil_year", "date_enreg")
_IN_PARTS: Final = ("civil_date", "date_enreg")
"""Of these days a table may have more rows than fit into memory."""
_WITHIN_A_DAY: Final = (
    "date_heure", "heure_enreg", "heure_eng", "code_insee_region", "code_insee", "source", "pits", "dataset", "measure",
    "span", "extreme", "horizon",
)  # fmt: skip
KEY: Final = (*_DAY_COLUMNS, *_WITHIN_A_DAY)
"""Columns that name a row, in the order in which rows come."""
_PIECE_ROWS: Final = 100_000

Bounds = tuple[date | int | None, date | int | None]


class Marts(Protocol):
    """The marts of a build, as an engine has them in ``schema``."""

    schema: str

    def names(self) -> list[str]:
        """All of them, in order."""

    def columns(self, mart: str) -> dict[str, str]:
        """Their columns in order, and how SQL sorts by each: texts by their bytes."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""

    def table(self, sql: str) -> pa.Table:
        """The same as a table."""


def pieces(
    built: Marts, mart: str, since: date | None, until: date | None, columns: Sequence[str] | None
) -> Iterator[pa.Table]:
    """Rows, oldest first; at least one piece. Raises :class:`UsageError` for an unknown mart or column."""
    if mart not in (known := built.names()):
        raise UsageError(f"unknown mart '{mart}': there are {', '.join(known)}")
    available = built.columns(mart)
    chosen = _chosen(mart, [*available], columns)
    table, day = f"{built.schema}.{mart}", next((name for name in _DAY_COLUMNS if name in available), None)
    if day is None:  # a list of what the others name
        order = ", ".join(available[name] for name in _WITHIN_A_DAY if name in available)
        yield built.table(f"select {', '.join(chosen)} from {table} order by {order}")
        return
    bounds = _bound(day, since), _bound(day, until)
    (extent,) = built.rows(f"select count(*), min({day}), max({day}) from {table}{_within(day, bounds)}")
    for piece in _parts(day, bounds, extent):
        order = ", ".join(available[name] for name in (day, *_WITHIN_A_DAY) if name in available)
        yield built.table(f"select {', '.join(chosen)} from {table}{_within(day, piece)} order by {order}")


def _within(day: str, bounds: Bounds) -> str:
    # days and years as literals: they are of this module's own making
    signs = zip((">=", "<="), bounds, strict=True)
    wanted = [f"{day} {sign} {_literal(bound)}" for sign, bound in signs if bound is not None]
    return f" where {' and '.join(wanted)}" if wanted else ""


def _literal(bound: date | int) -> str:
    return f"date '{bound}'" if isinstance(bound, date) else str(bound)


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
    if bound is None or day in _IN_PARTS:
        return bound
    return bound.replace(day=1) if day == "civil_month" else bound.year


def _parts(day: str, bounds: Bounds, extent: tuple[int, Any, Any]) -> Iterator[Bounds]:
    """``bounds`` in parts of as many days as have about :data:`_PIECE_ROWS` rows."""
    # sorting a whole mart by slot took 2.5 GB
    rows, first, last = extent
    if day not in _IN_PARTS or rows <= _PIECE_ROWS:
        yield bounds
        return
    days = max(1, (last - first).days * _PIECE_ROWS // rows)
    while first <= last:
        yield first, min(first + timedelta(days=days - 1), last)
        first += timedelta(days=days)
