"""What changes from year to year: capacities, the nuclear fleet's good and bad years, the slow fall of demand.

National figures, set by hand so that the years resemble the French ones, and those of which there are real files come
out near them; they are not statistics. From 2026 on they continue their last trend, up to a bound.
"""

from bisect import bisect
from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

YEAR: Final = "_year"
"""The column a trend is read at: the year and its elapsed part, Float64; 2014.5 is mid-2014."""

Trend = Mapping[float, float]

SOLAR: Final[Trend] = {
    2012.5: 3300, 2013.5: 4300, 2014.5: 5100, 2015.5: 6000, 2016.5: 6600, 2017.5: 7400, 2018.5: 8300, 2019.5: 9300,
    2020.5: 10_300, 2021.5: 12_300, 2022.5: 15_100, 2023.5: 17_800, 2024.5: 22_300, 2025.5: 28_000, 2026.5: 32_500,
    2036.5: 52_000, 2050.5: 65_000,
}  # fmt: skip
"""MW installed."""

WIND: Final[Trend] = {
    2012.5: 7200, 2014.5: 8700, 2015.5: 9900, 2016.5: 11_200, 2017.5: 12_800, 2018.5: 14_500, 2019.5: 15_900,
    2020.5: 17_200, 2021.5: 18_400, 2022.5: 19_900, 2023.5: 21_300, 2024.5: 22_500, 2025.5: 23_600, 2035.5: 34_000,
    2050.5: 43_000,
}  # fmt: skip
"""MW installed on land."""

OFFSHORE: Final[Trend] = {
    2022.4: 0,
    2022.9: 480,
    2024.0: 600,
    2024.6: 1480,
    2025.9: 1500,
    2027.0: 2500,
    2035.5: 6000,
    2050.5: 15_000,
}
"""MW installed at sea."""

BATTERIES: Final[Trend] = {2018.0: 0, 2020.5: 20, 2022.5: 60, 2025.1: 90, 2026.5: 160, 2030.5: 800}
"""MW that move on a lively day."""

NUCLEAR: Final[Trend] = {
    2012.5: 46.3, 2013.5: 46.5, 2014.5: 48.1, 2015.5: 48.2, 2016.5: 44.3, 2017.5: 43.8, 2018.5: 45.4, 2019.5: 43.9,
    2020.5: 39.0, 2021.5: 41.8, 2022.5: 32.2, 2023.5: 37.3, 2024.5: 42.6, 2025.5: 44.0, 2026.5: 43.5,
}  # fmt: skip
"""GW that could run on average over the year."""

DEMAND: Final[Trend] = {
    2012.5: 1.02, 2014.5: 1.0, 2019.5: 0.985, 2022.5: 0.945, 2024.0: 0.925, 2026.5: 0.925, 2050.5: 1.15
}  # fmt: skip
"""Load against 2014 in the same weather."""

COAL: Final[Trend] = {2012.5: 2.2, 2014.5: 0.75, 2018.5: 0.6, 2020.5: 0.35, 2024.5: 0.16, 2028.5: 0.0}
"""Coal's part, against 2014."""

GAS: Final[Trend] = {2012.5: 0.55, 2013.5: 0.45, 2014.5: 0.3, 2015.5: 0.55, 2016.5: 1.0, 2025.5: 0.95, 2026.2: 0.7}
"""How much of the combined cycles is used when they are needed: coal was cheaper in the early years."""

BIOENERGY: Final[Trend] = {2012.5: 700, 2014.5: 870, 2018.5: 1100, 2023.5: 1080, 2026.5: 1020}
"""MW that run on average."""

SHIFT: Final[Trend] = {2014.5: 0.0, 2024.5: 1.0}
"""How far the regions' shares have moved from those of 2014 to those of 2024."""


TRENDS: Final[Mapping[str, Trend]] = {
    "_solar": SOLAR,
    "_onshore": WIND,
    "_offshore": OFFSHORE,
    "_batteries": BATTERIES,
    "_fleet": NUCLEAR,
    "_trend": DEMAND,
    "_coals": COAL,
    "_gases": GAS,
    "_wastes": BIOENERGY,
    "_shift": SHIFT,
}


def along(trend: Trend, year: float) -> float:
    """The trend at a moment, straight between its points and flat beyond them."""
    points = sorted(trend.items())
    after = bisect([moment for moment, _ in points], year)
    if after in {0, len(points)}:
        return points[min(after, len(points) - 1)][1]
    (start, value), (end, to) = points[after - 1 : after + 1]
    return value + (to - value) * (year - start) / (end - start)


def within(starts: float, ends: float) -> Iterator[pl.Expr]:
    """Each of :data:`TRENDS` over a quarter that begins and ends at those moments, straight from end to end."""
    share = (pl.col(YEAR) - starts) / (ends - starts)
    for name, trend in TRENDS.items():
        first, last = along(trend, starts), along(trend, ends)
        yield (first + (last - first) * share).alias(name)
