"""A channel by day and time of day, by the meters' clock: the days on which it changes have 23 and 25 hours."""

from datetime import date, datetime, timedelta
from math import gcd
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from watthouse.meters.channels import MeterChannel
from watthouse.meters.intervals import SLACK
from watthouse.meters.resampling import use_of, value_of
from watthouse.meters.stamps import bounds_of

CELL: Final = ("civil_date", "minute", "again")
"""A cell of a profile: its day, the minute of the day at which it begins, and whether that is the second pass of the
hour that comes twice in autumn."""
_LENGTHS: Final = (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720)
_CHANGE: Final = 30
"""Minutes by which a clock is ever changed, or a multiple of them."""


def cell_minutes(longest: float, days: int, most: int) -> int | None:
    """Minutes of a cell: the shortest that holds the ``longest`` reading and gives ``most`` cells at most; None where
    readings last for too long to make a profile."""
    fitting = (length for length in _LENGTHS if length >= longest and days * 24 * 60 / length <= most)
    return next(fitting, _LENGTHS[-1] if longest <= _LENGTHS[-1] else None)


def profile(
    rows: pl.DataFrame,
    channel: MeterChannel,
    minutes: int,
    days: tuple[date, date],
    held: tuple[datetime, datetime],
    zone: str,
) -> pl.DataFrame:
    """A row a cell of ``minutes`` that a day has: :data:`CELL`, ``value`` in the channel's unit.

    An energy is added up, all else is averaged; null where the readings do not cover all of the cell. ``rows`` are the
    readings of the channel, which has none before and after the instants ``held``: there are no cells there.
    """
    step, begins = gcd(minutes, _CHANGE), pl.col("instant")
    whole = _cells(_instants(days, step, zone), minutes, zone).group_by(CELL)
    lasts = whole.agg(lasts=pl.len() * step, first=begins.min(), last=begins.max())
    lasts = lasts.filter(pl.col("last") + timedelta(minutes=step) > held[0], pl.col("first") <= held[1])
    known = _cells(rows, minutes, zone).with_columns(use=pl.lit(use_of(channel))).group_by(CELL)
    values = known.agg(value=value_of(pl.col("value")), covered=pl.col("minutes").sum())
    is_whole = pl.col("covered") >= pl.col("lasts") - SLACK
    found = lasts.join(values, on=CELL, how="left").with_columns(value=pl.when(is_whole).then("value"))
    return found.select(*CELL, "value").sort("civil_date", "minute", "again")


def _cells(rows: pl.DataFrame, minutes: int, zone: str) -> pl.DataFrame:
    shown = pl.col("instant").dt.convert_time_zone(zone)
    clock = shown.dt.replace_time_zone(None)
    minute = clock.dt.hour().cast(pl.Int32) * 60 + clock.dt.minute()
    first = clock.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return rows.with_columns(civil_date=clock.dt.date(), minute=minute // minutes * minutes, again=first != shown)


def _instants(days: tuple[date, date], minutes: int, zone: str) -> pl.DataFrame:
    since, until = bounds_of(*days, ZoneInfo(zone))
    every = pl.datetime_range(since, until, timedelta(minutes=minutes), closed="left", time_zone=zone, eager=True)
    return every.dt.convert_time_zone("UTC").alias("instant").to_frame()
