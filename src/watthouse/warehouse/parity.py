"""Whether two warehouses hold the same: every table that people read, row by row, whatever their engines."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

import polars as pl
import pyarrow as pa

from watthouse.warehouse.base import SCHEMAS, Warehouse
from watthouse.warehouse.marts import KEY

_DIGITS: Final = 9
"""Of every decimal, after its point: an engine may keep as many whatever the model casts to, and no model has more."""
_SHOWN: Final = 3
"""Columns that name a row in the report: the day and what comes after it."""


@dataclass(frozen=True)
class Compared:
    """A table in two warehouses: the rows of each (None: it is not there), a digest of each, and where they differ.

    ``first`` is a column that one lacks or has otherwise, or the beginning of the first row that differs; else empty.
    """

    table: str
    rows: tuple[int | None, int | None]
    digests: tuple[str, str]
    first: str = ""

    @property
    def is_equal(self) -> bool:
        return self.rows[0] == self.rows[1] and self.digests[0] == self.digests[1]


def compare(one: Warehouse, other: Warehouse) -> Iterator[Compared]:
    """Every table of either, in order; memory does not grow with their rows."""
    for schema in SCHEMAS:
        here, there = one.tables(schema), other.tables(schema)
        for name in sorted({*here, *there}):
            sides = [
                _Side(side, schema, name if name in names else None) for side, names in ((one, here), (other, there))
            ]
            first = _columns_apart(*sides) or _first_difference(*sides)
            rows = tuple(side.count if side.table else None for side in sides)
            digests = tuple(side.digest.hexdigest()[:16] for side in sides)
            yield Compared(f"{schema}.{name}", cast("tuple[int, int]", rows), cast("tuple[str, str]", digests), first)


class _Side:
    """A table of one warehouse, a piece at a time; a table that is not there has no rows."""

    def __init__(self, warehouse: Warehouse, schema: str, table: str | None) -> None:
        self.table = table
        self.count = 0
        self.digest = hashlib.sha256()
        self._pieces = warehouse.pieces(table, schema=schema) if table else iter(())
        self._held = pl.DataFrame()

    def columns(self) -> list[str]:
        """Each with its type, in order; they count in the digest, as hashes of rows know neither."""
        found = [f"{name} {kind}" for name, kind in self.rows().schema.items()]
        self.digest.update("\n".join(found).encode())
        return found

    def rows(self) -> pl.DataFrame:
        """What was read and not taken yet; empty at the end."""
        while self._held.is_empty():
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._held = _comparable(piece)
        return self._held

    def take(self, count: int) -> pl.Series:
        """A hash of each of the next rows."""
        hashes = self._held.head(count).hash_rows(seed=0)
        self._held = self._held.slice(count)
        self.count += count
        self.digest.update(hashes.to_numpy().tobytes())
        return hashes


def _first_difference(one: _Side, other: _Side) -> str:
    """The key of the first row in which they differ; both sides are read to their ends."""
    first = ""
    # engines cut their tables into pieces at different days where the numbers of rows differ
    while not (one.rows().is_empty() and other.rows().is_empty()):
        here, there = one.rows(), other.rows()
        common = min(here.height, there.height) or max(here.height, there.height)
        hashes = [side.take(common) for side in (one, other) if not side.rows().is_empty()]
        differs = [0] if len(hashes) == 1 else (hashes[0] != hashes[1]).arg_true().head(1).to_list()
        if differs and not first:
            place = differs[0]
            first = _key(here if not here.is_empty() else there, place)
    return first


def _columns_apart(one: _Side, other: _Side) -> str:
    here, there = one.columns(), other.columns()
    return next((column for column in (*here, *there) if (column in here) != (column in there)), "")


def _key(rows: pl.DataFrame, place: int) -> str:
    return ", ".join(str(cell) for cell in rows.row(place)[:_SHOWN])


def _comparable(piece: pa.Table) -> pl.DataFrame:
    """The rows in widths that engines choose themselves made one (whole numbers, decimals); columns in one order."""
    rows = cast("pl.DataFrame", pl.from_arrow(piece))
    whole = pl.selectors.integer().cast(pl.Int64)
    decimals = pl.selectors.decimal().cast(pl.Decimal(38, _DIGITS))
    moments = pl.selectors.datetime().dt.cast_time_unit("us")
    names: list[str] = sorted(rows.columns, key=_place)
    return rows.with_columns(whole, moments, decimals).select(names)


def _place(column: str) -> tuple[int, str]:
    """Columns of the key first, in their order, then by name."""
    return (KEY.index(column) if column in KEY else len(KEY)), column
