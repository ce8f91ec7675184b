"""A standing charge is of its days, a day as its part of its month or year, however long the period."""

import time
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from watthouse.meters.bills import _months, _years

DAYS = st.dates(date(1999, 1, 1), date(2101, 12, 31))


def _day_by_day(first: date, count: int) -> tuple[Fraction, Fraction]:
    months = years = Fraction(0)
    for number in range(count):
        day = first + timedelta(days=number)
        after = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        months += Fraction(1, (after - day.replace(day=1)).days)
        years += Fraction(1, (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days)
    return months, years


@given(DAYS, st.integers(1, 800))
def test_a_period_is_the_sum_of_its_days(first: date, count: int) -> None:
    last = first + timedelta(days=count - 1)
    assert (_months(first, last), _years(first, last)) == _day_by_day(first, count)


def test_the_whole_calendar_is_counted_at_once() -> None:
    began = time.perf_counter()
    assert (_months(date.min, date.max), _years(date.min, date.max)) == (12 * 9999, 9999)
    assert time.perf_counter() - began < 0.1
