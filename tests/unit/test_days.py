"""The days as of which the dated part of the suite is run are those on which dates go wrong."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta

from tests.days import DAYS
from tests.support import PARIS

_A_DAY = timedelta(days=1)


def _hours(day: date) -> float:
    ends = (datetime.combine(one, time(), PARIS).astimezone(UTC) for one in (day, day + _A_DAY))
    begin, end = ends
    return (end - begin) / timedelta(hours=1)


def test_both_changes_of_the_clocks_the_leap_day_and_the_last_days_are_among_them_each_with_the_day_after() -> None:
    days = {date.fromisoformat(day) for day in DAYS}
    awkward = {day for day in days if day + _A_DAY in days}
    assert days == awkward | {day + _A_DAY for day in awkward}
    assert {23, 24, 25} == {_hours(day) for day in awkward}
    assert {(2, 29), (12, 31)} < {(day.month, day.day) for day in awkward}
    assert {day for day in awkward if day.day == monthrange(day.year, day.month)[1] and day.month not in {2, 12}}
