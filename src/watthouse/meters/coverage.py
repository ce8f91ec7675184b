"""How whole the series of a meter are: from the database, whatever number of readings they have."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Integer, cast, func, or_, select, type_coerce

from watthouse.meters.channels import MeterChannel
from watthouse.meters.steps import Run, StepChange, Stretch, changes, gaps, minutes_of, runs_of, usual
from watthouse.meters.storage.models import EnergyData


@dataclass(frozen=True)
class Coverage:
    """A channel with what is held of it. ``minutes`` is its most usual step, ``steps`` are its changes; a register has
    neither step nor gaps."""

    channel: MeterChannel
    readings: int
    first: datetime
    last: datetime
    minutes: int | None
    gaps: Sequence[Stretch]
    steps: Sequence[StepChange]

    @property
    def missing(self) -> int:
        """Intervals that are missing between the first reading and the last."""
        return sum(gap.count for gap in self.gaps)


Bounds = tuple[datetime | None, datetime | None]
"""Instants: the first is included, the second is not; None for all that is held."""


def coverage(connection: Connection, channels: Sequence[MeterChannel], bounds: Bounds = (None, None)) -> list[Coverage]:
    """What is held of these channels; one without a reading is left out."""
    held = {row.channel_id: row for row in connection.execute(_counts(channels, bounds))}
    series = _begun(connection, [channel for channel in channels if channel.is_interval], bounds)
    return [
        _coverage(one, held[one.id], runs_of(series[one.id], held[one.id].last)) for one in channels if one.id in held
    ]


def _coverage(channel: MeterChannel, held: Any, runs: Sequence[Run]) -> Coverage:
    minutes = minutes_of(usual(runs)) if runs else None
    return Coverage(channel, held.readings, held.first, held.last, minutes, list(gaps(runs)), list(changes(runs)))


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


def _begun(
    connection: Connection, channels: Sequence[MeterChannel], bounds: Bounds
) -> dict[int, list[tuple[datetime, timedelta]]]:
    """Where intervals of another length begin in each channel: in few places, however many readings there are."""
    seconds = seconds_of(connection)
    lengths = (
        select(
            EnergyData.channel_id,
            EnergyData.instant,
            (_beside(func.lead(seconds)) - seconds).label("length"),
            (seconds - _beside(func.lag(seconds))).label("before"),
        )
        .where(*within(channels, bounds))
        .cte("lengths")
    )
    differs = or_(lengths.c.before.is_(None), lengths.c.before != lengths.c.length)
    final = (
        select(lengths.c.channel_id, lengths.c.instant, lengths.c.length)
        .where(lengths.c.length.is_not(None), differs)
        .order_by(lengths.c.channel_id, lengths.c.instant)
    )
    begun: dict[int, list[tuple[datetime, timedelta]]] = defaultdict(list)
    for channel, since, length in connection.execute(final).tuples():
        begun[channel].append((since, timedelta(seconds=int(length))))
    return begun


def _beside(value: Any) -> Any:
    return value.over(partition_by=EnergyData.channel_id, order_by=EnergyData.instant)


def seconds_of(connection: Connection) -> Any:
    """The instants of readings as seconds since 1970: cheaper to reckon with, and to read many of."""
    if connection.dialect.name == "sqlite":
        return type_coerce(EnergyData.instant, Integer)
    return cast(func.extract("epoch", EnergyData.instant), BigInteger)
