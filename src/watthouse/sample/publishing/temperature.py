"""Temperature by region and day: published on the 10th, a whole month at a time, now and then without its last day."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

import polars as pl
from dateutil.relativedelta import relativedelta

from watthouse import catalog
from watthouse.sample.country.calendar import month_end, month_start, months_between, year_of
from watthouse.sample.country.noise import HOURS, chance, chance_of, hashed, salt
from watthouse.sample.country.regions import REGIONS, table
from watthouse.sample.country.trends import YEAR
from watthouse.sample.country.weather import Weather, daily_range, temperature, with_sky
from watthouse.sample.publishing.chronicle import with_ends
from watthouse.sample.publishing.eco2mix import BEFORE_ALL
from watthouse.sample.publishing.realtime import MOMENT, PUBLISHED

TEMPERATURE_SINCE: Final = date(2016, 1, 1)
_PROCESSED: Final = time(8, tzinfo=UTC)
_DAY_OF_MONTH: Final = 10
_MISSING: Final = 0.2
_REVISED: Final = 0.005


class Temperature:
    """The record of temperatures; see :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""

    time: Final = "date"

    def __init__(self, seed: int, since: date, weather: Weather) -> None:
        self.since: Final = max(since, TEMPERATURE_SINCE)
        self._weather: Final = weather
        self._places: Final = table(REGIONS)
        self._holes: Final = salt(seed, "temperature holes")
        self._salt: Final = salt(seed, "temperature rows")
        self._count: Final = lru_cache(maxsize=4000)(lambda month: len(self._days(month)))

    def record(self, month: str) -> pl.DataFrame:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        days = self._days(month)
        rows = self._truth(days) if days else self._truth([self.since]).clear()
        first, second = _published(month, 1), _published(month, 2)
        rows = rows.with_columns(pl.lit(first, MOMENT).alias(PUBLISHED))
        again = _revised(rows).with_columns(pl.lit(second, MOMENT).alias(PUBLISHED))
        ended = with_ends(pl.concat([rows, again]), ("date", "code_insee_region"), pl.lit(None, MOMENT))
        return ended.drop("_dice")

    def months(self, now: datetime) -> list[str]:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        last = _month_before(self._processed(now))
        return [month for month in months_between(_midnight(self.since), last) if self._count(month)]

    def lasting(self, _: str) -> None:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""

    def rows(self, now: datetime) -> int:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        return sum(self._count(month) for month in self.months(now)) * len(REGIONS)

    def processed(self, now: datetime) -> datetime:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""
        moment = self._processed(now)
        return moment if moment >= BEFORE_ALL else min(now.replace(microsecond=0), BEFORE_ALL)

    def events(self, _: str) -> None:
        """See :class:`~watthouse.sample.publishing.chronicle.Chronicle`."""

    def _processed(self, now: datetime) -> datetime:
        moment = datetime.combine(now.astimezone(UTC).date().replace(day=_DAY_OF_MONTH), _PROCESSED)
        return moment if moment <= now else moment - relativedelta(months=1)

    def _days(self, month: str) -> list[date]:
        """The days of the month that are ever published."""
        # the real dataset misses 27 days since 2016, nearly all of them month ends
        last = month_end(month).date() - timedelta(days=1)
        if chance_of(last.year * 12 + last.month, self._holes) < _MISSING:
            last -= timedelta(days=1)
        return days_between(max(month_start(month).date(), self.since), last)

    def _truth(self, days: Sequence[date]) -> pl.DataFrame:
        hours = noons(days)
        frame = pl.DataFrame([pl.Series("date", days, dtype=pl.Date), hours.alias(HOURS)])
        frame = frame.with_columns(year_of(pl.col(HOURS)).alias(YEAR))
        rows = self._places.join(with_sky(frame), how="cross").hstack(self._weather.daily(hours))
        rows = rows.select(_columns()).with_columns(((pl.col("tmin") + pl.col("tmax")) / 2).round(2).alias("tmoy"))
        numbers = rows.select(pl.col("date").cast(pl.Int64) * 128 + pl.col("code_insee_region")).to_series()
        return rows.with_columns(hashed(numbers, self._salt).alias("_dice"))


def days_between(first: date, last: date) -> list[date]:
    """Every day from ``first`` to ``last``, both included."""
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


def noons(days: Sequence[date]) -> pl.Series:
    """Hours from 2000-01-01 to noon of each day, UTC."""
    start = date(2000, 1, 1).toordinal()
    return pl.Series([24.0 * (day.toordinal() - start) + 12.0 for day in days], dtype=pl.Float64)


def _columns() -> Iterator[pl.Expr]:
    middle, half = temperature(), daily_range() / 2
    code = pl.lit(pl.Series([region.code for region in REGIONS])).gather(pl.col("_region").cast(pl.UInt32))
    yield pl.concat_str(pl.col("date").dt.to_string("%Y-%m-%d"), pl.lit("T00:00:00-"), code).alias("id")
    yield pl.col("date")
    yield code.cast(pl.Int64).alias("code_insee_region")
    yield code.replace_strict(catalog.REGIONS).alias("region")
    yield from ((middle - half).round(2).alias("tmin"), (middle + half).round(2).alias("tmax"))


def _revised(rows: pl.DataFrame) -> pl.DataFrame:
    some = rows.filter(chance(pl.col("_dice"), "revised") < _REVISED)
    by = (0.05 + 0.4 * chance(pl.col("_dice"), "by")).round(1)
    return some.with_columns(
        (pl.col("tmin") + by).round(2), (pl.col("tmoy") + by).round(2), (pl.col("tmax") + by).round(2)
    )


def _published(month: str, later: int) -> datetime:
    first = month_start(month) + relativedelta(months=later)
    return datetime.combine(first.date().replace(day=_DAY_OF_MONTH), _PROCESSED)


def _month_before(moment: datetime) -> datetime:
    return moment - relativedelta(months=1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
