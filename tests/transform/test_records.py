"""Records as plain Python finds them, and what becomes of one whose value is revised."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.transform.lab import NATIONAL, Lab, Row, best_series, half_hours, mwh, power
from watthouse.catalog import DEFINITIVE, REAL_TIME

pytestmark = [pytest.mark.slow]

REAL, SETTLED = NATIONAL
DAYS = [date(2024, 3, 28) + timedelta(days=number) for number in range(8)]
"""The spring change among them."""
WIND = [50, 40, 70, 70, 60, 90, 65, 95]
GUST = 4
"""The day whose one hour has more wind than any hour before it, though it is no windy day."""


def windy(day: date, wind: int) -> list[Row]:
    """A day of so much wind and nothing but oil beside it, cleaner the windier."""
    gusty = day == DAYS[GUST]
    return [
        {**row, "eolien": 75 if gusty and row["heure"] >= "22" else wind, "taux_co2": 200 - wind, "ech_physiques": wind}
        for row in power(day, REAL_TIME, 1_000, fioul=1)
    ]


def records(lab: Lab, measure: str, span: str) -> list[tuple[object, ...]]:
    names = ("civil_date", "date_heure", "value", "previous_date", "previous_value", "broken_on")
    rows = lab.rows("marts.records_daily", f"measure = '{measure}' and span = '{span}'")
    return [tuple(row[name] for name in names) for row in rows]


def broken(values: Iterable[tuple[date, datetime | None, Decimal | None]]) -> list[tuple[object, ...]]:
    """Those that pass all before them, each with the one it broke and the day it was broken in turn."""
    found: list[tuple[date, datetime | None, Decimal]] = []
    for day, at, value in sorted(values, key=lambda one: one[0]):
        if value is not None and (not found or value > found[-1][2]):
            found.append((day, at, value))
    before, after = [None, *found], [*found[1:], None]
    return [
        (*one, old and old[0], old and old[2], new and new[0])
        for one, old, new in zip(found, before, after, strict=False)
    ]


def whole_days(lab: Lab, column: str) -> list[tuple[date, None, Decimal | None]]:
    days = []
    for day in sorted({row["date"] for table in NATIONAL for row in lab.seen[table]}):
        rows = best_series(row for table in NATIONAL for row in lab.seen[table] if row["date"] == day)
        if sum(row["minutes"] for row in rows) == (23 if day == date(2024, 3, 31) else 24) * 60:
            days.append((day, None, mwh(rows, column)))
    return days


def best_hours(lab: Lab, column: str) -> list[tuple[date, datetime, Decimal]]:
    """The best whole hour of every day, the first of equals."""
    hours: dict[tuple[date, datetime], list[Row]] = {}
    for row in best_series(row for table in NATIONAL for row in lab.seen[table]):
        hours.setdefault((row["date"], row["date_heure"].replace(minute=0)), []).append(row)
    best: dict[date, tuple[date, datetime, Decimal]] = {}
    for (day, at), rows in sorted(hours.items()):
        energy, whole = mwh(rows, column), sum(row["minutes"] for row in rows) == 60
        if whole and energy is not None and (day not in best or energy > best[day][2]):
            best[day] = (day, at, energy)
    return list(best.values())


@pytest.fixture
def lab(blank: Lab, tmp_path: Path) -> Lab:
    """Eight days, the last of them still under way."""
    lab = blank.copy(tmp_path)
    for day, wind in zip(DAYS, WIND, strict=True):
        lab.observe(REAL, windy(day, wind)[: 40 if day == DAYS[-1] else None])
    lab.build_what_changed()
    return lab


def test_a_record_is_what_passes_all_before_it(lab: Lab) -> None:
    assert [row[0] for row in records(lab, "eolien", "day")] == [DAYS[0], DAYS[2], DAYS[5]]
    for column in ("eolien", "consommation"):
        assert records(lab, column, "day") == broken(whole_days(lab, column)), column
        assert records(lab, column, "hour") == broken(best_hours(lab, column)), column
    assert [row[0] for row in records(lab, "eolien", "hour")] == [DAYS[0], DAYS[2], DAYS[GUST], DAYS[5], DAYS[7]]


def test_the_cleanest_day_is_the_lowest_and_the_greatest_export_the_highest(lab: Lab) -> None:
    assert [(row[0], row[2]) for row in records(lab, "taux_co2", "day")] == [
        (DAYS[0], 150.0),
        (DAYS[2], 130.0),
        (DAYS[5], 110.0),
    ]
    assert [(row[0], row[2]) for row in records(lab, "net_export", "day")] == [
        (DAYS[0], -50 * 24),
        (DAYS[1], -40 * 24),
    ]


def test_a_day_under_way_sets_no_record_of_days(lab: Lab) -> None:
    assert DAYS[-1] not in {row[0] for row in records(lab, "eolien", "day")}
    lab.observe(REAL, windy(DAYS[-1], WIND[-1])[40:])
    lab.build_what_changed()
    assert records(lab, "eolien", "day")[-1][0] == DAYS[-1]


def test_a_revision_undoes_a_record_and_brings_back_the_one_before(lab: Lab) -> None:
    lab.observe(SETTLED, half_hours(DAYS[2], 1_000, DEFINITIVE, eolien=45, fioul=1))
    lab.build_what_changed()
    found = records(lab, "eolien", "day")
    assert [row[0] for row in found] == [DAYS[0], DAYS[3], DAYS[5]]
    assert found == broken(whole_days(lab, "eolien"))
    step_by_step = lab.everything()
    lab.build_everything()
    assert lab.everything() == step_by_step
