"""What a call means by what it asks."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.requests import Request

from watthouse.serve.problems import ProblemError
from watthouse.serve.queries.params import EnergyAsOf, Period, instant, period_or_newest, refuse_repeated
from watthouse.serve.queries.units import BY_DAY, BY_HOUR, FROM_SLOTS, Interval, finest, points

HELD = (date(2012, 1, 1), date(2026, 11, 28))


def meant(**asked: Any) -> tuple[date, date]:
    return period_or_newest(HELD, Period.model_validate(asked))


def test_the_newest_thirty_days_are_meant_where_nothing_is_said() -> None:
    assert meant() == (date(2026, 10, 30), date(2026, 11, 28))


def test_thirty_days_up_to_a_last_day_are_meant() -> None:
    assert meant(until="2020-03-01") == (date(2020, 2, 1), date(2020, 3, 1))


def test_all_from_a_first_day_on_is_meant() -> None:
    assert meant(since="2026-11-01") == (date(2026, 11, 1), date(2026, 11, 28))


def test_a_first_day_after_the_newest_is_a_period_of_itself() -> None:
    assert meant(since="2090-01-01") == (date(2090, 1, 1), date(2090, 1, 1))


@pytest.mark.parametrize("until", ["0001-01-01", "0001-01-29", "9999-12-31"])
def test_a_period_stays_in_the_calendar(until: str) -> None:
    first, last = meant(until=until)
    assert last == date.fromisoformat(until)
    assert first == max(date.min, date.fromordinal(max(1, last.toordinal() - 29)))


def test_days_upside_down_are_refused() -> None:
    with pytest.raises(ValidationError, match="swap them"):
        Period.model_validate({"since": "2025-02-02", "until": "2025-02-01"})


@pytest.mark.parametrize("said", ["20250101", "0", "1735689600", "2025-01-01T00:00:00", "2025-1-1", "", "٢٠٢٥-01-01"])
def test_a_day_is_written_in_one_way(said: str) -> None:
    with pytest.raises(ValidationError, match="is not a valid date; use 2025-01-31"):
        Period.model_validate({"since": said})


@pytest.mark.parametrize("said", ["2025-02-30", "2025-13-01", "0000-01-01", "2023-02-29"])
def test_a_day_that_does_not_exist_is_refused(said: str) -> None:
    with pytest.raises(ValidationError):
        Period.model_validate({"until": said})


def test_an_instant_is_meant_in_utc() -> None:
    asked = EnergyAsOf.model_validate({"as_of": "2025-02-01T12:00:00+02:00"})
    assert asked.as_of == datetime(2025, 2, 1, 10, tzinfo=UTC)
    assert instant(asked.as_of) == "2025-02-01T10:00:00Z"


@pytest.mark.parametrize(
    "said",
    ["1735689600", "2025-02-01", "2025-02-01T12:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"],
)
def test_an_instant_has_an_offset_and_a_place_in_the_calendar(said: str) -> None:
    with pytest.raises(ValidationError):
        EnergyAsOf.model_validate({"as_of": said})


def test_a_parameter_that_is_given_twice_is_refused() -> None:
    request = Request({"type": "http", "query_string": b"since=2025-01-01&unit=MW&since=2025-01-02", "headers": []})
    with pytest.raises(ProblemError, match="more than once") as refused:
        asyncio.run(refuse_repeated(request))
    assert [fault.parameter for fault in refused.value.faults] == ["since"]


DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))


@given(DAYS, st.integers(0, 1500), st.sampled_from(BY_HOUR))
def test_no_period_has_more_intervals_than_are_counted(since: date, length: int, interval: Interval) -> None:
    days = [since + timedelta(days=n) for n in range(length + 1)]
    starts = {
        Interval.HOUR: {(day, hour) for day in days for hour in range(24)},
        Interval.DAY: set(days),
        Interval.WEEK: {day - timedelta(days=day.weekday()) for day in days},
        Interval.MONTH: {(day.year, day.month) for day in days},
        Interval.YEAR: {day.year for day in days},
    }[interval]
    counted = points(since, days[-1], interval)
    spare = 1 if interval is Interval.WEEK else 0  # a period need not begin on a Monday
    assert len(starts) - spare <= counted <= len(starts)


@pytest.mark.parametrize(
    ("days", "offered", "expected"),
    [
        (3, FROM_SLOTS, Interval.SLOT),
        (4, FROM_SLOTS, Interval.HOUR),
        (3, BY_HOUR, Interval.HOUR),
        (8, BY_HOUR, Interval.HOUR),
        (9, BY_HOUR, Interval.DAY),
        (8, BY_DAY, Interval.DAY),
        (800, BY_DAY, Interval.DAY),
        (801, BY_DAY, Interval.WEEK),
        (5_600, BY_DAY, Interval.WEEK),
        (5_601, BY_DAY, Interval.MONTH),
        (25_000, BY_DAY, Interval.YEAR),
        (1_000_000, BY_DAY, Interval.YEAR),
    ],
)
def test_auto_is_the_finest_that_can_be_looked_at(days: int, offered: tuple[Interval, ...], expected: Interval) -> None:
    since = date(2000, 1, 1)
    assert finest(since, since + timedelta(days=days - 1), offered) is expected
