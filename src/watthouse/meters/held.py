"""The curve report of what is held: what :mod:`watthouse.meters.curve` tells of a file, as far as it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Final

import polars as pl
from sqlalchemy import Connection, func, select

from watthouse.meters.channels import MeterChannel
from watthouse.meters.coverage import Bounds, Coverage, coverage, seconds_of, within
from watthouse.meters.curve import SLACK, ZEROS
from watthouse.meters.steps import Stretch
from watthouse.meters.storage.models import EnergyData, FileSpan, LoadedFile, ReplacedReading

_A_SECOND: Final = timedelta(seconds=1)
"""Readings are kept to the second."""


@dataclass(frozen=True)
class SourceFile:
    """A file that counts, with what became of its lines: see :class:`~watthouse.meters.storage.models.LoadedFile`."""

    name: str
    layout: str
    loaded_at: datetime
    readings: int
    rejected: int
    duplicates: int
    superseded: int


def coverage_across(connection: Connection, channel: MeterChannel, bounds: Bounds) -> Coverage | None:
    """How whole a channel is between two instants, the gaps that reach over them included; None without a reading.

    The readings next to both ends count too: of a gap that begins before the first instant, one end would be missing.
    """
    since, until = bounds
    of_channel = within([channel], (None, None))
    instant = EnergyData.instant
    before = connection.scalar(select(func.max(instant)).where(*of_channel, instant < since)) if since else None
    after = connection.scalar(select(func.min(instant)).where(*of_channel, instant >= until)) if until else None
    found = coverage(connection, [channel], (before or since, after + _A_SECOND if after else until))
    return found[0] if found else None


def missing_within(gap: Stretch, bounds: Bounds) -> int:
    """How many of the intervals that a gap lacks begin between two instants."""
    since, until = bounds
    step = (gap.until - gap.since) / (gap.count + 1)
    first = max(-((gap.since - since) // step), 1) if since else 1
    end = min(-((gap.since - until) // step), gap.count + 1) if until else gap.count + 1
    return max(end - first, 0)


def unsorted(connection: Connection, channel: MeterChannel, bounds: Bounds) -> int:
    """How many readings are earlier than the one before them in their file."""
    # a line of NEM12 has the readings of a day, in order
    order = (EnergyData.line, EnergyData.instant)
    seconds = seconds_of(connection)
    before = func.lag(seconds).over(partition_by=EnergyData.file_id, order_by=order)
    asked = select(seconds.label("at"), before.label("before")).where(*within([channel], bounds))
    lines = asked.cte("lines")
    return connection.scalar(select(func.count()).select_from(lines).where(lines.c.at < lines.c.before)) or 0


def replaced(connection: Connection, channel: MeterChannel, bounds: Bounds) -> int:
    """How many readings gave way to another value: of a newer file, of a corrected one, or of a later line."""
    since, until = bounds
    held = select(func.count()).where(ReplacedReading.channel_id == channel.id)
    if since is not None:
        held = held.where(ReplacedReading.instant >= since)
    if until is not None:
        held = held.where(ReplacedReading.instant < until)
    return connection.scalar(held) or 0


def files_of(connection: Connection, channel: MeterChannel, bounds: Bounds) -> list[SourceFile]:
    """The files that reach into a period of a channel, by name."""
    since, until = bounds
    figures = (LoadedFile.readings, LoadedFile.rejected, LoadedFile.duplicates, LoadedFile.superseded)
    asked = (
        select(LoadedFile.name, LoadedFile.layout, LoadedFile.loaded_at, *figures)
        .join(FileSpan, FileSpan.file_id == LoadedFile.id)
        .where(FileSpan.channel_id == channel.id, LoadedFile.replaced_by.is_(None))
        .order_by(LoadedFile.name)
    )
    if since is not None:
        asked = asked.where(FileSpan.last >= since)
    if until is not None:
        asked = asked.where(FileSpan.first < until)
    # the folders in which the files lie are nobody's business
    return [SourceFile(PurePosixPath(row[0]).name, *row[1:]) for row in connection.execute(asked)]


def zero_runs(rows: pl.DataFrame, step: timedelta) -> Sequence[Stretch]:
    """Stretches in which a channel is at zero for hours; ``rows`` are its readings in order, ``step`` its usual one."""
    is_apart = (pl.col("instant").diff() > SLACK * step).fill_null(False)
    runs = (
        rows.with_columns(part=((pl.col("value") != 0) | is_apart).cum_sum())
        .filter(pl.col("value") == 0)
        .group_by("part", maintain_order=True)
        .agg(since=pl.col("instant").min(), until=pl.col("instant").max(), count=pl.len())
        .filter(pl.col("until") - pl.col("since") >= ZEROS)
    )
    return [Stretch(*run) for run in runs.select("since", "until", "count").iter_rows()]
