"""A frame as a file or on a pipe: CSV, JSON, Parquet."""

import sys
from enum import Enum
from io import BytesIO
from pathlib import Path

import polars as pl
import polars.selectors as cs

from watthouse.errors import UsageError, WatthouseError


class Format(Enum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def write(rows: pl.DataFrame, style: Format, output: Path | None) -> None:
    """Write to a file, or to standard output where none is named; a file appears whole or not at all."""
    if output is None:
        if style is Format.PARQUET and sys.stdout.isatty():
            raise UsageError("Parquet is not for a terminal: name a file with --output")
        sys.stdout.buffer.write(_bytes(rows, style))
        sys.stdout.buffer.flush()
        return
    if not output.name or output.is_dir():
        raise UsageError(f"--output '{output}' is not a file: name one")
    fresh = output.with_name(f".{output.name}.new")
    try:
        fresh.write_bytes(_bytes(rows, style))
        fresh.replace(output)
    except OSError as error:
        raise WatthouseError(f"{output} cannot be written ({error.strerror}): name another file") from error
    finally:
        fresh.unlink(missing_ok=True)


def _bytes(rows: pl.DataFrame, style: Format) -> bytes:
    if style is Format.PARQUET:
        sink = BytesIO()
        rows.write_parquet(sink)
        return sink.getvalue()
    if style is Format.JSON:
        return (rows.with_columns(cs.decimal().cast(pl.Float64)).write_json() + "\n").encode()
    return rows.write_csv(datetime_format="%Y-%m-%dT%H:%M:%SZ").encode()
