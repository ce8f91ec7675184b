"""Where a page of rows ended: the key of its last row. The next page starts after it, wherever that now is."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import date, datetime
from functools import reduce
from typing import Any

import ibis
import ibis.expr.types as ir

from watthouse.serve.problems import wrong


def write(row: dict[str, Any], key: Sequence[str]) -> str:
    """The cursor after this row."""
    values = json.dumps([_text(row[name]) for name in key]).encode()
    # without its padding, which would have to be escaped in an address
    return base64.urlsafe_b64encode(values).decode().rstrip("=")


def after(rows: ir.Table, key: Sequence[str], cursor: str, *, newest_first: bool) -> ir.Table:
    """The rows behind a cursor; raises a problem for one that no page of these rows ended with."""
    values = _read(rows, key, cursor)
    place = [(rows[name], value) for name, value in zip(key, values, strict=True)]
    beyond = []
    for depth, (column, value) in enumerate(place):
        same = [left == right for left, right in place[:depth]]
        beyond.append(reduce(lambda a, b: a & b, [*same, column < value if newest_first else column > value]))
    return rows.filter(reduce(lambda a, b: a | b, beyond))


def _read(rows: ir.Table, key: Sequence[str], cursor: str) -> list[ir.Value]:
    try:
        key_values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(key_values, list):
            raise TypeError
        return [_typed(rows[name], value) for name, value in zip(key, key_values, strict=True)]
    except (ValueError, TypeError, binascii.Error, OverflowError):
        detail = (
            f"'{cursor[:60]}' is not a cursor of these rows: use `next` of the previous page, with the same parameters"
        )
        raise wrong("cursor", detail) from None


def _typed(column: ir.Value, value: object) -> ir.Value:
    if column.type().is_date():
        return ibis.date(date.fromisoformat(str(value)))
    if column.type().is_timestamp():
        return ibis.literal(datetime.fromisoformat(str(value)), type=column.type())
    if column.type().is_integer():
        # a cursor comes from outside: a number too large is refused here, not by the engine
        if not isinstance(value, int) or abs(value) >= 2**31:
            raise ValueError
        return ibis.literal(value)
    if not isinstance(value, str):
        raise TypeError
    return ibis.literal(value)


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
