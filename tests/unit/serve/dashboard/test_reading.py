"""What pages read: days that are held, and none made up in between."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from dateutil.relativedelta import relativedelta

from watthouse.clock import PARIS
from watthouse.serve.dashboard.reading import PageReader, without_holes
from watthouse.serve.dashboard.view import View

FIRST, LAST = date(2010, 11, 1), date(2022, 10, 31)


def _reader(since: str | None = None, until: str | None = None, **more: Any) -> PageReader:
    snapshot = SimpleNamespace(extent=lambda *marts: (FIRST, LAST) if marts == ("gas_daily",) else (LAST, LAST))
    view = View(since=since and date.fromisoformat(since), until=until and date.fromisoformat(until))  # type: ignore[arg-type]
    return PageReader(None, snapshot, view, **{"marts": ("gas_daily",), **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "period"),
    [
        ((None, None), (date(2022, 10, 2), LAST)),
        (("2015-01-01", "2015-12-31"), (date(2015, 1, 1), date(2015, 12, 31))),
        (("2015-01-01", None), (date(2015, 1, 1), LAST)),
        ((None, "2015-12-31"), (date(2015, 12, 2), date(2015, 12, 31))),
        (("2001-01-01", "2011-01-31"), (FIRST, date(2011, 1, 31))),
        (("2022-10-01", "2030-01-01"), (date(2022, 10, 1), LAST)),
    ],
)
def test_a_period_is_what_the_pages_marts_hold_of_it(
    asked: tuple[str | None, str | None], period: tuple[date, date]
) -> None:
    assert _reader(*asked).period == period
    assert not _reader(*asked).outside


def test_a_page_has_a_span_of_its_own() -> None:
    assert _reader(span=relativedelta(years=1)).period == (date(2021, 11, 1), LAST)
    assert _reader(span=None).period == (FIRST, LAST)


@pytest.mark.parametrize("asked", [("2023-01-01", "2023-02-01"), ("2023-01-01", None), (None, "2009-12-31")])
def test_days_of_which_none_is_held_stay_as_they_are_asked_for(asked: tuple[str | None, str | None]) -> None:
    reader = _reader(*asked)
    assert reader.outside
    assert {str(day) for day in reader.period} == {day for day in asked if day}


def test_months_that_are_not_held_are_rows_without_values() -> None:
    rows = pl.DataFrame(
        {"starts": [date(2025, 1, 1), date(2025, 2, 1), date(2025, 5, 1)], "mwh": [1.0, 2.0, 5.0], "complete": True}
    )
    found = without_holes(rows, "month")
    assert found["mwh"].to_list() == [1.0, 2.0, None, None, 5.0]
    assert found["complete"].to_list() == [True, True, False, False, True]


def test_the_hour_that_is_published_once_in_autumn_leaves_a_gap_and_spring_none() -> None:
    def hours(day: date, missing: int) -> pl.DataFrame:
        begins = datetime.combine(day, datetime.min.time(), PARIS).astimezone(UTC)
        starts = [begins + timedelta(hours=hour) for hour in range(6) if hour != missing]
        return pl.DataFrame({"starts": starts, "mwh": 1.0}).with_columns(
            pl.col("starts").dt.convert_time_zone("Europe/Paris")
        )

    assert without_holes(hours(date(2025, 10, 26), 2), "hour")["mwh"].to_list() == [1.0, 1.0, None, 1.0, 1.0, 1.0]
    assert without_holes(hours(date(2026, 3, 29), 9), "hour").height == 6


def test_rows_of_several_things_at_once_stay_as_they_are() -> None:
    rows = pl.DataFrame({"starts": [date(2025, 1, 1), date(2025, 1, 1), date(2025, 1, 4)], "source": ["a", "b", "a"]})
    assert without_holes(rows, "day").equals(rows)
    assert without_holes(rows.drop("starts"), "day").height == 3
