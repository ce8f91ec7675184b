"""Parquet's types as PostgreSQL has them."""

import re
from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from watthouse.errors import SourceError, shown

_LONGEST_NAME: Final = 63
"""Bytes of an identifier: PostgreSQL would cut a longer one off."""

_TYPES: Final[Mapping[str, pa.DataType]] = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "text": pa.string(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time without time zone": pa.time64("us"),
    "timestamp without time zone": pa.timestamp("us"),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
    "bytea": pa.binary(),
}
"""PostgreSQL's types and Arrow's that hold the same values."""

_SAME: Final = {
    pa.int8(): "smallint",
    pa.uint8(): "smallint",
    pa.uint16(): "integer",
    pa.uint32(): "bigint",
    pa.float16(): "real",
    pa.date64(): "date",
    pa.large_string(): "text",
    pa.string_view(): "text",
    pa.large_binary(): "bytea",
    pa.binary_view(): "bytea",
}
_WIDER: Final = {
    "smallint": frozenset({"integer", "bigint", "real", "double precision"}),
    "integer": frozenset({"bigint", "double precision"}),
    "real": frozenset({"double precision"}),
}
"""The types that hold every value of another."""
_NUMERIC: Final = re.compile(r"numeric\((\d+),(\d+)\)")


def arrow_of(kind: str) -> pa.DataType | None:
    """Arrow's type for a column of PostgreSQL; None for one that no export makes."""
    if match := _NUMERIC.fullmatch(kind):
        return pa.decimal128(int(match[1]), int(match[2]))
    return _TYPES.get(kind)


def fits(kind: str, into: str) -> bool:
    """Whether a column takes every value of another type of PostgreSQL."""
    return kind == into or into in _WIDER.get(kind, ())


def declared(schema: pa.Schema, origin: str) -> dict[str, str]:
    """Name → type of PostgreSQL of the columns of a file; those that have no type are left out, as they are empty.

    Raises :class:`~watthouse.errors.SourceError` for a column that PostgreSQL cannot have.
    """
    columns: dict[str, str] = {}
    for field in schema:
        if pa.types.is_null(field.type):
            continue
        if field.name in columns:
            raise SourceError(f"{origin}: two of its columns have the same name, {shown(field.name)}")
        if not 0 < len(field.name.encode()) <= _LONGEST_NAME:
            raise SourceError(f"{origin}: the name of its column '{shown(field.name, 30)}' is no name in PostgreSQL")
        kind = _kind(field.type)
        if kind is None:
            what = f"{shown(field.name)} is {shown(field.type)}"
            raise SourceError(f"{origin}: its column {what}, which has no place in a table")
        columns[field.name] = kind
    return columns


def _kind(kind: pa.DataType) -> str | None:
    if isinstance(kind, pa.DictionaryType):
        kind = kind.value_type
    if isinstance(kind, pa.TimestampType):
        return "timestamp with time zone" if kind.tz else "timestamp without time zone"
    if isinstance(kind, (pa.Time32Type, pa.Time64Type)):
        return "time without time zone"
    if isinstance(kind, pa.Decimal128Type):
        return f"numeric({kind.precision},{kind.scale})"
    return _SAME.get(kind) or next((name for name, same in _TYPES.items() if same == kind), None)
