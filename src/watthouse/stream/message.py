"""A message of the stream: one observation as JSON, by a schema that both ends hold it to.

Imports stay few: Spark's workers read messages too.
"""

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
LARGEST_RATE: Final = 99_999_999_999_999
"""Of a rate, either way: the digits that marts keep of one before its point."""
DATASETS: Final = (CATALOG[NATIONAL], CATALOG[REGIONAL])
"""What is streamed."""

_INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"
_STAMP: Final = "%Y-%m-%dT%H:%M:%S%.6fZ"
_SHOWN: Final = 200
_TOGETHER: Final = 10_000
"""Values that are read together: one that is no JSON makes those be read one by one."""
_REGION: Final = "code_insee_region"


def columns(dataset: Dataset) -> tuple[Column, ...]:
    """The columns whose values a message has: all that are numbers."""
    return tuple(column for column in dataset.columns if column.kind in {Kind.WHOLE, Kind.RATE})


def written(dataset: Dataset, rows: pl.DataFrame, sample: str | None = None) -> pl.DataFrame:
    """Observations (the catalog's columns and ``observed_at``) as messages, in their order.

    ``sample`` names the sample that they are of, None for published data.

    Columns: ``key``, ``value`` (text) and ``fault``, why a value breaks the schema; null where it does not.
    """
    messages = rows.select(**_messages(dataset, pl.lit(sample, pl.String)), is_plain=_is_plain(dataset))
    return messages.select("key", "value", fault=_faults(messages))


def _messages(dataset: Dataset, sample: pl.Expr) -> dict[str, pl.Expr]:
    instant = pl.col(dataset.time).dt.strftime(_INSTANT)
    heads = {
        "schema": pl.lit(VERSION),
        "dataset": pl.lit(dataset.id),
        "region": _region(dataset),
        "instant": instant,
        "date": pl.col("date").dt.strftime("%Y-%m-%d"),
        "heure": pl.col("heure"),
        "nature": pl.col("nature"),
        "observed_at": pl.col("observed_at").dt.strftime(_STAMP),
        "sample": sample,
        "values": pl.struct(column.name for column in columns(dataset)),
    }
    return {
        "key": pl.concat_str([pl.lit(dataset.id), _region(dataset), instant], separator="|"),
        "value": pl.struct(each.alias(name) for name, each in heads.items()).struct.json_encode(),
    }


def fault_of(value: bytes | None) -> str | None:
    """Why it is no message of this version, in one line; None where it is one."""
    return _parsed(value)[1]


def read(values: Sequence[bytes | None]) -> tuple[pl.DataFrame, dict[int, str]]:
    """The messages among these values, in their order, and the position of each other value with its fault.

    Columns: those of a message, with ``instant`` and ``observed_at`` as UTC instants and ``date`` as a date, then each
    column of :func:`columns` of either dataset, and ``position``.
    """
    plain = _plain(values)
    known = set(plain["position"].to_list())
    faults, good = {}, {}
    for position, value in enumerate(values):
        if position in known:
            continue
        message, fault = _parsed(value)
        if fault is None:
            good[position] = message
        else:
            faults[position] = fault
    return pl.concat([plain, _frame(good)]).sort("position"), faults


def _plain(values: Sequence[bytes | None]) -> pl.DataFrame:
    """Those that are, letter by letter, what :func:`written` makes of a plain row: the schema need not be asked."""
    texts = pl.Series("text", [_text(value) for value in values], pl.String).to_frame()
    numbered = texts.with_row_index("position").filter(pl.col("text").str.len_bytes() <= LONGEST)
    slices = [*numbered.iter_slices(_TOGETHER)] or [numbered]
    with ThreadPoolExecutor(min(len(slices), os.cpu_count() or 1)) as readers:
        return pl.concat(readers.map(_plain_among, slices))


