"""Rows as a file or on a pipe, in pieces: CSV, JSON, Parquet."""

import sys
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import IO, Final

import polars as pl
import polars.selectors as cs
import pyarrow as pa
import pyarrow.parquet as pq

from watthouse import cells, inert
from watthouse.errors import UsageError, WatthouseError, shown
from watthouse.storage.fresh import kind_of, replacing


class FileFormat(Enum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def write(pieces: Iterable[pl.DataFrame], style: FileFormat, output: Path | None) -> None:
    """Write to a file, or to standard output where none is named; a file appears whole or not at all.

    ``pieces`` have the same columns; there is at least one.
    """
    if output is None:
        if style is FileFormat.PARQUET and sys.stdout.isatty():
            raise UsageError("Parquet is not for a terminal: name a file with --output")
        _WRITERS[style](pieces, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    _refuse_others(output)
    try:
        # an interrupted export would otherwise look like a complete one
        with replacing(output) as sink:
            _WRITERS[style](pieces, sink)
    except OSError as error:
        raise WatthouseError(f"{output} cannot be written ({error.strerror}): name another file") from error


def _refuse_others(output: Path) -> None:
    """Raise for what is no regular file: renamed over a device, an export has taken the place of /dev/full."""
    if kind := kind_of(output) or (None if output.name else "a folder"):
        raise UsageError(f"--output '{shown(output)}' is not a file but {kind}: name a regular file, or leave it out")


def _csv(pieces: Iterable[pl.DataFrame], sink: IO[bytes]) -> None:
    for number, rows in enumerate(pieces):
        # as text first: into an open file Polars writes by its number, past the stream that knows how to fail
        sink.write(_csv_text(rows, include_header=not number))


def _csv_text(rows: pl.DataFrame, *, include_header: bool) -> bytes:
    return cells.inert(rows).write_csv(include_header=include_header, datetime_format="%Y-%m-%dT%H:%M:%SZ").encode()


def _json(pieces: Iterable[pl.DataFrame], sink: IO[bytes]) -> None:
    # By hand, as pieces come: a mart of any size is written in bounded memory. Decimals become floats, since polars
    # would write them as text.
    between = b"["
    for rows in pieces:
        if rows.height:
            sink.write(between + _json_text(rows).encode()[1:-1])
            between = b","
    sink.write(b"[]\n" if between == b"[" else b"]\n")


def _json_text(rows: pl.DataFrame) -> str:
    document = rows.with_columns(cs.decimal().cast(pl.Float64)).write_json()
    return document if cells.is_inert(rows) else inert.escaped(document)


def _parquet(pieces: Iterable[pl.DataFrame], sink: IO[bytes]) -> None:
    tables = (rows.to_arrow(compat_level=pl.CompatLevel.oldest()) for rows in pieces)
    first = next(tables)
    file = pa.PythonFile(sink, mode="w")  # type: ignore[arg-type]  # any file will do
    with pq.ParquetWriter(file, first.schema, compression="zstd") as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


_WRITERS: Final[Mapping[FileFormat, Callable[[Iterable[pl.DataFrame], IO[bytes]], None]]] = {
    FileFormat.CSV: _csv,
    FileFormat.JSON: _json,
    FileFormat.PARQUET: _parquet,
}
