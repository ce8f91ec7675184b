"""Whether two warehouses hold the same: every table of core and marts, row by row, whatever their engines."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from watthouse.warehouse.base import Warehouse
from watthouse.warehouse.marts import KEY

SCHEMAS: Final = ("core", "marts")
_SHOWN: Final = 3
"""Columns that name a row in the report: the day and what comes after it."""


@dataclass(frozen=True)
class Compared:
    """A table in two warehouses: the rows of each (None: it is not there), a digest of each, and where they differ.

    ``first`` is the beginning of the first row that differs, in order; empty where none does.
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
            yield _compared(f"{schema}.{name}", one if name in here else None, other if name in there else None)


def _compared(table: str, one: Warehouse | None, other: Warehouse | None) -> Compared:
    schema, _, name = table.partition(".")
    counts, digests, first = [0, 0], [hashlib.sha256(), hashlib.sha256()], ""
    sides = [_rows(side, schema, name) if side else iter(()) for side in (one, other)]
    for pair in zip_longest(*sides):
        for side, row in enumerate(pair):
            if row is not None:
                counts[side] += 1
                digests[side].update(repr(row).encode())
        if not first and pair[0] != pair[1]:
            first = ", ".join(str(cell) for cell in (pair[0] or pair[1])[:_SHOWN])
    rows = (counts[0] if one else None, counts[1] if other else None)
    return Compared(table, rows, (digests[0].hexdigest()[:16], digests[1].hexdigest()[:16]), first)


def _rows(warehouse: Warehouse, schema: str, name: str) -> Iterator[tuple[Any, ...]]:
    """Rows as Python has them, so that the widths in which engines keep numbers do not count; columns by name."""
    for piece in warehouse.pieces(name, schema=schema):
        columns = [piece.column(column).to_pylist() for column in sorted(piece.column_names, key=_place)]
        yield from zip(*columns, strict=True)


def _place(column: str) -> tuple[int, str]:
    """Columns of the key first, in their order, then by name."""
    return (KEY.index(column) if column in KEY else len(KEY)), column
