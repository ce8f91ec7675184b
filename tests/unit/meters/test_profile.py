"""A channel by day and time of day: what is missing is no zero, and two days a year have 23 and 25 hours."""

import math
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from watthouse.meters.channels import MeterChannel
from watthouse.meters.profile import cell_minutes, profile
from watthouse.meters.readings import INSTANT

PARIS = ZoneInfo("Europe/Paris")
Cells = dict[tuple[date, int, bool], float | None]


def _channel(unit: str) -> MeterChannel:
    return MeterChannel(1, "S1", "P1", "Import Total", unit, "interval", "", "", "")


def _tens(day: date, days: int = 1) -> dict[datetime, float]:
    """A value at each ten minutes of civil days in Paris."""
    begin, end = (datetime(one.year, one.month, one.day, tzinfo=PARIS) for one in (day, day + timedelta(days=days)))
    count = (end.astimezone(UTC) - begin.astimezone(UTC)) // timedelta(minutes=10)
    return {begin.astimezone(UTC) + number * timedelta(minutes=10): math.sqrt(number) for number in range(count)}


def _profile(values: dict[datetime, float], unit: str, minutes: int, days: tuple[date, date]) -> Cells:
    rows = pl.DataFrame(
        [(1, moment, value, 10.0) for moment, value in values.items()],
        {"channel": pl.Int32(), "instant": INSTANT, "value": pl.Float64(), "minutes": pl.Float64()},
        orient="row",
    )
    cells = profile(rows, _channel(unit), minutes, days, (min(values), max(values)), PARIS.key)
    return {(day, minute, again): value for day, minute, again, value in cells.iter_rows()}


def _by_loops(values: dict[datetime, float], minutes: int) -> dict[tuple[date, int, bool], list[float]]:
    found: dict[tuple[date, int, bool], list[float]] = defaultdict(list)
    for moment, value in values.items():
        local = moment.astimezone(PARIS)
        begin = (local.hour * 60 + local.minute) // minutes * minutes
        found[local.date(), begin, bool(local.fold)].append(value)
    return found


@pytest.mark.parametrize(("day", "hours"), [(date(2024, 3, 31), 23), (date(2024, 7, 1), 24), (date(2024, 10, 27), 25)])
@pytest.mark.parametrize("minutes", [10, 60])
def test_a_day_has_the_cells_of_its_hours(day: date, hours: int, minutes: int) -> None:
    values = _tens(day)
    cells = _profile(values, "kWh", minutes, (day, day))
    assert len(cells) == hours * 60 // minutes
    assert cells == pytest.approx({cell: math.fsum(some) for cell, some in _by_loops(values, minutes).items()})
    assert sum(again for _, _, again in cells) == (60 // minutes if hours == 25 else 0)


def test_what_is_no_energy_is_averaged() -> None:
    values = _tens(date(2024, 7, 1))
    cells = _profile(values, "V", 60, (date(2024, 7, 1), date(2024, 7, 1)))
    assert cells == pytest.approx({cell: math.fsum(some) / 6 for cell, some in _by_loops(values, 60).items()})


def test_a_cell_that_readings_do_not_cover_is_null_and_one_at_zero_is_zero() -> None:
    day = date(2024, 7, 1)
    values = dict.fromkeys(_tens(day, 2), 0.0)
    gone = [datetime(2024, 7, 1, 10, minute, tzinfo=PARIS).astimezone(UTC) for minute in (20, 30)]
    held = {moment: value for moment, value in values.items() if moment not in gone}
    tens = _profile(held, "kWh", 10, (day, day))
    assert {cell for cell, value in tens.items() if value is None} == {(day, 620, False), (day, 630, False)}
    hours = _profile(held, "kWh", 60, (day, day))
    assert {cell for cell, value in hours.items() if value is None} == {(day, 600, False)}
    assert {value for value in hours.values() if value is not None} == {0.0}


def test_there_is_no_cell_before_the_first_reading_and_after_the_last() -> None:
    day = date(2024, 7, 1)
    held = {moment: value for moment, value in _tens(day).items() if 7 <= moment.astimezone(PARIS).hour < 9}
    cells = _profile(held, "kWh", 60, (day - timedelta(days=1), day + timedelta(days=1)))
    assert [*cells] == [(day, 420, False), (day, 480, False)]


def test_a_cell_holds_the_longest_reading_and_there_are_not_too_many() -> None:
    assert cell_minutes(10, 7, 10_000) == 10
    assert cell_minutes(5, 365, 10_000) == 60  # 8,760 cells; of 30 minutes there would be 17,520
    assert cell_minutes(30, 1, 10_000) == 30
    assert cell_minutes(45, 1, 10_000) == 60
    assert cell_minutes(1440, 1, 10_000) is None
    assert cell_minutes(10, 20_000, 10_000) == 720
