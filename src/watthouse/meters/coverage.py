"""How whole the series of a meter are: from the database, whatever number of readings they have."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, func, select, type_coerce

from watthouse.meters.channels import MeterChannel
from watthouse.meters.steps import Run, Stretch, gaps, minutes_of, usual
from watthouse.meters.storage.models import EnergyData


@dataclass(frozen=True)
class Coverage:
    """A channel with what is held of it. ``minutes`` is its most usual step; a register has neither step nor gaps."""

    channel: MeterChannel
    readings: int
    first: datetime
    last: datetime
    minutes: int | None
    gaps: Sequence[Stretch]

    @property
    def missing(self) -> int:
        """Intervals that are missing between the first reading and the last."""
        return sum(gap.count for gap in self.gaps)


Bounds = tuple[datetime | None, datetime | None]
"""Instants: the first is included, the second is not; None for all that is held."""


def coverage(connection: Connection, channels: Sequence[MeterChannel], bounds: Bounds = (None, None)) -> list[Coverage]:
    """What is held of these channels; one without a reading is left out."""
    held = {row.channel_id: row for row in connection.execute(_counts(channels, bounds))}
    series = _runs(connection, [channel for channel in channels if channel.is_interval], bounds)
    return [_coverage(one, held[one.id], series.get(one.id, [])) for one in channels if one.id in held]


def _coverage(channel: MeterChannel, held: Any, runs: Sequence[Run]) -> Coverage:
    minutes = minutes_of(usual(runs)) if runs else None
    return Coverage(channel, held.readings, held.first, held.last, minutes, list(gaps(runs)))


def within(channels: Sequence[MeterChannel], bounds: Bounds) -> list[ColumnElement[bool]]:
    """The readings of these channels between two instants."""
    since, until = bounds
    wanted: list[ColumnElement[bool]] = [EnergyData.channel_id.in_([channel.id for channel in channels])]
    if since is not None:
        wanted.append(EnergyData.instant >= since)
    if until is not None:
        wanted.append(EnergyData.instant < until)
    return wanted


def _counts(channels: Sequence[MeterChannel], bounds: Bounds) -> Any:
    counted = (
        func.count().label("readings"),
        func.min(EnergyData.instant).label("first"),
        func.max(EnergyData.instant).label("last"),
    )
    asked = select(EnergyData.channel_id, *counted).where(*within(channels, bounds))
    return asked.group_by(EnergyData.channel_id)


def _runs(connection: Connection, channels: Sequence[MeterChannel], bounds: Bounds) -> dict[int, list[Run]]:
    """The intervals of each channel as runs of one length: few, however many readings there are."""
    seconds = _seconds(connection)
    lengths = (
        select(
            EnergyData.channel_id,
            EnergyData.instant,
            (_next(seconds) - seconds).label("length"),
        )
        .where(*within(channels, bounds))
        .cte("lengths")
    )
    # two numberings, of all intervals and of those of one length, differ by the same as long as a run lasts
    by_length = func.row_number().over(
        partition_by=(lengths.c.channel_id, lengths.c.length), order_by=lengths.c.instant
    )
    by_channel = func.row_number().over(partition_by=lengths.c.channel_id, order_by=lengths.c.instant)
    numbered = (
        select(lengths, (by_channel - by_length).label("run")).where(lengths.c.length.is_not(None)).cte("numbered")
    )
    since = func.min(numbered.c.instant)
    final = (
        select(numbered.c.channel_id, since, numbered.c.length, func.count())
        .group_by(numbered.c.channel_id, numbered.c.length, numbered.c.run)
        .order_by(numbered.c.channel_id, since)
    )
    runs: dict[int, list[Run]] = defaultdict(list)
    for channel, begun, length, count in connection.execute(final).tuples():
        runs[channel].append(Run(begun, timedelta(seconds=int(length)), count))
    return runs


def _next(value: Any) -> Any:
    return func.lead(value).over(partition_by=EnergyData.channel_id, order_by=EnergyData.instant)


def _seconds(connection: Connection) -> Any:
    if connection.dialect.name == "sqlite":
        return type_coerce(EnergyData.instant, Integer)
    return func.extract("epoch", EnergyData.instant)
