"""How far a figure could be off: a circular block bootstrap over the calendar, with blocks as long as days stay alike.

A statistic here is a function of sums over days, so a resample needs no days drawn, only the sums of its blocks: these
are differences of running sums, and a thousand resamples of thirteen years take milliseconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Transform = Callable[[Floats], Floats]
Statistic = Callable[[Floats], Floats]
"""Of sums over days, a set of them a row."""

LEVEL: Final = 0.95
# fixed: the same days must give the same figures, in an answer with an ETag as well
SEED: Final = 20120101
WEEK: Final = 7
FEWEST_BLOCKS: Final = 8
_MOST_DRAWS: Final = 1_000
_FEWEST_DRAWS: Final = 300
# Blocks drawn for one figure at most, so that a century costs what a decade does.
_PICKS: Final = 300_000


@dataclass(frozen=True)
class ConfidenceInterval:
    """A figure and its 95 % interval: resampled ``draws`` times in blocks of ``block`` days."""

    value: float
    low: float
    high: float
    block: int
    draws: int

    @property
    def sure(self) -> bool:
        """Whether 0 lies outside."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Resamples:
    """The sums over all days, and over the days of each resample (a row each): ``count`` blocks of ``block`` days."""

    whole: Floats
    drawn: Floats
    block: int
    count: int


def interval(
    resamples: Resamples, statistic: Statistic, scale: Transform = lambda x: x, back: Transform = lambda x: x
) -> ConfidenceInterval:
    """The statistic of a period's days with its interval.

    It is symmetric on ``scale`` (whose inverse is ``back``), of Student's t with as many degrees of freedom as there
    are blocks less one.
    """
    value = statistic(resamples.whole)
    drawn = scale(statistic(resamples.drawn))
    # a resample may miss a season altogether
    drawn = drawn[np.isfinite(drawn)]
    reach = float(scipy.special.stdtrit(resamples.count - 1, (1 + LEVEL) / 2)) * drawn.std(ddof=1)
    low, high = back(scale(value) + np.array([-reach, reach]))
    return ConfidenceInterval(float(value[0]), float(low), float(high), resamples.block, len(drawn))


def resample(sums: Floats, influence: Floats) -> Resamples:
    """Draw from ``sums``, which has one row per day of the calendar (zeros where nothing is known) and one column per
    sum.

    ``influence`` is what each day does to the statistic of interest, and settles the length of the blocks.
    """
    block = block_days(influence)
    # rounded up, so that a resample is never shorter than the period
    count = -(-len(sums) // block)
    return Resamples(sums.sum(axis=0)[None, :], _drawn(sums, block, count), block, count)


def _drawn(sums: Floats, block: int, count: int) -> Floats:
    """The sums of each resample: ``count`` blocks from anywhere, round the end to the beginning."""
    # running sums: no resample is ever built, only differences of these
    around = np.vstack([np.zeros((1, sums.shape[1])), np.cumsum(np.vstack([sums, sums[: block - 1]]), axis=0)])
    blocks = around[block:] - around[:-block]
    draws = int(np.clip(_PICKS // count, _FEWEST_DRAWS, _MOST_DRAWS))
    starts = np.random.default_rng(SEED).integers(len(sums), size=(draws, count))
    return np.column_stack([column[starts].sum(axis=1) for column in blocks.T])


def block_days(influence: Floats) -> int:
    """How long blocks should be for the mean of this series: a week at least, an eighth of the period at most.

    The rule of Politis & White (2004), as corrected by Patton, Politis & White (2009), for circular blocks: from the
    autocorrelation up to where it is lost in noise. Twice that: the rule wants the least error of the variance, and
    intervals want it not to be short.
    """
    days = len(influence)
    most = max(days // FEWEST_BLOCKS, 1)
    covariance = _autocovariance(influence)
    if not covariance[0] > 0:
        return min(WEEK, most)
    reach = _memory(covariance[1:] / covariance[0], days)
    lags = np.arange(1, reach + 1)
    taper = np.clip(2 * (1 - lags / reach), 0, 1)
    tapered = taper * covariance[1 : reach + 1]
    spectrum = covariance[0] + 2 * tapered.sum()
    slope = 2 * (lags * tapered).sum()
    # a tapered estimate can come out negative
    if spectrum <= 0:
        return min(WEEK, most)
    length = 2 * (1.5 * slope**2 / spectrum**2 * days) ** (1 / 3)
    return int(np.clip(np.ceil(length), min(WEEK, most), most))


def memory_days(first: Floats, second: Floats) -> int:
    """In how many days the product of both series' autocorrelations falls to 1/e: what their correlation remembers."""
    known = ~(np.isnan(first) | np.isnan(second))
    centred = [np.where(known, series - series[known].mean(), 0.0) for series in (first, second)]
    products = np.prod([covariance / covariance[0] for covariance in map(_autocovariance, centred)], axis=0)
    fallen = np.flatnonzero(products < np.exp(-1))
    return int(fallen[0]) if len(fallen) else len(products)


def _autocovariance(series: Floats) -> Floats:
    centred = series - series.mean()
    # padded to a power of two: without it the FFT would wrap the end onto the beginning
    size = 1 << (2 * len(series) - 1).bit_length()
    transform = np.fft.rfft(centred, size)
    covariance: Floats = np.fft.irfft(np.abs(transform) ** 2, size)[: len(series)] / len(series)
    return covariance


def _memory(correlation: Floats, days: int) -> int:
    """Twice the lag after which the autocorrelation stays within noise."""
    # 2 √(log10 n / n), with 5 lags or more in a row below it: the constants of Politis & White
    noise = 2 * np.sqrt(np.log10(days) / days)
    run = max(5, int(np.sqrt(np.log10(days))))
    longest = min(int(np.ceil(np.sqrt(days))) + run, len(correlation))
    quiet = np.abs(correlation[:longest]) < noise
    for lag in range(longest - run + 1):
        if quiet[lag : lag + run].all():
            return max(2 * lag, 1)
    return longest
