"""A message of the stream: one observation as JSON, by a schema that both ends hold it to.

Imports stay few: Spark's workers read messages too.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import polars as pl

from watthouse.catalog import CATALOG, Column, Dataset, Kind
from watthouse.errors import shown
from watthouse.stream.documents import FRANCE, NATIONAL, REGIONAL

VERSION: Final = 1
SCHEMA: Final = Path(__file__).with_name(f"electricity_production.v{VERSION}.json")
"""Made from the catalog by ``python -m tools.message_schema``."""
LONGEST: Final = 16_384
"""Bytes of a message; one with every value takes about 1,000."""
DATASETS: Final = (CATALOG[NATIONAL], CATALOG[REGIONAL])
"""What is streamed."""

_INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"
_STAMP: Final = "%Y-%m-%dT%H:%M:%S%.6fZ"
_SHOWN: Final = 200
_REGION: Final = "code_insee_region"


def columns(dataset: Dataset) -> tuple[Column, ...]:
    """The columns whose values a message has: all that are numbers."""
    return tuple(column for column in dataset.columns if column.kind in {Kind.WHOLE, Kind.RATE})


def written(dataset: Dataset, rows: pl.DataFrame, sample: str | None = None) -> pl.DataFrame:
    """Observations (the catalog's columns and ``observed_at``) as messages, in their order.

    ``sample`` names the sample that they are of, None for published data.

    Columns: ``key``, ``value`` (text) and ``fault``, why a value breaks the schema; null where it does not.
    """
    instant = pl.col(dataset.time).dt.strftime(_INSTANT)
    key = pl.concat_str([pl.lit(dataset.id), _region(dataset), instant], separator="|")
    messages = rows.select(
        key=key,
        value=pl.struct(
            pl.lit(VERSION).alias("schema"),
            pl.lit(dataset.id).alias("dataset"),
            _region(dataset).alias("region"),
            instant.alias("instant"),
            pl.col("date").dt.strftime("%Y-%m-%d"),
            "heure",
            "nature",
            pl.col("observed_at").dt.strftime(_STAMP),
            pl.lit(sample, pl.String).alias("sample"),
            pl.struct(column.name for column in columns(dataset)).alias("values"),
        ).struct.json_encode(),
        is_plain=_is_plain(dataset),
    )
    return messages.select("key", "value", fault=_faults(messages))


def fault_of(value: bytes | None) -> str | None:
    """Why it is no message of this version, in one line; None where it is one."""
    return _parsed(value)[1]


def read(values: Sequence[bytes | None]) -> tuple[pl.DataFrame, dict[int, str]]:
    """The messages among these values, in their order, and the position of each other value with its fault.

    Columns: those of a message, with ``instant`` and ``observed_at`` as UTC instants and ``date`` as a date, then each
    column of :func:`columns` of either dataset, and ``position``.
    """
    faults, good = {}, {}
    for position, value in enumerate(values):
        message, fault = _parsed(value)
        if fault is None:
            good[position] = message
        else:
            faults[position] = fault
    return _frame(good), faults


def _parsed(value: bytes | None) -> tuple[dict[str, Any], str | None]:
    if value is None:
        return {}, "it is empty"
    if len(value) > LONGEST:
        return {}, f"it has {len(value):,} bytes, and a message has {LONGEST:,} at most"
    try:
        message = _DECODER.decode(value.decode())
    except (ValueError, RecursionError):
        return {}, "it is not JSON"
    if not isinstance(message, dict):
        return {}, "it is not a JSON object"
    if message.get("schema") != VERSION:
        return {}, f"its schema is {shown(message.get('schema'))}, and version {VERSION} is known here"
    return message, None if _validator().is_valid(message) else _breach(message)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is Python's, not JSON's")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)


def _breach(message: dict[str, Any]) -> str:
    error = next(iter(_validator().iter_errors(message)))
    where = ".".join(map(str, error.instance_path))
    return shown(f"{where}: {error.message}" if where else error.message, _SHOWN)


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(SCHEMA.read_bytes()), validate_formats=True)


def _region(dataset: Dataset) -> pl.Expr:
    return pl.col(_REGION) if _REGION in dataset else pl.lit(FRANCE)


def _is_plain(dataset: Dataset) -> pl.Expr:
    """Whether a row cannot break the schema: its texts are of the usual shape, its rates are numbers.

    Its whole numbers and instants are what they are by type. The schema itself is tried on the first row of each frame
    and on every row that is not plain.
    """
    # parsing and validating a message takes 11 µs (112,000 and 400,000 a second, 2026-11-30), all else that publishes
    # it 7 µs of processor time: holding each of them to the schema here would more than halve the rate
    rates = [pl.col(column.name).is_finite() for column in columns(dataset) if column.kind is Kind.RATE]
    expected = [
        _region(dataset).str.contains("^[0-9]{2}$") | (_region(dataset) == FRANCE),
        pl.col(dataset.time).dt.year().is_between(1000, 2999),
        pl.col("date").dt.year().is_between(1000, 2999),
        pl.col("heure").str.contains("^([01][0-9]|2[0-3]):[0-5][0-9]$"),
        pl.col("nature").is_in(list(dataset.versions)),
    ]
    return pl.all_horizontal(*(each.fill_null(value=False) for each in expected), *(r.fill_null(True) for r in rates))


def _faults(messages: pl.DataFrame) -> pl.Series:
    # a long text would be plain too, if it were one of those that are: no length needs to be looked at
    suspects = (~messages["is_plain"]).arg_true().to_list()
    faults: list[str | None] = [None] * messages.height
    for position in {*suspects, *range(min(1, messages.height))}:
        faults[position] = fault_of(messages["value"][position].encode())
    return pl.Series("fault", faults, pl.String)


def _frame(good: Mapping[int, Mapping[str, Any]]) -> pl.DataFrame:
    messages = list(good.values())
    heads = {name: [message[name] for message in messages] for name in _HEADS}
    values = [message["values"] for message in messages]
    numbers = [
        pl.Series(name, [each.get(name) for each in values], dtype, strict=False) for name, dtype in _numbers().items()
    ]
    return pl.DataFrame(heads, schema_overrides=dict.fromkeys(_HEADS, pl.String)).with_columns(
        pl.col("instant").str.to_datetime(_INSTANT, time_unit="us", time_zone="UTC"),
        pl.col("observed_at").str.to_datetime(_STAMP, time_unit="us", time_zone="UTC"),
        pl.col("date").str.to_date("%Y-%m-%d"),
        *numbers,
        pl.Series("position", list(good), pl.Int64),
    )


_HEADS: Final = ("dataset", "region", "instant", "date", "heure", "nature", "observed_at", "sample")


@cache
def _numbers() -> Mapping[str, pl.DataType | type[pl.DataType]]:
    types = {Kind.WHOLE: pl.Int32, Kind.RATE: pl.Float64}
    return {column.name: types[column.kind] for dataset in DATASETS for column in columns(dataset)}
