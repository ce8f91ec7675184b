"""Load of a region: the habits of the day, and heating and cooling on top."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from watthouse.sample.country.weather import season, softplus

BASE: Final = 45_900.0
"""MW of a working day without weather, 2014."""
HEATING: Final = 2_400.0
"""MW more for each °C below about 15 °C: the figure commonly quoted for a French winter."""
COOLING: Final = 420.0

_WINTER: Final = (
    -0.047, -0.133, -0.148, -0.190, -0.229, -0.216, -0.132, 0.015, 0.114, 0.136, 0.139, 0.128,
    0.132, 0.114, 0.065, 0.017, -0.018, -0.022, 0.056, 0.162, 0.107, 0.014, -0.054, -0.007,
)  # fmt: skip
_WINTER_REST: Final = (
    0.073, -0.015, -0.038, -0.098, -0.147, -0.158, -0.141, -0.101, -0.052, 0.012, 0.079, 0.107,
    0.136, 0.121, 0.011, -0.060, -0.099, -0.089, 0.023, 0.158, 0.135, 0.065, 0.015, 0.064,
)  # fmt: skip
_SUMMER: Final = (
    0.006, -0.110, -0.139, -0.186, -0.219, -0.215, -0.177, -0.097, -0.005, 0.061, 0.102, 0.125,
    0.149, 0.154, 0.132, 0.115, 0.087, 0.060, 0.050, 0.067, 0.033, -0.025, -0.030, 0.059,
)  # fmt: skip
_SUMMER_REST: Final = (
    0.165, 0.034, -0.006, -0.075, -0.127, -0.149, -0.172, -0.174, -0.134, -0.065, 0.002, 0.051,
    0.092, 0.138, 0.063, 0.026, -0.008, -0.024, -0.007, 0.037, 0.055, 0.042, 0.058, 0.176,
)  # fmt: skip
"""Departure from the day's mean at each hour of the Paris clock, as a share of it; tuned on éCO2mix 2014, 2025-Q1."""


def habits() -> pl.Expr:
    """How far the hour lifts or lowers the load, as a share of the base: its season, and working day or not."""
    rest, winter = pl.col("_rest"), 0.5 + 0.5 * season(0.05)
    working = winter * _hourly(_WINTER) + (1 - winter) * _hourly(_SUMMER)
    resting = winter * _hourly(_WINTER_REST) + (1 - winter) * _hourly(_SUMMER_REST)
    return (1 - rest) * working + rest * resting


def base() -> pl.Expr:
    """National load without weather and without the hour, MW."""
    return BASE * pl.col("_trend") * pl.col("_demand") * (1 + 0.012 * season(0.0))


def load() -> pl.Expr:
    """MW of a region's row; reads ``_habits``, ``_base``, ``_demand``, ``warmth``, ``brisk`` and the constants."""
    warmth, habits = pl.col("warmth"), pl.col("_habits")
    cold = 1.6 * softplus((15.2 - warmth) / 1.6) * HEATING * pl.col("r_heating")
    hot = 1.5 * softplus((warmth - 22.5) / 1.5) * COOLING * pl.col("r_load")
    usual = pl.col("_base") * pl.col("r_load") * (1 + habits * pl.col("r_liveliness")) * (1 + 0.012 * pl.col("brisk"))
    return usual + cold * (1 + 0.06 * habits) * (0.9 + 0.1 * pl.col("_demand")) + hot * (1 + habits)


def _hourly(values: Sequence[float]) -> pl.Expr:
    """The day's curve read at the Paris clock, straight between full hours."""
    curve = pl.lit(pl.Series([*values, values[0], values[1]]))
    hour = pl.col("_clock").floor()
    low, high = (curve.gather(index.cast(pl.UInt32)) for index in (hour, hour + 1))
    return low + (high - low) * (pl.col("_clock") - hour)
