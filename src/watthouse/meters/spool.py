"""The readings of one file on disk, in order of channel and time, so that a file of any size can be looked over."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from watthouse.meters.readings import CHANNEL
from watthouse.meters.steps import Run, Stretch, runs_of

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_ROWS: Final = 50_000
"""Rows that become Python objects at a time."""

_TABLES: Final = """
pragma journal_mode = off;
pragma synchronous = off;
pragma cache_size = -65536;
create table readings (
    channel integer, instant integer, line integer, energy real, primary key (channel, instant, line)
) without rowid;
begin;
"""

# with a single max() in it, SQLite takes the energy from the row that has it: the last line of the interval
_ONCE: Final = """
create table once as
select channel, instant, max(line) as line, energy, count(*) as times, count(distinct energy) > 1 as disagrees
from readings
group by channel, instant
order by channel, instant;
create index once_by_time on once (channel, instant);
"""

_COUNTS: Final = """
select sum(times), min(instant), max(instant), sum(times) - count(*), sum(disagrees) from once where channel = ?
"""

# rows lie in order of channel and time: zeros in a row have row numbers in a row
_ZEROS: Final = """
with zeros as (
    select
        instant,
        rowid - row_number() over (order by rowid) as stretch,
        coalesce(instant - lag(instant) over (order by rowid) > :most, 0) as is_apart
    from once
    where channel = :channel and energy = 0
),
numbered as (
    select instant, stretch, sum(is_apart) over (order by instant) as part from zeros
)
select min(instant), max(instant), count(*)
from numbered
group by stretch, part
having max(instant) - min(instant) >= :least
order by 1
"""


@dataclass(frozen=True)
class Counts:
    """Readings of a channel; ``duplicates`` repeat an interval, ``disagreeing`` intervals have several values."""

    readings: int
    first: datetime
    last: datetime
    duplicates: int
    disagreeing: int


class Spool:
    """A database for one file, which ends with it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._numbers: dict[tuple[str, ...], int] = {}
        self._newest: dict[int, datetime] = {}
        self.unsorted: dict[int, int] = {}
        """How many lines of each channel are earlier than the one before."""

    @property
    def channels(self) -> dict[tuple[str, ...], int]:
        """The channels in the order in which they came, with their numbers."""
        return self._numbers

    def take(self, readings: pl.DataFrame) -> None:
        """Take in some readings, in the order of their lines."""
        for channel, part in readings.partition_by(CHANNEL, as_dict=True, maintain_order=True).items():
            number = self._numbers.setdefault(tuple(map(str, channel)), len(self._numbers))
            self._count_unsorted(number, part["instant"])
            rows = part.select(pl.lit(number), pl.col("instant").dt.epoch("us"), "line", "energy")
            for some in rows.iter_slices(_ROWS):
                self._connection.executemany("insert into readings values (?, ?, ?, ?)", some.rows())

    def end(self) -> None:
        """All has been taken in: each interval is brought down to its last line."""
        self._connection.commit()
        self._connection.executescript(_ONCE)

    def counts(self, number: int) -> Counts:
        """What there is of a channel."""
        readings, first, last, *twice = self._connection.execute(_COUNTS, [number]).fetchone()
        return Counts(readings, _moment(first), _moment(last), *twice)

    def runs(self, number: int, last: datetime) -> list[Run]:
        """The intervals of a channel as runs of one length; ``last`` is its last reading."""
        return runs_of([(_moment(since), length * _MICROSECOND) for since, length in self._begun(number)], last)

    def _begun(self, number: int) -> Iterator[tuple[int, int]]:
        """Where intervals of another length begin, and that length."""
        found = self._connection.execute("select instant from once where channel = ? order by instant", [number])
        before, length = None, None
        while part := found.fetchmany(_ROWS):
            instants = pl.Series([before, *(instant for (instant,) in part)], dtype=pl.Int64).drop_nulls()
            lengths = instants.diff()[1:]
            others = lengths.ne_missing(lengths.shift(fill_value=length)).arg_true()
            yield from zip(instants.gather(others), lengths.gather(others), strict=True)
            before, length = instants[-1], lengths[-1] if len(lengths) else length

    def zeros(self, number: int, apart: timedelta, lasting: timedelta) -> Iterator[Stretch]:
        """Stretches of zeros ``apart`` at most that last so long at least, each from its first zero to its last."""
        asked = {"channel": number, "most": apart // _MICROSECOND, "least": lasting // _MICROSECOND}
        for since, until, count in self._connection.execute(_ZEROS, asked):
            yield Stretch(_moment(since), _moment(until), count)

    def _count_unsorted(self, number: int, instants: pl.Series) -> None:
        before = self._newest.get(number, instants[0])
        earlier = int((instants.diff() < timedelta()).sum()) + (instants[0] < before)
        self.unsorted[number] = self.unsorted.get(number, 0) + earlier
        self._newest[number] = instants[-1]


@contextmanager
def spool() -> Iterator[Spool]:
    """An empty one, in a scratch folder."""
    with TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "readings.sqlite", isolation_level=None)
        try:
            connection.executescript(_TABLES)
            yield Spool(connection)
        finally:
            connection.close()


def _moment(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
