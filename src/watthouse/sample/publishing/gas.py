"""Gas in storage: filled from April to October, drawn in winter, more in a cold one; published the day after.

The points, their sizes and the pace of the year are those of ODRÉ's export of 2010–2022.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

import polars as pl

from watthouse.sample.country.calendar import month_end, month_start, months_between
from watthouse.sample.country.noise import Bank, Process, chance, chance_of, field, hash_of, hashed, salt, whole
from watthouse.sample.country.regions import MAINLAND
from watthouse.sample.country.weather import Weather
from watthouse.sample.publishing.chronicle import with_ends
from watthouse.sample.publishing.eco2mix import BEFORE_ALL
from watthouse.sample.publishing.realtime import MOMENT, PUBLISHED
from watthouse.sample.publishing.temperature import days_between, noons

GAS_SINCE: Final = date(2010, 11, 1)
_PROCESSED: Final = time(10, tzinfo=UTC)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Point:
    """A storage point: its operator, GWh when full, and how early (below 1) or late in the season it is full."""

    name: str
    operator: str
    full: float
    bend: float


POINTS: Final = (
    Point("Centre", "Storengy", 46_300, 1.15),
    Point("Saline", "Storengy", 11_700, 0.55),
    Point("Sediane", "Storengy", 13_000, 1.0),
    Point("Sediane B", "Storengy", 13_400, 1.05),
    Point("Serene", "Storengy", 16_500, 1.2),
    Point("Teréga", "Teréga", 33_600, 1.0),
)
_FULL: Final = sum(point.full for point in POINTS) / 1000

_DRAWN: Final = {11: 0.43, 12: 0.70, 1: 0.93, 2: 0.80, 3: 0.30}
_FILLED: Final = {4: 0.34, 5: 0.58, 6: 0.53, 7: 0.62, 8: 0.61, 9: 0.33, 10: 0.14}
"""TWh a day, by month."""
_PER_DEGREE: Final = 0.085
"""TWh drawn more each day for each °C below the usual."""

_REVISED: Final = 0.01
_STALLED: Final = 1 / 18
_LATEST: Final = 4
_ALL_DELIVERED: Final = 45
"""Days after which nothing is outstanding: a late month is published a week after its end."""


class Gas:
    """The record of gas in storage; see :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""

    time: Final = "date"

    def __init__(self, seed: int, since: date, weather: Weather) -> None:
        self.since: Final = max(since, GAS_SINCE)
        self._weather: Final = weather
        self._salts: Final = {use: salt(seed, f"gas {use}") for use in ("levels", "rows", "deliveries", "stalls")}
        self._flow: Final = Bank({"flow": field(seed, "gas flow", memory=60).at()} | dict(_wobbles(seed)))
        self._year = lru_cache(maxsize=3)(self._gas_year)
        self._record = lru_cache(maxsize=2)(self._year_record)

    def record(self, month: str) -> pl.DataFrame:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        first, last = month_start(month).date(), month_end(month).date() - _DAY
        return self._record(first.year).filter(pl.col("date").is_between(first, last))

    def _year_record(self, year: int) -> pl.DataFrame:
        """The record of a calendar year."""
        # a whole year at once: it has few rows, and the fields of a single month cost as much to compute
        first, last = max(date(year, 1, 1), self.since), date(year, 12, 31)
        stocks = self._stocks(first, last).with_columns(self._moments(first, last))
        dice = hashed(stocks["_number"], self._salts["rows"])
        rows = stocks.with_columns(dice.alias("_dice"), self._published().alias(PUBLISHED))
        rows = pl.concat([rows, _revisions(rows)])
        ended = with_ends(rows, ("date", "pits"), pl.lit(None, MOMENT))
        return ended.select("date", "stock_fin_de_journee", "source", "pits", PUBLISHED, "_gone")

    def lasting(self, _: str) -> None:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""

    def rows(self, now: datetime) -> int:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        last = self._last_day(now)
        days = max(0, (last - self.since).days + 1)
        recent = [last - step * _DAY for step in range(min(days, _ALL_DELIVERED))]
        return days * len(POINTS) - sum(self._delivered(day) > now for day in recent)

    def months(self, now: datetime) -> list[str]:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        last = self._last_day(now)
        return months_between(_midnight(self.since), _midnight(last)) if last >= self.since else []

    def processed(self, now: datetime) -> datetime:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        moment = datetime.combine(self._last_day(now) + _DAY, _PROCESSED)
        return moment if moment >= BEFORE_ALL else min(now.replace(microsecond=0), BEFORE_ALL)

    def events(self, _: str) -> None:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""

    def _last_day(self, now: datetime) -> date:
        today = now.astimezone(UTC).date()
        return today - _DAY if now >= datetime.combine(today, _PROCESSED) else today - 2 * _DAY

    def _stocks(self, first: date, last: date) -> pl.DataFrame:
        years = range(_gas_year_of(first), _gas_year_of(last) + 1)
        return pl.concat([self._year(year) for year in years]).filter(pl.col("date").is_between(first, last))

    def _level(self, year: int) -> float:
        """TWh in storage on 1 November."""
        return 112.0 + 17.5 * math.sqrt(chance_of(year, self._salts["levels"]))

    def _gas_year(self, year: int) -> pl.DataFrame:
        """Every day and point from 1 November of the year to 31 October of the next."""
        days = days_between(date(year, 11, 1), date(year + 1, 10, 31))
        hours = noons(days)
        noise = self._flow.at(hours)
        warmth = _country(self._weather.daily(hours)["warm"], len(days))
        winter = [_DRAWN.get(day.month, 0.0) for day in days]
        drawn = [
            max(0.0, usual - _PER_DEGREE * 2.9 * warm + 0.12 * noisy) if usual else 0.0
            for usual, warm, noisy in zip(winter, warmth, noise["flow"], strict=True)
        ]
        filled = [
            _FILLED.get(day.month, 0.0) * (1 + 0.45 * noisy) for day, noisy in zip(days, noise["flow"], strict=True)
        ]
        level = _path(self._level(year), self._level(year + 1), drawn, filled)
        return _by_point(days, level, noise)

    def _moments(self, first: date, last: date) -> pl.Expr:
        days = days_between(first, last)
        shown = [self._delivered(day) for day in days]
        return pl.col("date").replace_strict(days, shown, return_dtype=MOMENT).alias("_delivered")

    def _published(self) -> pl.Expr:
        usual = (pl.col("date") + _DAY).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        storengy = usual + timedelta(hours=_PROCESSED.hour)
        return pl.when(pl.col("source") == "Teréga").then(pl.col("_delivered")).otherwise(storengy)

    def _delivered(self, day: date) -> datetime:
        """When Teréga's day is shown: at its next delivery, at most four days late, or with a whole late month."""
        # Teréga ended a month before Storengy in one real vintage: a naive national sum drops there.
        number = day.year * 12 + day.month
        if chance_of(number, self._salts["stalls"]) < _STALLED:
            after = month_end(f"{day:%Y-%m}") + timedelta(days=hash_of(number, self._salts["stalls"]) % 6 + 2)
            return after.replace(hour=_PROCESSED.hour)
        late = next((late for late in range(_LATEST) if self._delivers(day.toordinal() + late)), _LATEST)
        return datetime.combine(day + (1 + late) * _DAY, _PROCESSED)

    def _delivers(self, ordinal: int) -> bool:
        return chance_of(ordinal, self._salts["deliveries"]) < 0.6


