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

from watthouse.errors import UsageError, WatthouseError


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
    if not output.name or output.is_dir():
        raise UsageError(f"--output '{output}' is not a file: name one")
    # beside the target and renamed: an interrupted export would otherwise look like a complete one
    fresh = output.with_name(f".{output.name}.new")
    try:
        with fresh.open("wb") as sink:
            _WRITERS[style](pieces, sink)
        fresh.replace(output)
    except OSError as error:
        raise WatthouseError(f"{output} cannot be written ({error.strerror}): name another file") from error
    finally:
        fresh.unlink(missing_ok=True)


def _csv(pieces: Iterable[pl.DataFrame], sink: IO[bytes]) -> None:
    for number, rows in enumerate(pieces):
        rows.write_csv(sink, include_header=not number, datetime_format="%Y-%m-%dT%H:%M:%SZ")


def _json(pieces: Iterable[pl.DataFrame], sink: IO[bytes]) -> None:
    # By hand, as pieces come: a mart of any size is written in bounded memory. Decimals become floats, since polars
    # would write them as text.
    between = b"["
    for rows in pieces:
        if rows.height:
            sink.write(between + rows.with_columns(cs.decimal().cast(pl.Float64)).write_json().encode()[1:-1])
            between = b","
    sink.write(b"[]\n" if between == b"[" else b"]\n")


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
