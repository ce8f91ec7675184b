"""Which series each question holds against which, and their clouds of days in few points."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from watthouse.serve import deadline
from watthouse.serve.analysis.daily import CHANGE, EXCHANGED, NET_EXPORT, STOCK, TEMPERATURE, DailySeries
from watthouse.serve.analysis.relation import Pair, Relation, relate
from watthouse.serve.analysis.sources import SOURCES

_MOST_BINS: Final = 20
_DAYS_A_BIN: Final = 15


@dataclass(frozen=True)
class Link:
    """A relation with its days: as they stand, and as anomalies where there are any."""

    relation: Relation
    plain: Pair
    steady: Pair | None


@dataclass(frozen=True)
class Bin:
    """Days of like ``x`` (their mean): the mean of ``y``, and what one day in ten falls short of, and exceeds."""

    x: float
    y: float
    y_low: float
    y_high: float
    days: int


def link(daily: DailySeries, driver: str, response: str) -> Link:
    """How two columns of the days go together."""
    deadline.check()
    pair = Pair(daily.calendar, daily.in_period, daily.series(driver), daily.series(response))
    relation, steady = relate(pair, driver, response)
    return Link(relation, pair, steady)


def stock_and_temperature(daily: DailySeries) -> tuple[Link, Link]:
    """The level of the stock, and its change from the day before, against temperature."""
    return link(daily, TEMPERATURE, STOCK), link(daily, TEMPERATURE, CHANGE)


def sources_and(daily: DailySeries, driver: str) -> tuple[Link, ...]:
    """Each source's mean power against temperature, or against the gas in storage."""
    return tuple(link(daily, driver, f"{source}_mw") for source in SOURCES)


def exchanges_and_stock(daily: DailySeries) -> tuple[Link, Link]:
    """What crosses the borders either way, and what leaves less what comes, against the gas in storage."""
    return link(daily, STOCK, EXCHANGED), link(daily, STOCK, NET_EXPORT)


def bins(pair: Pair) -> Iterator[Bin]:
    """The period's days in as many days a bin, by their driver; none where there are too few."""
    used = pair.known & pair.in_period
    x, y = pair.driver[used], pair.response[used]
    # as many days per bin, so that cold extremes are not bins of one day
    order = np.argsort(x, kind="stable")
    count = min(_MOST_BINS, len(x) // _DAYS_A_BIN)
    for days in np.array_split(order, count) if count else []:
        low, high = np.quantile(y[days], [0.1, 0.9])
        yield Bin(float(x[days].mean()), float(y[days].mean()), float(low), float(high), len(days))
