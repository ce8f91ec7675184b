"""Statistics of civil days by data type, in one unit a quantity; the rates of a register are not counted twice."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from watthouse.meters.channels import MeterChannel
from watthouse.meters.resampling import mean_angle, use_of
from watthouse.meters.units import UNITS, Unit

UNIFIED: Final = ("", "Unified")
"""Rates that stand for all of them."""
_SERIES: Final = ("serial_code", "plant_code", "data_type", "kind", "stream", "period", "quantity", "unit", "use")
_SCHEMA: Final = {"channel": pl.Int32(), **dict.fromkeys((*_SERIES, "rate"), pl.String()), "factor": pl.Float64()}


def day_statistics(rows: pl.DataFrame, channels: Sequence[MeterChannel], unit: Unit | None, zone: str) -> pl.DataFrame:
    """One row a civil day of ``zone`` and series; values in ``unit``, else in the first unit of their quantity.

    ``total`` is that of energies by interval, ``mean`` that of all but registers; a register has the least and the
    greatest count of its snapshots. ``rates`` are those that are in it.
    """
    about = pl.DataFrame([_about(channel, unit) for channel in channels], _SCHEMA, orient="row")
    series = rows.join(about, on="channel").with_columns(value=pl.col("value") * pl.col("factor"))
    local = pl.col("instant").dt.convert_time_zone(zone)
    days = _rates_once(_units_once(series)).with_columns(civil_date=local.dt.date(), start=local.dt.truncate("1d"))
    value, use, minutes = pl.col("value"), pl.col("use"), pl.col("minutes")
    lasts = (pl.col("start").dt.offset_by("1d") - pl.col("start")).dt.total_seconds().first() / 60
    weight = minutes.fill_null(1.0)
    mean = pl.when(use.first() == "angle").then(mean_angle(value)).otherwise((value * weight).sum() / weight.sum())
    keys = ("civil_date", *_SERIES, "each")
    return (
        days.group_by(keys)
        .agg(
            rates=pl.col("rates").unique().sort().str.join("; "),
            readings=pl.len().cast(pl.Int64),
            complete=pl.when(minutes.is_not_null().all()).then(minutes.sum() >= lasts - 1e-6),
            least=value.min(),
            greatest=value.max(),
            mean=pl.when(use.first() != "last").then(mean),
            total=pl.when(use.first() == "sum").then(value.sum()),
        )
        .sort(keys)
        .drop("use", "each")
    )


def _about(channel: MeterChannel, unit: Unit | None) -> tuple[object, ...]:
    own = channel.measured_in
    shown = unit or next(one for one in UNITS if one.quantity is own.quantity)
    named = (channel.serial_code, channel.plant_code, channel.data_type, channel.kind, channel.stream, channel.period)
    return (
        channel.id,
        *named,
        own.quantity.value,
        shown.name,
        use_of(channel),
        channel.rate,
        own.factor / shown.factor,
    )


def _units_once(series: pl.DataFrame) -> pl.DataFrame:
    """A meter whose files have one series in Wh and in kWh has it in two channels: the newer file counts."""
    return series.sort("instant", "written_at").unique([*_SERIES, "rate", "instant"], keep="last", maintain_order=True)


def _rates_once(series: pl.DataFrame) -> pl.DataFrame:
    """Of each moment, the rate that stands for all of them, else the sum of the rates.

    What cannot be added up, as volts, keeps a row for each.
    """
    moment = [*_SERIES, "instant"]
    is_whole = pl.col("rate").is_in(UNIFIED)
    counted = pl.col("quantity").str.ends_with("energy")
    chosen = series.filter(~counted | is_whole | ~is_whole.any().over(moment))
    one_each = chosen.filter(~counted).with_columns(rates="rate", each="rate")
    added = chosen.filter(counted).group_by(moment, maintain_order=True)
    once = added.agg(
        value=pl.col("value").sum(),
        minutes=pl.col("minutes").min(),
        rates=pl.col("rate").sort().str.join(", "),
        each=pl.lit(""),
    )
    return pl.concat([one_each.select(once.columns), once])
