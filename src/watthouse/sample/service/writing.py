"""Rows as bytes, in the formats an export comes in: each begins, takes pieces of rows, and ends."""

import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol, cast
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from watthouse.catalog import BATTERIES, NATIONAL_SOURCES, Dataset

_PIECE: Final = 8_192
_BOM: Final = b"\xef\xbb\xbf"
_UNITLESS: Final = frozenset(
    [*(one.name for one in BATTERIES), *(part.name for part in NATIONAL_SOURCES["eolien"].parts)]
)
_ISO: Final = "%Y-%m-%dT%H:%M:%S%:z"


class Writer(Protocol):
    """One format. ``media`` is its content type, ``piece`` how many rows are made at a time."""

    media: str
    piece: int

    def begin(self, empty: pl.DataFrame, /) -> bytes: ...

    def rows(self, frame: pl.DataFrame) -> bytes: ...

    def end(self) -> bytes: ...


@dataclass
class Csv:
    """Semicolons, CRLF, a BOM; ``labels`` (technical name → heading) where French headings are asked for."""

    zone: ZoneInfo
    delimiter: str = ";"
    labels: dict[str, str] = field(default_factory=dict)
    media: str = "text/csv; charset=utf-8"
    piece: int = _PIECE

    def begin(self, empty: pl.DataFrame, /) -> bytes:
        # the live service writes a byte-order mark, which readers that expect plain UTF-8 take for part of a name
        heading = empty.rename({name: label for name, label in self.labels.items() if name in empty.columns})
        return _BOM + heading.write_csv(separator=self.delimiter, line_terminator="\r\n").encode()

    def rows(self, frame: pl.DataFrame) -> bytes:
        plain = shown(frame, self.zone)
        return plain.write_csv(include_header=False, separator=self.delimiter, line_terminator="\r\n").encode()

    def end(self) -> bytes:
        return b""


@dataclass
class JsonLines:
    """One object a line."""

    zone: ZoneInfo
    media: str = "application/x-ndjson; charset=utf-8"
    piece: int = _PIECE

    def begin(self, _: pl.DataFrame, /) -> bytes:
        return b""

    def rows(self, frame: pl.DataFrame) -> bytes:
        return shown(frame, self.zone).write_ndjson().encode()

    def end(self) -> bytes:
        return b""


@dataclass
class Json:
    """One array, an object a line."""

    zone: ZoneInfo
    media: str = "application/json; charset=utf-8"
    piece: int = _PIECE
    _begun: bool = False

    def begin(self, _: pl.DataFrame, /) -> bytes:
        return b"["

    def rows(self, frame: pl.DataFrame) -> bytes:
        if frame.is_empty():
            return b""
        lines = shown(frame, self.zone).write_ndjson().rstrip("\n").replace("\n", ",\n")
        before, self._begun = (",\n" if self._begun else "\n"), True
        return (before + lines).encode()

    def end(self) -> bytes:
        return b"\n]\n" if self._begun else b"]\n"


class _Drain:
    """A file that hands over what was written to it and keeps nothing."""

    closed = False

    def __init__(self) -> None:
        self._buffer = io.BytesIO()

    def write(self, piece: bytes) -> int:
        return self._buffer.write(piece)

    def flush(self) -> None:
        """There is no other buffer to flush."""

    def close(self) -> None:
        """The rest is handed over by :meth:`taken`."""

    def taken(self) -> bytes:
        piece, self._buffer = self._buffer.getvalue(), io.BytesIO()
        return piece


@dataclass
class Parquet:
    """One row group per piece, usually a month; instants in the requested zone, in milliseconds."""

    zone: ZoneInfo
    media: str = "application/parquet"
    piece: int = 8 * _PIECE
    _drain: _Drain = field(default_factory=_Drain)

    def begin(self, empty: pl.DataFrame, /) -> bytes:
        self._schema = _arrow_schema(self._zoned(empty))
        words: Any = [field.name for field in self._schema if pa.types.is_string(field.type)]
        file = pa.PythonFile(cast("io.IOBase", self._drain), mode="w")
        self._writer = pq.ParquetWriter(file, self._schema, compression="lz4", use_dictionary=words or False)
        return self._drain.taken()

    def rows(self, frame: pl.DataFrame) -> bytes:
        if not frame.is_empty():
            table = self._zoned(frame).to_arrow(compat_level=pl.CompatLevel.oldest())
            self._writer.write_table(table.cast(self._schema))
        return self._drain.taken()

    def end(self) -> bytes:
        self._writer.close()
        return self._drain.taken()

    def _zoned(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.selectors.datetime().dt.convert_time_zone(str(self.zone)))


def shown(frame: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """``frame`` as text formats show it: instants as ``2024-01-01T00:00:00+01:00`` on the clock of ``zone``."""
    instants, days = pl.selectors.datetime(), pl.selectors.date()
    return frame.with_columns(instants.dt.convert_time_zone(str(zone)).dt.strftime(_ISO), days.dt.strftime("%Y-%m-%d"))


def headings(dataset: Dataset, names: Iterable[str], now: datetime) -> dict[str, str]:
    """The French heading of each field in a vintage, with its unit in éCO2mix.

    The instant's heading changes every year, and is never the same in national and regional data; even years are as in
    the exports of 2020 and 2024.
    """
    return {name: _instant(dataset, now.year) if name == "date_heure" else _heading(dataset, name) for name in names}


def packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """``pieces`` as one gzip stream."""
    squeeze = zlib.compressobj(level=1, wbits=31)
    for piece in pieces:
        yield squeeze.compress(piece)
    yield squeeze.flush()


def _instant(dataset: Dataset, year: int) -> str:
    spellings = dataset.by_name["date_heure"].labels[:2] or ("Date - Heure",)
    return spellings[(year + ("perimetre" in dataset)) % len(spellings)]


def _heading(dataset: Dataset, name: str) -> str:
    if name not in dataset:
        return name.replace("_", " ").capitalize()
    column = dataset.by_name[name]
    label = column.labels[0] if column.labels else name
    has_unit = dataset.version and column.unit not in {"", "UTC"} and name not in _UNITLESS
    return f"{label} ({column.unit})" if has_unit else label


def _arrow_schema(frame: pl.DataFrame) -> pa.Schema:
    schema = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    plain = [field.with_type(pa.string()) if pa.types.is_large_string(field.type) else field for field in schema]
    return pa.schema(plain)
