"""Parquet's types as columns of PostgreSQL: each with its values, none by a guess."""

import datetime as dt
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from watthouse.database import Database
from watthouse.errors import SourceError
from watthouse.exports import columns

_DAY, _INSTANT = dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 1, 2, 3, 456_000, tzinfo=dt.UTC)
VALUES: dict[str, tuple[pa.DataType, Any]] = {
    "i8": (pa.int8(), -128),
    "u8": (pa.uint8(), 255),
    "i16": (pa.int16(), -32768),
    "u16": (pa.uint16(), 65535),
    "i32": (pa.int32(), -(2**31)),
    "u32": (pa.uint32(), 2**32 - 1),
    "i64": (pa.int64(), 2**63 - 1),
    "f32": (pa.float32(), 1.5),
    "f64": (pa.float64(), 0.1),
    "text": (pa.string(), "Grand Est é"),
    "large": (pa.large_string(), "x" * 1000),
    "words": (pa.dictionary(pa.int32(), pa.string()), "Teréga"),
    "truth": (pa.bool_(), True),
    "day": (pa.date32(), _DAY),
    "day64": (pa.date64(), _DAY),
    "time": (pa.time64("us"), dt.time(1, 2, 3, 4)),
    "naive": (pa.timestamp("ms"), _INSTANT.replace(tzinfo=None)),
    "paris": (pa.timestamp("ms", "Europe/Paris"), _INSTANT),
    "bytes": (pa.binary(), b"\0\xff"),
    "number": (pa.decimal128(12, 3), Decimal("123456789.125")),
}


@pytest.mark.slow
def test_every_value_arrives_as_it_was_and_so_does_none(database: str) -> None:
    schema = pa.schema([(name, kind) for name, (kind, _) in VALUES.items()])
    rows = pa.table({name: pa.array([value, None], kind) for name, (kind, value) in VALUES.items()})
    declared = columns.declared(schema, "here")
    with psycopg.connect(database, autocommit=True) as connection:
        listed = ", ".join(f"{name} {kind}" for name, kind in declared.items())
        connection.execute(f"create table t ({listed})")  # type: ignore[call-overload]
    target = pa.schema([(name, columns.arrow_of(kind)) for name, kind in declared.items()])
    with Database(database).connected() as session, session.transaction():
        assert session.copy(rows.cast(target).to_reader(), "public", "t") == 2
    with psycopg.connect(database) as connection:
        connection.execute("set timezone = 'UTC'")
        first, second = connection.execute("select * from t order by i8 nulls last").fetchall()
    expected = tuple(value for _, value in VALUES.values())
    assert first == expected
    assert second == (None,) * len(expected)


def test_a_column_of_no_type_is_left_out() -> None:
    schema = pa.schema([("a", pa.int64()), ("b", pa.null())])
    assert columns.declared(schema, "here") == {"a": "bigint"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            [("a", pa.struct([("x", pa.int64())]))],
            "here: its column a is struct<x: int64>, which has no place in a table",
        ),
        ([("a", pa.list_(pa.int64()))], "its column a is list<"),
        ([("a", pa.uint64())], "its column a is uint64"),
        ([("é" * 32, pa.int64())], "the name of its column 'éé"),
        ([("", pa.int64())], "the name of its column ''"),
        ([("a", pa.int64()), ("a", pa.int64())], "two of its columns have the same name"),
    ],
)
def test_a_column_that_postgresql_cannot_have_is_refused(fields: list[tuple[str, pa.DataType]], said: str) -> None:
    with pytest.raises(SourceError) as refusal:
        columns.declared(pa.schema(fields), "here")
    assert said in str(refusal.value)


def test_a_type_goes_into_one_that_holds_all_its_values_and_into_no_other() -> None:
    kinds = ["smallint", "integer", "bigint", "real", "double precision", "text", "date"]
    fitting = {(one, other) for one in kinds for other in kinds if one != other and columns.fits(one, other)}
    assert fitting == {
        ("smallint", "integer"),
        ("smallint", "bigint"),
        ("smallint", "real"),
        ("smallint", "double precision"),
        ("integer", "bigint"),
        ("integer", "double precision"),
        ("real", "double precision"),
    }
    assert all(columns.fits(kind, kind) for kind in kinds)
