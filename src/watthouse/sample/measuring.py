"""What the meters make of the truth: real time a little off, rarely far off; settled national data half-hourly."""

from typing import Final

import polars as pl

from watthouse.sample.layout import NATIONAL_MEASURES
from watthouse.sample.noise import chance, jitter

_FAR_OFF: Final = 0.001
_FARTHEST: Final = 5600


def national_meters(truth: pl.DataFrame) -> pl.DataFrame:
    """Real-time rows: within ±15 MW of balance for half (éCO2mix 2025-Q1), one in a thousand off by up to 5.6 GW."""
    dice = pl.col("_dice")
    outlier = (
        pl.when(chance(dice, "far off") < _FAR_OFF).then((chance(dice, "how far") - 0.5) * 2 * _FARTHEST).otherwise(0)
    )
    return truth.with_columns(
        pl.col("consommation") + _mw(18 * jitter(dice, "load meter") + outlier),
        pl.col("solaire") + _small("sun meter", 2, "solaire"),
    )


def settled_national(truth: pl.DataFrame) -> pl.DataFrame:
    """Quarter-hour rows of which those at :15 and :45 carry forecasts only."""
    half = pl.col("date_heure").dt.minute() % 30 == 0
    measures = (*NATIONAL_MEASURES, *(name for name in truth.columns if name.startswith("ech_comm_")))
    return truth.with_columns(pl.when(half).then(pl.col(name)).alias(name) for name in measures)


def regional_meters(truth: pl.DataFrame) -> pl.DataFrame:
    """Real-time rows: load and sun a few MW off."""
    return truth.with_columns(
        pl.col("consommation") + _mw(5 * jitter(pl.col("_dice"), "load meter")),
        pl.col("solaire") + _small("sun meter", 1, "solaire"),
    )


def _small(use: str, size: float, name: str) -> pl.Expr:
    """A little more or less by day, nothing by night."""
    return pl.when(pl.col(name) > 40).then(_mw(size * jitter(pl.col("_dice"), use))).otherwise(0)


def _mw(value: pl.Expr) -> pl.Expr:
    return value.round().cast(pl.Int64)
