"""One file into the database: its channels, its readings, its rejects, and the record of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import polars as pl
from sqlalchemy import Connection, delete, insert, select, update

from watthouse.meters.readings import CHANNEL, INSTANT, Batch
from watthouse.meters.storage import bulk, precedence
from watthouse.meters.storage.day_view import TouchedDays
from watthouse.meters.storage.models import Channel, EnergyData, FileSpan, LoadedFile, RejectedLine, ReplacedReading
from watthouse.meters.storage.scratch import RANGES, READING_COLUMNS, STAGED, scratch

_KEY: Final = ["channel_id", "instant"]
_SPAN: Final = {"file_id": pl.Int32(), "channel_id": pl.Int32(), "first": INSTANT, "last": INSTANT}


@dataclass(frozen=True)
class Version:
    """What is to be known of a file before it is loaded; ``sha256`` is that of its content, once unpacked."""

    name: str
    sha256: str
    layout: str
    written_at: datetime


@dataclass
class Figures:
    """What became of the lines of a file.

    ``readings`` are those taken over. ``duplicates`` repeat an interval of the same file; ``superseded`` readings of
    older files gave way, ``outdated`` ones of this file are older than what is held.
    """

    layout: str = ""
    readings: int = 0
    rejected: int = 0
    duplicates: int = 0
    superseded: int = 0
    outdated: int = 0


def is_known(connection: Connection, name: str, sha256: str) -> bool:
    """Whether this content is held already: under this name, or ever under another one, of which it is a copy."""
    records = connection.execute(
        select(LoadedFile.name, LoadedFile.replaced_by).where(LoadedFile.sha256 == sha256)
    ).all()
    # an older version that lies under its name again is meant to count again
    return any(record.name != name or record.replaced_by is None for record in records)


def store(connection: Connection, version: Version, batches: Iterable[Batch]) -> Figures:
    """Load a file; one of this name gives way to it. The transaction is the caller's."""
    with scratch(connection):
        return _Storing(connection, version).store(batches)


class _Storing:
    def __init__(self, connection: Connection, version: Version) -> None:
        self._connection, self._version = connection, version
        self._channels: dict[tuple[str, ...], int] = {}
        self._spans: dict[int, tuple[datetime, datetime]] = {}
        self._figures = Figures(version.layout)
        self._days = TouchedDays()
        self._file_id = 0

    def store(self, batches: Iterable[Batch]) -> Figures:
        self._file_id, older = self._record()
        for batch in batches:
            self._take(batch)
        self._note_spans()
        self._days.refresh(self._connection, some_went=older is not None)
        figures = self._figures
        counts = {
            "readings": figures.readings,
            "rejected": figures.rejected,
            "duplicates": figures.duplicates,
            "superseded": figures.superseded,
        }
        self._connection.execute(update(LoadedFile).where(LoadedFile.id == self._file_id).values(counts))
        return figures

    def _record(self) -> tuple[int, int | None]:
        """Enter the file, and take back what an older version of it had; returns the numbers of both."""
        version = self._version
        older = select(LoadedFile.id).where(LoadedFile.name == version.name, LoadedFile.replaced_by.is_(None))
        old = self._connection.execute(older).scalar()
        record = {"name": version.name, "sha256": version.sha256, "layout": version.layout}
        moments = {"written_at": version.written_at, "loaded_at": datetime.now(UTC)}
        nothing = dict.fromkeys(("readings", "rejected", "duplicates", "superseded"), 0)
        entered = self._connection.execute(
            insert(LoadedFile).values(record | moments | nothing).returning(LoadedFile.id)
        )
        file_id = int(entered.scalar_one())
        if old is not None:
            self._connection.execute(update(LoadedFile).where(LoadedFile.id == old).values(replaced_by=file_id))
            self._note_days_of(old)
            precedence.withdraw(self._connection, old, file_id)
        return file_id, old

    def _note_days_of(self, file_id: int) -> None:
        columns = ("meter_code", "serial_code", "plant_code", "date_time")
        gone = precedence.of_file(file_id).with_only_columns(
            *(EnergyData.__table__.c[name] for name in columns), maintain_column_froms=True
        )
        rows = self._connection.execute(gone).yield_per(50_000)
        for part in rows.partitions():
            self._days.note(pl.DataFrame([tuple(row) for row in part], schema=list(columns), orient="row"))

    def _take(self, batch: Batch) -> None:
        connection, figures = self._connection, self._figures
        rejects = batch.rejects.with_columns(file_id=pl.lit(self._file_id, pl.Int32))
        bulk.insert(connection, RejectedLine.__tablename__, rejects)
        figures.rejected += rejects.height
        if batch.readings.is_empty():
            return
        rows = self._of_channels(batch.readings)
        self._days.note(rows)
        rows = self._once(rows)
        ranges = rows.group_by("channel_id").agg(first=pl.col("instant").min(), last=pl.col("instant").max())
        for channel, first, last in ranges.iter_rows():
            known = self._spans.get(channel, (first, last))
            self._spans[channel] = (min(known[0], first), max(known[1], last))
        figures.readings += rows.height
        self._bring_in(rows, ranges)

    def _bring_in(self, rows: pl.DataFrame, ranges: pl.DataFrame) -> None:
        """The usual case first: a file has what no other file had, and nothing needs to be compared."""
        connection = self._connection
        connection.execute(delete(RANGES))
        bulk.insert(connection, RANGES.name, ranges)
        if not precedence.any_held(connection):
            bulk.insert(connection, EnergyData.__tablename__, rows)
            return
        connection.execute(delete(STAGED))
        bulk.insert(connection, STAGED.name, rows)
        superseded, outdated = precedence.merge(connection, self._file_id)
        self._figures.superseded += superseded
        self._figures.outdated += outdated

    def _once(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Each interval once, by its last line; an earlier line that says otherwise goes into the history."""
        if rows.n_unique(_KEY) == rows.height:
            return rows
        last = rows.unique(_KEY, keep="last", maintain_order=True)
        earlier = rows.join(last.select(*_KEY, "line", counts=pl.col("energy")), on=_KEY, suffix="_last").filter(
            pl.col("line") != pl.col("line_last")
        )
        self._figures.duplicates += earlier.height
        other = earlier.filter(pl.col("energy") != pl.col("counts")).select(rows.columns)
        replaced = other.with_columns(replaced_by=pl.lit(self._file_id, pl.Int32))
        bulk.insert(self._connection, ReplacedReading.__tablename__, replaced)
        return last

    def _of_channels(self, readings: pl.DataFrame) -> pl.DataFrame:
        channels = readings.select(CHANNEL).unique(maintain_order=True)
        ids = [self._channel(channel) for channel in channels.iter_rows()]
        known = channels.with_columns(channel_id=pl.Series(ids, dtype=pl.Int32))
        rows = readings.join(known, on=CHANNEL, maintain_order="left")
        return rows.with_columns(file_id=pl.lit(self._file_id, pl.Int32)).select(READING_COLUMNS)

    def _channel(self, channel: tuple[str, ...]) -> int:
        if channel not in self._channels:
            named = dict(zip(CHANNEL, channel, strict=True))
            found = self._connection.execute(select(Channel.id).filter_by(**named)).scalar()
            if found is None:
                found = self._connection.execute(insert(Channel).values(named).returning(Channel.id)).scalar_one()
            self._channels[channel] = found
        return self._channels[channel]

    def _note_spans(self) -> None:
        spans = [(self._file_id, channel, first, last) for channel, (first, last) in self._spans.items()]
        bulk.insert(self._connection, FileSpan.__tablename__, pl.DataFrame(spans, _SPAN, orient="row"))
