"""How long periods and their intervals are, by the clock that éCO2mix is published by."""

from datetime import date
from typing import Final

import polars as pl

from watthouse.serve.queries.units import Interval

EVERY: Final = {Interval.DAY: "1d", Interval.WEEK: "1w", Interval.MONTH: "1mo", Interval.YEAR: "1y"}


def whole_years(first: date, last: date) -> tuple[date, date]:
    """From 1 January of the first day's year to 31 December of the last day's."""
    return date(first.year, 1, 1), date(last.year, 12, 31)


def hours_by(interval: Interval, since: date, until: date) -> pl.DataFrame:
    """The intervals of a period: ``starts``, and the ``expected_hours`` of the days of each that lie in it."""
    days = pl.select(day=pl.date_range(since, until))
    # RTE publishes 24 hours on every civil day but one, the repeated hour of autumn once
    springs = (pl.col("day").dt.month() == 3) & (pl.col("day").dt.day() >= 25) & (pl.col("day").dt.weekday() == 7)
    hours = pl.when(springs).then(23).otherwise(24)
    by_interval = days.group_by(starts=pl.col("day").dt.truncate(EVERY[interval])).agg(expected_hours=hours.sum())
    return by_interval.sort("starts")
