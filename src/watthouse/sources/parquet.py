"""Parquet exports, read in batches."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from watthouse.errors import SourceError, shown
from watthouse.sources import contract
from watthouse.sources.archive import AGAIN, Packing
from watthouse.sources.base import Piece
from watthouse.sources.headers import EXTRA, Layout, recognise

_UTC = pa.timestamp("us", tz="UTC")


def pieces(packing: Packing) -> Iterator[Piece]:
    """The rows of a Parquet file; only the columns that the catalog knows are decoded."""
    try:
        with packing.seekable() as stream:
            file = pq.ParquetFile(stream, page_checksum_verification=True)
            _refuse_over_cap(file, packing)
            layout = recognise(file.schema_arrow.names, packing.origin)
            done = 0
            names = [file.schema_arrow.names[place] for place in _read_positions(file, layout).values()]
            for batch in file.iter_batches(packing.settings.batch_rows, columns=names):
                done += batch.num_rows
                position = packing.size * done // max(file.metadata.num_rows, 1)
                yield from contract.pieces(layout, _frame(batch, file, layout), packing.origin, position)
    except (pa.ArrowException, OSError, pl.exceptions.PolarsError, UnicodeError) as error:
        raise SourceError(f"{packing.origin}: Parquet truncated or damaged ({shown(error, 80)}): {AGAIN}") from error


def _read_positions(file: pq.ParquetFile, layout: Layout) -> dict[str, int]:
    """Technical name → place of the columns to read; of those that may name a place only text, as types vary."""
    types = file.schema_arrow.types
    return {
        name: place
        for name, place in layout.positions.items()
        if not name.startswith(EXTRA) or pa.types.is_string(types[place]) or pa.types.is_large_string(types[place])
    }


def _frame(batch: pa.RecordBatch, file: pq.ParquetFile, layout: Layout) -> pl.DataFrame:
    # Checksums are optional in Parquet: a damaged page without one can decode to an invalid array, and polars trusts
    # what it is given.
    batch.validate(full=True)
    columns = {
        name: _plain(batch.column(file.schema_arrow.names[place]))
        for name, place in _read_positions(file, layout).items()
    }
    return pl.DataFrame(pa.table(columns))


def _plain(column: "pa.Array[Any]") -> "pa.Array[Any]":
    """Instants in UTC whatever zone they are shown in (polars does not know every zone Parquet may name)."""
    if pa.types.is_timestamp(column.type) and column.type.tz:
        return column.cast(_UTC, safe=False)
    return column


def _refuse_over_cap(file: pq.ParquetFile, packing: Packing) -> None:
    metadata, cap = file.metadata, packing.settings.max_file_bytes
    unpacked = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    if unpacked > cap:
        raise SourceError(
            f"{packing.origin}: over {cap:,} bytes once unpacked: split it, or raise WATTHOUSE_MAX_FILE_BYTES"
        )
