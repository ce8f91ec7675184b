"""Rows as bytes: one table as JSON, CSV, Parquet or Arrow, in pieces, with its title, units and source."""

import csv
import io
import json
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from watthouse import cells
from watthouse.serve import deadline
from watthouse.serve.formats import Format, Labels

# a row group is kept in memory until it is full
_GROUP_ROWS: Final = 32_768


ATTRIBUTION: Final = "attribution"
"""The column of a CSV that names the publishers and the days of their rows."""


def pieces(labels: Labels, batches: Iterator[pa.RecordBatch], schema: pa.Schema, style: Format) -> Iterator[bytes]:
    """The rows on their way."""
    return _writers[style](labels, _marked(batches, labels), schema)


def whole(labels: Labels, rows: pa.Table, style: Format) -> bytes:
    """A small answer at once."""
    batches = iter(rows.combine_chunks().to_batches())
    return b"".join(pieces(labels, batches, rows.schema, style))


def content_type(style: Format) -> str:
    """The media type, and for CSV its charset and header row."""
    return f"{style.media}; charset=utf-8; header=present" if style is Format.CSV else style.media


def _schema(schema: pa.Schema, labels: Labels) -> pa.Schema:
    """With every column's unit and meaning, and a column that says so where the data are made up."""
    about = {column.name: column for column in labels.columns}
    fields = [
        field_of.with_metadata({"unit": about[field_of.name].unit, "description": about[field_of.name].description})
        if field_of.name in about
        else field_of
        for field_of in schema
    ]
    if labels.sample:
        # a file outlives the page that warned its reader
        fields.append(pa.field("sample", pa.string()))
    about_file: dict[str | bytes, str | bytes] = {
        "title": labels.title,
        "source": labels.source,
        "licence": labels.licence,
        "version": labels.version,
    }
    return pa.schema(fields, metadata=about_file | {name: _metadata(value) for name, value in labels.more.items()})


def _marked(batches: Iterator[pa.RecordBatch], labels: Labels) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        deadline.check()
        if labels.sample:
            yield batch.append_column("sample", pa.repeat(labels.sample, batch.num_rows))
        else:
            yield batch


def _json(labels: Labels, batches: Iterator[pa.RecordBatch], _schema: pa.Schema) -> Iterator[bytes]:
    head = vars(labels) | {"columns": [vars(column) for column in labels.columns]} | dict(labels.more)
    del head["more"]
    # the head first, then rows as they come: an answer of any size takes little memory
    yield json.dumps(head, default=_text, ensure_ascii=False).encode()[:-1] + b', "rows": ['
    # a comma between batches, not between rows: Polars writes those
    first = True
    for batch in batches:
        if batch.num_rows:
            written = _plain(batch).write_json().encode()[1:-1]
            yield written if first else b"," + written
            first = False
    yield b"]}\n"


def _csv(labels: Labels, batches: Iterator[pa.RecordBatch], plain: pa.Schema) -> Iterator[bytes]:
    """The attribution stands in the first row only, in a last column: in every row it would double the file."""
    head = io.StringIO()
    csv.writer(head, lineterminator="\n").writerow([*_schema(plain, labels).names, ATTRIBUTION])
    # the header even without rows: an empty file would have no columns
    yield head.getvalue().encode()
    attributions = [labels.source]
    for batch in batches:
        rows = pl.DataFrame(batch)
        # the first row may be in a later batch: some are empty
        attribution = (attributions + [None] * rows.height)[: rows.height]
        attributions = attributions[rows.height :]
        written = io.BytesIO()
        cells.inert(rows).with_columns(pl.Series(ATTRIBUTION, attribution, pl.String)).write_csv(
            written, include_header=False, datetime_format="%Y-%m-%dT%H:%M:%SZ"
        )
        yield written.getvalue()


def _parquet(labels: Labels, batches: Iterator[pa.RecordBatch], plain: pa.Schema) -> Iterator[bytes]:
    sink, schema = _Pipe(), _schema(plain, labels)
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for group in _groups(batches, schema):
            writer.write_table(group)
            yield sink.drained()
    yield sink.drained()


def _groups(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
        if sum(batch_held.num_rows for batch_held in waiting) >= _GROUP_ROWS:
            yield pa.Table.from_batches(waiting, schema)
            waiting = []
    yield pa.Table.from_batches(waiting, schema)


def _arrow(labels: Labels, batches: Iterator[pa.RecordBatch], plain: pa.Schema) -> Iterator[bytes]:
    sink, schema = _Pipe(), _schema(plain, labels)
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
            yield sink.drained()
    yield sink.drained()


class _Pipe(io.RawIOBase):
    """What was written since it was last asked."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: Any, /) -> int:
        self._held += piece
        return len(piece)

    def drained(self) -> bytes:
        piece, self._held = bytes(self._held), bytearray()
        return piece


_writers: Final = {Format.JSON: _json, Format.CSV: _csv, Format.PARQUET: _parquet, Format.ARROW: _arrow}


def _plain(batch: pa.RecordBatch) -> pl.DataFrame:
    """In the types that JSON has: instants as text, decimals as numbers, no NaN."""
    rows = pl.DataFrame(batch)
    for place, kind in enumerate(rows.dtypes):
        # whole numbers, days and words are most of an answer by slot: to look into each column took half of its time
        if kind.base_type() in _UNLIKE_JSON:
            rows.replace_column(place, _plain_column(rows.to_series(place)))
    return rows


_UNLIKE_JSON: Final = frozenset({pl.Decimal, pl.Float64, pl.Float32, pl.Datetime})


def _plain_column(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if kind.is_decimal():
        return column.cast(pl.Float64)
    if kind.is_float():
        return column.fill_nan(None) if math.isnan(column.sum() or 0) else column  # it is slow, and hardly ever wanted
    return column.dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def _metadata(value: object) -> str:
    """A value as file metadata: lists and objects as JSON."""
    return json.dumps(value, default=_text, ensure_ascii=False) if isinstance(value, list | dict) else _text(value)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else str(value)
