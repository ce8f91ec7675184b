"""Readings of channels brought to longer intervals: energies are added up, all else is averaged, each by itself."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from watthouse.errors import UsageError
from watthouse.meters.channels import MeterChannel
from watthouse.meters.intervals import EVERY, MINUTES_OF, SLACK
from watthouse.meters.readings import INSTANT
from watthouse.meters.units import Quantity


def resample(rows: pl.DataFrame, channels: Sequence[MeterChannel], interval: str, zone: str) -> pl.DataFrame:
    """One row a channel and interval: ``instant`` is its start, ``value`` in the channel's unit.

    ``complete`` tells whether the readings cover all of it; of a register, whose last snapshot is the value, null. Days
    are civil days of ``zone``, with 23 or 25 hours when its clock changes. Raises
    :class:`~watthouse.errors.UsageError` where a reading lasts longer than the interval.
    """
    rows = rows.join(_about(channels), on="channel", maintain_order="left")
    _refuse_finer(rows, interval)
    local = pl.col("instant").dt.convert_time_zone(zone)
    start = local.dt.date() if interval == "day" else local.dt.truncate(EVERY[interval])
    counted = (
        rows.with_columns(start=start)
        .group_by("channel", "start", maintain_order=True)
        .agg(
            value=value_of(pl.col("value")),
            readings=pl.len().cast(pl.Int64),
            covered=pl.col("minutes").sum(),
            known=pl.col("minutes").is_not_null().all(),
        )
    )
    if interval == "day":
        counted = counted.join(
            civil_days(counted["start"], zone), left_on="start", right_on="civil_date", maintain_order="left"
        )
    else:
        begins = pl.col("start").dt.convert_time_zone("UTC")
        counted = counted.with_columns(begins=begins, lasts=pl.lit(MINUTES_OF[interval], pl.Float64))
    complete = pl.when("known").then(pl.col("covered") >= pl.col("lasts") - SLACK)
    return counted.select("channel", pl.col("begins").alias("instant"), "value", "readings", complete.alias("complete"))


def civil_days(days: pl.Series, zone: str) -> pl.DataFrame:
    """When these days (``civil_date``) begin, as instants, and the minutes that each ``lasts``."""
    # by Python's clock: where clocks change at midnight (Azores, Havana, Cairo), Polars makes two days of one, or waits
    # for 24 hours of a day that has 23
    clock = ZoneInfo(zone)
    bounds = [(day, _midnight(day, clock), _midnight(day + timedelta(days=1), clock)) for day in days.unique()]
    rows = [(day, begins, (ends - begins).total_seconds() / 60) for day, begins, ends in bounds]
    return pl.DataFrame(rows, {"civil_date": pl.Date(), "begins": INSTANT, "lasts": pl.Float64()}, orient="row")


def _midnight(day: date, clock: ZoneInfo) -> datetime:
    """The instant at which a day begins: the first of two midnights, and what stands in for one that is skipped."""
    return datetime.combine(day, time.min, clock).astimezone(UTC)


def value_of(value: pl.Expr) -> pl.Expr:
    """The one value of several readings of a channel, by its ``use``."""
    use = pl.col("use").first()
    return (
        pl.when(use == "sum")
        .then(value.sum())
        .when(use == "last")
        .then(value.last())
        .when(use == "angle")
        .then(mean_angle(value))
        .otherwise(_mean(value))
    )


def mean_angle(degrees: pl.Expr) -> pl.Expr:
    """The mean direction [°], as 359° and 1° make 0°, not 180°; between 0 and 360 where no angle is below 0."""
    weight = _weight()
    east, north = (degrees.radians().cos() * weight).sum(), (degrees.radians().sin() * weight).sum()
    mean = pl.arctan2(north, east).degrees()
    return pl.when((degrees.min() >= 0) & (mean < 0)).then(mean + 360).otherwise(mean)


def use_of(channel: MeterChannel) -> str:
    """What is done with several values of a channel."""
    if not channel.is_interval:
        return "last"
    if channel.is_summed:
        return "sum"
    return "angle" if channel.measured_in.quantity is Quantity.ANGLE else "mean"


def _mean(value: pl.Expr) -> pl.Expr:
    """Over the time: an interval that is twice as long counts twice."""
    return (value * _weight()).sum() / _weight().sum()


def _weight() -> pl.Expr:
    return pl.col("minutes").fill_null(1.0)


def _about(channels: Sequence[MeterChannel]) -> pl.DataFrame:
    uses = [(channel.id, use_of(channel)) for channel in channels]
    return pl.DataFrame(uses, {"channel": pl.Int32(), "use": pl.String()}, orient="row")


def _refuse_finer(rows: pl.DataFrame, interval: str) -> None:
    longest = rows["minutes"].max()
    if isinstance(longest, float) and longest > MINUTES_OF[interval]:
        raise UsageError(f"readings of the period last {longest:g} min: choose a longer interval, or another channel")
