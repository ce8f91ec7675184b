"""What PostgreSQL's driver returns, in the types that an answer promises."""

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from watthouse.warehouse.postgres.reader import _typed


def column(bits: bytes, *values: bytes, kind: pa.DataType, count: int) -> "pa.Array[Any]":
    return pa.Array.from_buffers(kind, count, [pa.py_buffer(bits), *map(pa.py_buffer, values)])


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (pa.int32(), [bytes(4 * 10)]),
        (pa.string(), [bytes(4 * 11), b""]),
        (pa.bool_(), [b"\xff\xff"]),
    ],
)
def test_an_answer_has_the_same_bytes_whatever_was_in_memory_after_its_last_value(
    kind: pa.DataType, values: list[bytes]
) -> None:
    rows = pa.table({"x": column(b"\xa5\xff", *values, kind=kind, count=10)})
    found = _typed(rows, pa.schema([("x", kind)])).column("x").chunk(0)
    assert found.equals(rows.column("x").chunk(0))
    assert found.buffers()[0].to_pybytes() == b"\xa5\x03"
    if pa.types.is_boolean(kind):
        assert found.buffers()[1].to_pybytes() == b"\xff\x03"


def test_texts_become_decimals_and_no_rows_stay_none() -> None:
    kind = pa.decimal128(18, 2)
    for values, expected in ((["1.50", None], [Decimal("1.50"), None]), ([], [])):
        rows = pa.table({"mwh": pa.array(values, pa.string())})
        assert _typed(rows, pa.schema([("mwh", kind)])).column("mwh").to_pylist() == expected


def test_an_instant_that_was_truncated_is_still_an_instant() -> None:
    rows = pa.table({"starts": pa.array([0], pa.timestamp("us", "UTC"))})
    found = _typed(rows, pa.schema([("starts", pa.timestamp("us"))]))
    assert found.schema.field("starts").type == pa.timestamp("us", "UTC")
