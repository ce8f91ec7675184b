"""Parquet exports, read in batches that another process decodes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import polars as pl
import pyarrow as pa

from watthouse.errors import SourceError, shown
from watthouse.sources import contract
from watthouse.sources.archive import AGAIN, Packing
from watthouse.sources.base import Piece
from watthouse.sources.decoder import decoding
from watthouse.sources.headers import EXTRA, Layout, recognise

_UTC = pa.timestamp("us", tz="UTC")
_DAMAGED: Final = f"Parquet truncated or damaged ({{}}): {AGAIN}"


def pieces(packing: Packing) -> Iterator[Piece]:
    """The rows of a Parquet file; only the columns that the catalog knows are decoded.

    Raises :class:`~watthouse.errors.SourceError` where they decode to more than ``settings`` allow, whatever little
    they take in the file: half a gigabyte of one value is a few hundred bytes of Parquet.
    """
    try:
        with packing.seekable() as stream, decoding("parquet", packing, stream, _DAMAGED) as work:
            header = work.header()
            layout = recognise(header["names"], packing.origin)
            places = _read_places(layout, header["kinds"])
            packing.refuse_over_caps(
                header["rows"] * sum(header["widths"][place] for place in places.values()), packed=True
            )
            work.choose(list(places.values()))
            done = decoded = 0
            for batch in work.parts():
                assert isinstance(batch, pa.RecordBatch)
                done, decoded = done + batch.num_rows, decoded + batch.nbytes
                packing.refuse_over_caps(decoded, packed=True)
                position = packing.size * done // max(header["rows"], 1)
                frame = _frame(batch, {name: header["names"][place] for name, place in places.items()})
                yield from contract.pieces(layout, frame, packing.origin, position)
    except (pa.ArrowException, pl.exceptions.PolarsError, UnicodeError) as error:
        raise SourceError(f"{packing.origin}: {_DAMAGED.format(shown(error, 80))}") from error


def _read_places(layout: Layout, kinds: Sequence[str]) -> dict[str, int]:
    """Technical name → place of the columns to read; of those that may name a place only text, as types vary."""
    return {
        name: place
        for name, place in layout.positions.items()
        if not name.startswith(EXTRA) or kinds[place] in {"string", "large_string"}
    }


def _frame(batch: pa.RecordBatch, names: Mapping[str, str]) -> pl.DataFrame:
    return pl.DataFrame(pa.table({name: _plain(batch.column(its_own)) for name, its_own in names.items()}))


def _plain(column: "pa.Array[Any]") -> "pa.Array[Any]":
    """Instants in UTC whatever zone they are shown in (polars does not know every zone Parquet may name)."""
    if pa.types.is_timestamp(column.type) and column.type.tz:
        # nanoseconds may be cut off; a coarser instant that microseconds cannot hold would become any other one
        return column.cast(_UTC, safe=column.type.unit != "ns")
    return column
