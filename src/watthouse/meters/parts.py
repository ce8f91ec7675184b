"""A curve of energy cut at instants, so that each part lies in one slot of the grid, one price window, one day.

A curve has ``start`` and ``end`` (instants) and ``kwh``; its intervals do not overlap, and where none lies is a hole.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from watthouse.meters.readings import INSTANT

CURVE: Final = {"start": INSTANT, "end": INSTANT, "kwh": pl.Float64()}
MINUTES: Final = (pl.col("end") - pl.col("start")).dt.total_seconds() / 60
"""How long an interval or a part of one lasts."""

_STEP: Final = "30m"
"""Civil days and hours begin on it, in every zone and on the days the clocks change."""


def cut(curve: pl.DataFrame, edges: pl.Series) -> pl.DataFrame:
    """The parts of a curve between neighbouring ``edges`` (instants), each with its share of the energy by time."""
    points = pl.concat([curve["start"], edges.cast(INSTANT)]).unique().sort().alias("at").to_frame()
    points = points.with_columns(following=pl.col("at").shift(-1))
    held = points.join_asof(curve.sort("start"), left_on="at", right_on="start", coalesce=False)
    parts = held.filter(pl.col("at") < pl.col("end")).with_columns(
        whole=MINUTES, until=pl.min_horizontal("following", "end")
    )
    part = (pl.col("until") - pl.col("at")).dt.total_seconds() / 60
    return parts.select(start="at", end="until", kwh=pl.col("kwh") * (part / pl.col("whole")))


def by_clock(curve: pl.DataFrame, zone: str, marks: Iterable[time] = ()) -> pl.Series:
    """The edges of civil days and hours of ``zone`` over a curve, and the instants at which its clock shows ``marks``.

    A mark in the hour that autumn repeats is passed twice; one in the hour that spring skips, never.
    """
    if curve.is_empty():
        return pl.Series("at", [], INSTANT)
    clock = ZoneInfo(zone)
    bounds = curve.select(pl.col("start").min(), pl.col("end").max()).row(0)
    first, last = (moment.astimezone(clock).date() for moment in bounds)
    begin = datetime.combine(first, time.min, clock).astimezone(UTC)
    steps = pl.datetime_range(begin, bounds[1], _STEP, time_unit="us", eager=True)
    shown = [moment for mark in marks for day in _days(first, last) for moment in _shown(day, mark, clock)]
    return pl.concat([steps, pl.Series("at", shown, INSTANT)]).rename("at")


def civil_date(zone: str, begins: int = 0) -> pl.Expr:
    """The civil day of a part, where a day begins at ``begins`` o'clock."""
    local = pl.col("start").dt.convert_time_zone(zone).dt.replace_time_zone(None)
    # by the clock on the wall, not by hours since: Tempo's 06:00 is that of the day the clocks change, too
    return local.dt.offset_by(f"-{begins}h").dt.date()


def clock_minutes(zone: str) -> pl.Expr:
    """What the clock shows where a part begins, in minutes of the day."""
    local = pl.col("start").dt.convert_time_zone(zone)
    seconds = local.dt.hour().cast(pl.Int32) * 3600 + local.dt.minute().cast(pl.Int32) * 60 + local.dt.second()
    return seconds / 60


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _shown(day: date, mark: time, clock: ZoneInfo) -> set[datetime]:
    """The instants at which the clock shows a time of day: one, two in the repeated hour, none in the skipped one."""
    passes = (datetime.combine(day, mark.replace(fold=fold), clock) for fold in (0, 1))
    utc = {moment.astimezone(UTC) for moment in passes}
    return {moment for moment in utc if moment.astimezone(clock).time() == mark}