def _plain_among(texts: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([_plain_of(dataset, texts) for dataset in DATASETS])


def _text(value: bytes | None) -> str | None:
    try:
        return value.decode() if value is not None else None
    except UnicodeDecodeError:
        return None


def _plain_of(dataset: Dataset, texts: pl.DataFrame) -> pl.DataFrame:
    begins = f'{{"schema":{VERSION},"dataset":"{dataset.id}",'
    # nothing is nested in what is plain: what is, however deep, is not for a parser that may recurse
    flat = (pl.col("text").str.count_matches("{", literal=True) == 2) & ~pl.col("text").str.contains("[", literal=True)
    own = texts.filter(pl.col("text").str.starts_with(begins) & flat)
    try:
        told = own.with_columns(told=pl.col("text").str.json_decode(_shape(dataset))).unnest("told").unnest("values")
    except pl.exceptions.ComputeError:
        # one is no JSON, and which one is not said: each is read by itself
        return _frame({})
    rows = _typed(told, strict=False)
    published = rows.rename({"instant": dataset.time, **({"region": _REGION} if _REGION in dataset else {})})
    same = _messages(dataset, pl.col("sample"))["value"] == pl.col("text")
    return _of_either(rows.filter(published.select(same & _is_plain(dataset)).to_series()))


@cache
def _shape(dataset: Dataset) -> pl.Struct:
    heads = {"schema": pl.Int64, **dict.fromkeys(_HEADS, pl.String)}
    values = pl.Struct({column.name: _TYPES[column.kind] for column in columns(dataset)})
    return pl.Struct({**heads, "values": values})


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
    """Whether a row cannot break the schema: its texts are of the usual shape, its rates are numbers within bounds.

    Its whole numbers are what they are by type, as its instants are but for their years. The schema itself is tried on
    the first row of each frame and on every row that is not plain.
    """
    # parsing and validating a message takes 11 µs (112,000 and 400,000 a second, 2026-11-30), all else that publishes
    # it 7 µs of processor time: holding each of them to the schema here would more than halve the rate
    named = [column.name for column in columns(dataset) if column.kind is Kind.RATE]
    rates = [pl.col(name).is_between(-LARGEST_RATE, LARGEST_RATE) for name in named]
    expected = [
        _region(dataset).str.contains("^[0-9]{2}$" if _REGION in dataset else f"^{FRANCE}$"),
        *(pl.col(name).dt.year().is_between(1000, 2999) for name in (dataset.time, "date", "observed_at")),
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
    read = pl.DataFrame(heads, schema_overrides=dict.fromkeys(_HEADS, pl.String))
    return _of_either(_typed(read, strict=True).with_columns(*numbers, pl.Series("position", list(good), pl.UInt32)))


def _typed(rows: pl.DataFrame, *, strict: bool) -> pl.DataFrame:
    """Instants and days, null where one is none and the texts were not held to the schema before (``strict``)."""
    return rows.with_columns(
        pl.col("instant").str.to_datetime(_INSTANT, time_unit="us", time_zone="UTC", strict=strict),
        pl.col("observed_at").str.to_datetime(_STAMP, time_unit="us", time_zone="UTC", strict=strict),
        pl.col("date").str.to_date("%Y-%m-%d", strict=strict),
    )


def _of_either(rows: pl.DataFrame) -> pl.DataFrame:
    """With the columns of both datasets."""
    other = [pl.lit(None, dtype).alias(name) for name, dtype in _numbers().items() if name not in rows.columns]
    return rows.with_columns(other).select(*_HEADS, *_numbers(), "position")


_HEADS: Final = ("dataset", "region", "instant", "date", "heure", "nature", "observed_at", "sample")
_TYPES: Final = {Kind.WHOLE: pl.Int32, Kind.RATE: pl.Float64}


@cache
def _numbers() -> Mapping[str, type[pl.DataType]]:
    return {column.name: _TYPES[column.kind] for dataset in DATASETS for column in columns(dataset)}
