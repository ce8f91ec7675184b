"""Whether one daily series goes with another: as they stand, and once the season is taken off both."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

from watthouse.serve.analysis.resampling import ConfidenceInterval, interval, memory_days, resample
from watthouse.serve.analysis.season import Calendar, Flags, Floats, anomalies

FEWEST_DAYS: Final = 60
FEWEST_FOR_SEASON: Final = 657
"""Nine tenths of two years: with less, a season cannot be told apart from the weather of one year."""


FEWEST_MEMORIES: Final = 20
"""Ten independent spells: a spell takes twice the days in which its autocorrelation falls to 1/e."""


class Lack(Enum):
    """Why there is no figure."""

    FEW_DAYS = "few days"
    CONSTANT = "constant"
    NO_SEASON = "no season"
    SHORT = "short period"


@dataclass(frozen=True)
class Relation:
    """How ``response`` goes with ``driver`` over a period.

    ``plain`` is the correlation of the days as they stand; ``steady`` of their anomalies, ``slope`` the anomaly of the
    response for each unit of the driver's; None where ``lack`` says why. ``days`` are those on which both are known,
    ``period_days`` all of the period, ``learnt`` those that the season is estimated on; departures of both last for
    ``alike`` days together.
    """

    driver: str
    response: str
    period_days: int
    days: int
    learnt: int
    plain: float | None = None
    steady: ConfidenceInterval | None = None
    slope: ConfidenceInterval | None = None
    lack: Lack | None = None
    alike: int = 0


@dataclass(frozen=True)
class Pair:
    """Two series on a calendar without holes; ``in_period`` are the days of the period.

    The season is learnt on the whole calendar, which reaches beyond a short period.
    """

    calendar: Calendar
    in_period: Flags
    driver: Floats
    response: Floats

    @property
    def known(self) -> Flags:
        return ~(np.isnan(self.driver) | np.isnan(self.response))

    @property
    def steady(self) -> "Pair":
        """The anomalies of both."""
        departures = (anomalies(values, self.calendar, self.known) for values in (self.driver, self.response))
        return Pair(self.calendar, self.in_period, *departures)


def relate(pair: Pair, driver: str, response: str) -> tuple[Relation, Pair | None]:
    """The relation of the two over the period, and their anomalies where there are any."""
    used = pair.known & pair.in_period
    counts = (driver, response, int(pair.in_period.sum()), int(used.sum()), int(pair.known.sum()))
    if used.sum() < FEWEST_DAYS:
        return Relation(*counts, lack=Lack.FEW_DAYS), None
    # a correlation with a constant is 0 / 0
    if _constant(pair.driver[used]) or _constant(pair.response[used]):
        return Relation(*counts, lack=Lack.CONSTANT), None
    plain = float(np.corrcoef(pair.driver[used], pair.response[used])[0, 1])
    if pair.known.sum() < FEWEST_FOR_SEASON:
        return Relation(*counts, plain, lack=Lack.NO_SEASON), None
    steady = pair.steady
    if _constant(steady.driver[used]) or _constant(steady.response[used]):
        return Relation(*counts, plain, lack=Lack.CONSTANT), None
    alike = memory_days(steady.driver, steady.response)
    if used.sum() < FEWEST_MEMORIES * alike:
        return Relation(*counts, plain, lack=Lack.SHORT, alike=alike), None
    return Relation(*counts, plain, *_strength(steady, used), alike=alike), steady


def _constant(values: Floats) -> bool:
    return bool(np.ptp(values) <= 1e-9 * np.abs(values).max())


def _strength(pair: Pair, used: Flags) -> tuple[ConfidenceInterval, ConfidenceInterval]:
    """Correlation and slope of the days used, each with its interval."""
    # the season is learnt on all days, the figures are those of the period
    within = used[pair.in_period]
    x, y = (_standard(values[pair.in_period], within) for values in (pair.driver, pair.response))
    sums = np.column_stack([within, x, y, x * x, y * y, x * y]).astype(float)
    r = (x * y).sum() / within.sum()
    # the influence of each day on the correlation: it decides how long blocks have to be
    resamples = resample(sums, x * y - r * (x * x + y * y) / 2)
    # on Fisher's z the interval is symmetric, and its ends stay within −1 and 1
    steady = interval(resamples, _correlation, np.arctanh, np.tanh)
    slope = interval(resamples, _slope)
    unit = float(pair.response[used].std() / pair.driver[used].std())
    return steady, ConfidenceInterval(slope.value * unit, slope.low * unit, slope.high * unit, slope.block, slope.draws)


def _standard(values: Floats, within: Flags) -> Floats:
    """In standard deviations from the mean; 0 where unknown."""
    known = values[within]
    return np.where(within, (values - known.mean()) / known.std(), 0.0)


def _moments(sums: Floats) -> tuple[Floats, Floats, Floats]:
    days, x, y, xx, yy, xy = sums.T
    return xx - x * x / days, yy - y * y / days, xy - x * y / days


def _correlation(sums: Floats) -> Floats:
    xx, yy, xy = _moments(sums)
    return np.asarray(xy / np.sqrt(xx * yy))


def _slope(sums: Floats) -> Floats:
    xx, _, xy = _moments(sums)
    return np.asarray(xy / xx)