def _wobbles(seed: int) -> list[tuple[str, Process]]:
    return [(point.name, field(seed, f"gas {point.name}", memory=700).at()) for point in POINTS]


def _country(stacked: pl.Series, days: int) -> list[float]:
    """The country's temperature anomaly in standard deviations, weighted by how much each region heats."""
    parts = [stacked.slice(place * days, days) * region.heating for place, region in enumerate(MAINLAND)]
    return list(sum(parts[1:], parts[0]))


def _path(start: float, end: float, drawn: Sequence[float], filled: Sequence[float]) -> list[float]:
    """The level at the end of each day, TWh: down from ``start`` by what is drawn, then up to ``end``."""
    lowest = max(start - sum(drawn), 0.5 * start * 0.06)
    shrink, stretch = (start - lowest) / sum(drawn), (end - lowest) / sum(filled)
    level, path = start, []
    for out, into in zip(drawn, filled, strict=True):
        level += into * stretch - out * shrink
        path.append(level)
    return path


def _by_point(days: Sequence[date], level: Sequence[float], noise: pl.DataFrame) -> pl.DataFrame:
    share = pl.Series(level) / _FULL
    parts = []
    for place, point in enumerate(POINTS):
        own = share**point.bend * (1 + 0.12 * (1 - share) * noise[point.name])
        stock = (own.clip(0.004, 1.0) * point.full).round(6).alias("stock_fin_de_journee")
        number = pl.Series("_number", [day.toordinal() * 8 + place for day in days])
        names = (pl.lit(point.operator).alias("source"), pl.lit(point.name).alias("pits"))
        parts.append(pl.DataFrame([pl.Series("date", days), stock, number]).with_columns(names))
    return pl.concat(parts)


def _revisions(rows: pl.DataFrame) -> pl.DataFrame:
    """One value in a hundred, up to 25 days after it was first shown; none of those published a month late."""
    dice = pl.col("_dice")
    late = pl.col(PUBLISHED) - (pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
    again = rows.filter((chance(dice, "revised") < _REVISED) & (late < timedelta(days=_LATEST + 3)))
    factor = 1 + pl.when(chance(dice, "up") < 0.5).then(1).otherwise(-1) * (0.0005 + 0.004 * chance(dice, "by"))
    return again.with_columns(
        (pl.col("stock_fin_de_journee") * factor).round(6),
        pl.col(PUBLISHED) + pl.duration(days=1 + whole(dice, "when", 25)),
    )


def _gas_year_of(day: date) -> int:
    return day.year if day.month >= 11 else day.year - 1


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
