"""What the mix of a period was, and of each of its seasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from watthouse.serve import deadline
from watthouse.serve.analysis.daily import ENERGIES, DailySeries
from watthouse.serve.analysis.resampling import ConfidenceInterval, interval, resample
from watthouse.serve.analysis.season import Calendar, Flags, Floats, calendar, without_trend
from watthouse.serve.analysis.sources import SOURCES

SEASONS: Final[Mapping[str, tuple[int, int, int]]] = {
    "winter": (12, 1, 2),
    "spring": (3, 4, 5),
    "summer": (6, 7, 8),
    "autumn": (9, 10, 11),
}
"""Meteorological seasons: their months."""
FEWEST_OF_SEASON: Final = 45
FEWEST_FOR_TREND: Final = 730


@dataclass(frozen=True)
class SourceShare:
    """A source's part of the mix.

    ``low`` and ``high`` bound the share whatever the unmeasured slots held, each taken to be of mean size; ``day_low``
    and ``day_high`` are the shares that one day in ten falls short of, and exceeds.
    """

    source: str
    gwh: float
    share: float
    low: float
    high: float
    day_low: float
    day_high: float


@dataclass(frozen=True)
class Mix:
    """The parts, largest first. ``measured`` is the part of the period's slots that know the whole mix.

    ``natures`` counts the days of each nature (how settled the figures are); ``missing`` those without any.
    """

    days: int
    missing: int
    measured: float
    natures: Mapping[str, int]
    parts: tuple[SourceShare, ...]


def mix(daily: DailySeries) -> Mix:
    """The mix of the period, by energy."""
    days = daily.period
    known = days.filter(pl.col("mixed") > 0)
    measured = float(days["mixed"].sum()) / float(days["expected"].sum())
    # real-time days are named, since they will be revised
    natures = dict(known.group_by("nature").len().sort("nature").iter_rows())
    parts = sorted(_parts(known, measured), key=lambda part: -part.gwh)
    return Mix(len(days), len(days) - len(known), measured, natures, tuple(parts))


def _parts(known: pl.DataFrame, measured: float) -> list[SourceShare]:
    total = sum(float(known[name].sum()) for name in ENERGIES)
    if total <= 0:
        return []
    shares = _shares(known)
    parts = []
    for place, (source, name) in enumerate(zip(SOURCES, ENERGIES, strict=True)):
        mwh = float(known[name].sum())
        share = mwh / total
        low, high = np.nanquantile(shares[:, place], [0.1, 0.9])
        # what the unmeasured slots could do at worst, either way
        bounds = share * measured, share * measured + 1 - measured
        parts.append(SourceShare(source, mwh / 1000, share, *bounds, float(low), float(high)))
    return parts


def _shares(days: pl.DataFrame) -> Floats:
    """Share of production of each source, one row per day; NaN where there is none."""
    energies = days.select(pl.col(ENERGIES).cast(pl.Float64)).to_numpy()
    total = np.nansum(energies, axis=1, keepdims=True)
    shares: Floats = np.nan_to_num(energies) / np.where(total > 0, total, np.nan)
    return shares


@dataclass(frozen=True)
class Swing:
    """A source's share by season: its ``means`` (a season without enough days is left out) and their intervals.

    ``difference`` is summer less winter, with the trend over the years taken off; None where the period lacks either.
    """

    source: str
    means: Mapping[str, ConfidenceInterval]
    difference: ConfidenceInterval | None


@dataclass(frozen=True)
class Seasons:
    """``days`` of each season that were fully measured; the swing of each source."""

    period_days: int
    days: Mapping[str, int]
    years: float
    swings: tuple[Swing, ...]


def seasons(daily: DailySeries) -> Seasons:
    """The shares of the period by season."""
    period = daily.period
    whole = (period["mixed"] == period["expected"]).to_numpy()
    shares = np.where(whole[:, None], _shares(period), np.nan)
    months = period["civil_date"].dt.month().to_numpy()
    spans = {name: np.isin(months, which) & ~np.isnan(shares[:, 0]) for name, which in SEASONS.items()}
    days = calendar(daily.since.toordinal(), len(period))
    swings = tuple(_swing(source, shares[:, place], days, spans) for place, source in enumerate(SOURCES))
    counts = {name: int(days.sum()) for name, days in spans.items()}
    return Seasons(len(period), counts, len(period) / 365.2425, swings)


def _swing(source: str, share: Floats, days: Calendar, spans: Mapping[str, Flags]) -> Swing:
    deadline.check()
    enough = {name: days for name, days in spans.items() if days.sum() >= FEWEST_OF_SEASON}
    # solar grows by the year: without this, a period from winter to summer would show growth as season
    steady = without_trend(share, days) if len(share) >= FEWEST_FOR_TREND else share
    means = {name: _mean(share, steady, days) for name, days in enough.items()}
    both = "winter" in enough and "summer" in enough
    return Swing(source, means, _difference(steady, enough["summer"], enough["winter"]) if both else None)


def _mean(share: Floats, steady: Floats, days: Flags) -> ConfidenceInterval:
    """The mean of the days as they stand, with the width of the interval of the mean without the trend."""
    values = np.where(days, steady, 0.0)
    mean = values.sum() / days.sum()
    around_trend = interval(resample(np.column_stack([values, days]), np.where(days, values - mean, 0.0)), _ratio)
    shift = float(share[days].mean()) - around_trend.value
    return ConfidenceInterval(
        around_trend.value + shift,
        around_trend.low + shift,
        around_trend.high + shift,
        around_trend.block,
        around_trend.draws,
    )


def _difference(steady: Floats, summer: Flags, winter: Flags) -> ConfidenceInterval:
    columns = [np.where(summer, steady, 0.0), summer, np.where(winter, steady, 0.0), winter]
    # the influence of each day on the difference, by which the blocks get their length
    pulls = [
        np.where(days, steady - steady[days].mean(), 0.0) / days.mean() * sign
        for days, sign in ((summer, 1), (winter, -1))
    ]
    return interval(resample(np.column_stack(columns), pulls[0] + pulls[1]), _gap)


def _ratio(sums: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[:, 0] / sums[:, 1])


def _gap(sums: Floats) -> Floats:
    return _ratio(sums[:, :2]) - _ratio(sums[:, 2:])
