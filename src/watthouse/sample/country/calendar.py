"""The moments of a month and what day it is in France: slots, the two odd days a year, holidays, dips of demand."""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final

import polars as pl
from dateutil.easter import easter
from dateutil.relativedelta import relativedelta

from watthouse.clock import PARIS, ZONE
from watthouse.sample.country.noise import HOURS
from watthouse.sample.country.trends import YEAR

QUARTER_HOUR: Final = timedelta(minutes=15)
HALF_HOUR: Final = timedelta(minutes=30)
_FIXED: Final = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
_AFTER_EASTER: Final = (1, 39, 50)
_WEEK: Final = (0.975, 1.005, 1.01, 1.005, 0.99, 0.905, 0.865)
"""Load of Monday to Sunday against a working day, tuned on éCO2mix's year 2014."""


def month_start(month: str) -> datetime:
    """Midnight UTC of the first of ``YYYY-MM``."""
    return datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)


def month_end(month: str, months: int = 1) -> datetime:
    """Midnight UTC of the first of the month after ``YYYY-MM``, or after ``months`` from it on."""
    return month_start(month) + relativedelta(months=months)


def months_between(first: datetime, last: datetime) -> list[str]:
    """Every UTC month from that of ``first`` to that of ``last``, both included; none where they are reversed."""
    start, end = (moment.astimezone(UTC) for moment in (first, last))
    if start > end:
        return []
    count = (end.year - start.year) * 12 + end.month - start.month + 1
    return [
        f"{start.year + (start.month - 1 + step) // 12:04}-{(start.month - 1 + step) % 12 + 1:02}"
        for step in range(count)
    ]


def paris_midnight(day: date) -> datetime:
    """The instant a civil day begins in Paris, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=_zone(day.year)).astimezone(UTC)


def paris_day(moment: datetime) -> date:
    """The civil day in Paris."""
    return moment.astimezone(_zone(moment.year)).date()


def _zone(year: int) -> tzinfo:
    """Paris as polars has it."""
    # polars' tables of summer time end with 2099, and the two must agree on when a day begins
    return PARIS if year < 2100 else timezone(timedelta(hours=1))


def quarter_of(month: str) -> str:
    """The first month of the quarter of ``YYYY-MM``."""
    return f"{quarter_start(month_start(month).date()):%Y-%m}"


def quarter_start(day: date) -> date:
    """The first day of its quarter."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def instants(month: str, step: timedelta = QUARTER_HOUR, months: int = 1) -> pl.Series:
    """Every slot of a UTC month, or of ``months`` from it on, as Datetime('ms', 'UTC')."""
    start, end = month_start(month), month_end(month, months)
    return pl.datetime_range(start, end, step, closed="left", time_unit="ms", eager=True).alias("date_heure")


def with_clock(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds the columns that the truth depends on: hours, year, Paris clock (0–24) and day, and the day's demand."""
    local = pl.col("date_heure").dt.convert_time_zone(ZONE)
    hours = (pl.col("date_heure").dt.epoch("ms") - _MILLENNIUM) / 3_600_000
    frame = frame.with_columns(
        hours.alias(HOURS),
        year_of(hours).alias(YEAR),
        (local.dt.hour() + local.dt.minute() / 60).alias("_clock"),
        local.dt.date().alias("_day"),
        (pl.col("date_heure").dt.epoch("s") // 900).alias("_slot"),
    )
    return frame.join(_days_of(frame["_day"].min(), frame["_day"].max()), on="_day", how="left", maintain_order="left")


def year_of(hours: pl.Expr) -> pl.Expr:
    """The year and its elapsed part, hours after 2000-01-01 UTC."""
    return 2000.0 + hours / _YEAR_HOURS


def years_since(moment: datetime) -> float:
    """:func:`year_of` of one moment."""
    return 2000.0 + (moment.timestamp() * 1000 - _MILLENNIUM) / 3_600_000 / _YEAR_HOURS


_MILLENNIUM: Final = 946_684_800_000
_YEAR_HOURS: Final = 8765.82


def _days_of(first: object, last: object) -> pl.DataFrame:
    if not isinstance(first, date) or not isinstance(last, date):
        return _days([])
    return _days([first + timedelta(days=step) for step in range((last - first).days + 1)])


def _days(days: list[date]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "_day": days,
            "_demand": [demand_of(day) for day in days],
            "_rest": [1.0 if rests(day) else 0.45 if day.weekday() == 5 else 0.0 for day in days],
        },
        schema={"_day": pl.Date, "_demand": pl.Float64, "_rest": pl.Float64},
    )


@lru_cache(maxsize=64)
def holidays(year: int) -> frozenset[date]:
    """France's public holidays of a year (Code du travail, L3133-1)."""
    fixed = {date(year, month, day) for month, day in _FIXED}
    return frozenset(fixed | {easter(year) + timedelta(days=days) for days in _AFTER_EASTER})


def rests(day: date) -> bool:
    """Whether it is a Sunday or a public holiday."""
    return day.weekday() == 6 or day in holidays(day.year)


@lru_cache(maxsize=1000)
def demand_of(day: date) -> float:
    """Load of the day without its weather, against a working day."""
    usual = _WEEK[6] * 1.01 if day in holidays(day.year) else _WEEK[day.weekday()]
    if usual > 0.95 and _is_bridge(day):
        usual -= 0.05
    return usual * _vacation(day)


def _is_bridge(day: date) -> bool:
    """A Monday before or a Friday after a holiday."""
    around = {0: 1, 4: -1}.get(day.weekday())
    return around is not None and day + timedelta(days=around) in holidays(day.year)


def _vacation(day: date) -> float:
    """The August dip, deepest around the 15th, and the one from Christmas to New Year."""
    august = max(0.0, 1 - abs((day - date(day.year, 8, 13)).days) / 22)
    christmas = min(abs((day - date(year, 12, 29)).days) for year in (day.year - 1, day.year))
    return 1 - 0.125 * float(august**0.7) - 0.055 * max(0.0, 1 - christmas / 6)
