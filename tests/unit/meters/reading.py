"""What tests of meter files need: files written as meters do, and what watthouse reads in them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from unittest import mock

import polars as pl

from watthouse.meters.files import MeterFile, found
from watthouse.meters.lines import BLOCK_BYTES
from watthouse.meters.reading import Reading
from watthouse.settings import Settings
from watthouse.sources import archive

LP: Final = "MeterPoint Code,Serial Number,Plant Code,Date/Time,Data Type,Data Value,Units,Status"
TOU: Final = "MeterCode,Serial,PlantCode,DateTime,Quality,Stream,DataType,Energy,Units"
REGISTERS: Final = (
    "MeterPoint Code,Serial Number,Plant Code,Date/Time,Data Type,Energy,Maximum Demand,Time of Max Demand,Units,"
    "Status,Period,DLS Active,Billing Reset Count,Billing Reset Date/Time,Rate"
)


@dataclass(frozen=True)
class Content:
    """The readings and rejects of a file."""

    layout: str
    readings: pl.DataFrame
    rejects: pl.DataFrame

    def values(self, *names: str) -> list[tuple[Any, ...]]:
        return self.readings.select(names).rows()

    @property
    def reasons(self) -> dict[int, str]:
        return dict(self.rejects.select("line", "reason").rows())


def lp(
    time: str, value: object = "1.5", *, meter: str = "00210", kind: str = "Import Wh Total", unit: str = "kwh"
) -> str:
    """A line of a load profile."""
    return f"{meter},S{meter},P1,{time},{kind},{value},{unit},"


def local(*parts: int) -> datetime:
    """A time as a meter's clock shows it."""
    return datetime(*parts)  # type: ignore[arg-type] # noqa: DTZ001


def text(*lines: str, end: str = "\n") -> str:
    return end.join([*lines, ""])


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text(*lines))
    return path


@contextmanager
def in_pieces(size: int) -> Iterator[None]:
    """Files are read by so many bytes: a block ends no earlier than the piece of it that was read."""
    with mock.patch.object(archive, "_CHUNK", size):
        yield


def content(path: Path, zone: str = "Europe/Paris", block_bytes: int = BLOCK_BYTES) -> Content:
    """All that one file says."""
    (file,) = found([path], Settings())
    assert isinstance(file, MeterFile), file
    with in_pieces(block_bytes):
        reading = Reading(file, zone, block_bytes)
        batches = list(reading.batches())
    readings = pl.concat([batch.readings for batch in batches])
    rejects = pl.concat([batch.rejects for batch in batches])
    assert (readings.height, rejects.height) == (reading.rows, reading.rejected)
    return Content(reading.layout.name, readings, rejects)


def of(folder: Path, *lines: str, zone: str = "Europe/Paris") -> Content:
    """All that a file with these lines says."""
    return content(write(folder / "file.csv", *lines), zone)


def instants(found: Iterable[Any]) -> list[str]:
    return [f"{moment:%d %H:%M}" for moment in found]
