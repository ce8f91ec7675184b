"""Which channels of a meter are a curve of active energy, and their readings as one."""

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from watthouse.errors import UsageError, listed
from watthouse.meters.channels import MeterChannel
from watthouse.meters.units import Quantity

_CURVES: Final = (Quantity.ENERGY, Quantity.POWER)
# as LP and TOU files write it, as Enedis does, and the suffix of NEM12 (AEMO: B is what a site feeds in)
_FED_IN: Final = re.compile(r"export|injection|production|B\d", re.IGNORECASE)


def chosen_curve(channels: Sequence[MeterChannel], number: int | None = None) -> list[MeterChannel]:
    """The channels of one series of active energy, or mean power: that of ``number``, else the one of consumption.

    A series whose files write Wh and kWh is several channels. Raises :class:`~watthouse.errors.UsageError` with the
    channels that can be asked for where there is none such, or more than one.
    """
    curves = [one for one in channels if one.is_interval and one.measured_in.quantity in _CURVES]
    if number is not None:
        named = [one for one in channels if one.id == number]
        if not any(one in curves for one in named):
            raise UsageError(f"channel {number} {_why_not(named)}; {_offered(curves)}")
        return [one for one in curves if _series(one) == _series(named[0])]
    taken = [one for one in curves if not _FED_IN.search(one.data_type)]
    best = next((found for quantity in _CURVES if (found := _of(taken, quantity))), [])
    if len({_series(one) for one in best}) != 1:
        raise UsageError(f"the meter has {'more than one' if best else 'no'} curve of consumption: {_offered(curves)}")
    return best


def curve_of(rows: pl.DataFrame, channels: Sequence[MeterChannel]) -> pl.DataFrame:
    """The readings of one series as a curve: ``start``, ``end``, ``kwh``.

    Mean power counts over its step, and none where it is below zero: that was fed in. A reading of which nothing tells
    how long it lasts is left out.
    """
    about = pl.DataFrame(
        [(one.id, one.measured_in.factor, one.measured_in.quantity is Quantity.POWER) for one in channels],
        {"channel": pl.Int32(), "factor": pl.Float64(), "is_power": pl.Boolean()},
        orient="row",
    )
    value = pl.col("value") * pl.col("factor")
    length = pl.duration(seconds=(pl.col("minutes") * 60).round().cast(pl.Int64))
    newest = rows.filter(pl.col("minutes") > 0).sort("instant", "written_at").unique("instant", keep="last")
    curve = newest.join(about, on="channel").select(
        start="instant",
        end=pl.col("instant") + length,
        kwh=pl.when("is_power").then(value.clip(0) * pl.col("minutes") / 60).otherwise(value),
    )
    # a longer reading that another one follows too soon ends there: its energy is spread over the time it has alone
    return curve.sort("start").with_columns(end=pl.min_horizontal("end", pl.col("start").shift(-1)))


def _of(channels: Sequence[MeterChannel], quantity: Quantity) -> list[MeterChannel]:
    return [one for one in channels if one.measured_in.quantity is quantity]


def _series(channel: MeterChannel) -> tuple[object, ...]:
    """What two channels of one series have in common: all but the unit."""
    named = (channel.serial_code, channel.plant_code, channel.data_type, channel.stream, channel.period, channel.rate)
    return (*named, channel.measured_in.quantity)


def _why_not(named: Sequence[MeterChannel]) -> str:
    if not named:
        return "is none of this meter"
    if not named[0].is_interval:
        return "is a register, which counts and is no curve (its rates would count twice)"
    return f"is {named[0].measured_in.quantity.value}, which is no active energy"


def _offered(curves: Sequence[MeterChannel]) -> str:
    if not curves:
        return "no channel of the meter is a curve of active energy or power"
    return "choose a channel: " + listed((f"{one.id} ({one.data_type}, {one.unit})" for one in curves), 12)
