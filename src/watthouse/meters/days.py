"""Statistics of civil days by data type, in one unit a quantity; the rates of a register are not counted twice."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from watthouse.meters.channels import MeterChannel
from watthouse.meters.intervals import SLACK
from watthouse.meters.resampling import civil_days, mean_angle, use_of
from watthouse.meters.units import UNITS, Unit

UNIFIED: Final = ("", "Unified")
"""Rates that stand for all of them."""
_NAMED: Final = ("serial_code", "plant_code", "data_type", "quantity", "kind", "stream", "period", "each", "unit")
"""What tells one series from another; ``each`` is the rate of what cannot be added up, as volts."""
_CHANNEL: Final = {
    "channel": pl.Int32(),
    **dict.fromkeys((*_NAMED, "rate", "use"), pl.String()),
    "factor": pl.Float64(),
}


def day_statistics(rows: pl.DataFrame, channels: Sequence[MeterChannel], unit: Unit | None, zone: str) -> pl.DataFrame:
    """One row a civil day of ``zone`` and series; values in ``unit``, else in the first unit of their quantity.

    ``total`` is that of energies by interval, ``mean`` that of all but registers; a register has the least and the
    greatest count of its snapshots. ``rates`` are those that are in it.
    """
    about = pl.DataFrame([_about(channel, unit) for channel in channels], _CHANNEL, orient="row")
    # by a number: texts would be compared a million times
    about = about.with_columns(series=pl.struct(_NAMED).rank("dense"))
    values = rows.join(about.select("channel", "series", "factor", "rate", "use"), on="channel")
    values = values.with_columns(value=pl.col("value") * pl.col("factor"))
    if about["series"].is_duplicated().any():
        values = _rates_once(_units_once(values))
    named = about.select("series", *_NAMED).unique("series")
    days = _by_day(values, zone).join(named, on="series")
    return days.sort("civil_date", *_NAMED).drop("series", "each")


def _by_day(values: pl.DataFrame, zone: str) -> pl.DataFrame:
    value, use, minutes = pl.col("value"), pl.col("use").first(), pl.col("minutes")
    weight = minutes.fill_null(1.0)
    mean = pl.when(use == "angle").then(mean_angle(value)).otherwise((value * weight).sum() / weight.sum())
    days = (
        values.with_columns(civil_date=pl.col("instant").dt.convert_time_zone(zone).dt.date())
        .group_by("series", "civil_date")
        .agg(
            rates=pl.col("rate").unique().sort().str.join("; "),
            readings=pl.len().cast(pl.Int64),
            covered=pl.when(minutes.is_not_null().all()).then(minutes.sum()),
            least=value.min(),
            greatest=value.max(),
            mean=pl.when(use != "last").then(mean),
            total=pl.when(use == "sum").then(value.sum()),
        )
    )
    days = days.join(civil_days(days["civil_date"], zone), on="civil_date")
    return days.with_columns(complete=pl.col("covered") >= pl.col("lasts") - SLACK).drop("begins", "lasts")


def _about(channel: MeterChannel, unit: Unit | None) -> tuple[object, ...]:
    own = channel.measured_in
    shown = unit or next(one for one in UNITS if one.quantity is own.quantity)
    each = "" if own.quantity.is_energy else channel.rate
    named = (
        *(channel.serial_code, channel.plant_code, channel.data_type, own.quantity.value),
        *(channel.kind, channel.stream, channel.period, each, shown.name),
    )
    return channel.id, *named, channel.rate, use_of(channel), own.factor / shown.factor


def _units_once(values: pl.DataFrame) -> pl.DataFrame:
    """A meter whose files have one series in Wh and in kWh has it in two channels: the newer file counts."""
    in_order = values.sort("instant", "written_at")
    return in_order.unique(["series", "rate", "instant"], keep="last", maintain_order=True)


def _rates_once(values: pl.DataFrame) -> pl.DataFrame:
    """Of each moment, the rate that stands for all of them, else the sum of the rates."""
    moment = ("series", "instant")
    is_whole = pl.col("rate").is_in(UNIFIED)
    chosen = values.filter(is_whole | ~is_whole.any().over(moment))
    return chosen.group_by(moment, maintain_order=True).agg(
        value=pl.col("value").sum(),
        minutes=pl.col("minutes").min(),
        rate=pl.col("rate").sort().str.join(", "),
        use=pl.col("use").first(),
    )
