"""Meters against the grid over HTTP, on both engines: against a count minute by minute."""

from collections import defaultdict
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from tests.integration.meter_grid import (
    A_MINUTE,
    AUTUMN,
    AUTUMN_DAYS,
    COARSE,
    COLOURS,
    FINE,
    HOURLY,
    IDLE,
    POWER,
    SPRING,
    Interval,
    co2,
    curves,
    is_off_peak,
    peak_minutes,
    rows,
    tempo_day,
)
from tests.integration.meter_store import rows_of
from tests.integration.serving import Api
from tests.support import PARIS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("interval", "letters"), [("hour", 25), ("day", 10), ("month", 7), ("period", 0)])
@pytest.mark.parametrize(
    ("meter", "days"),
    [(HOURLY, AUTUMN_DAYS), (COARSE, f"since={AUTUMN}&until={AUTUMN}"), (FINE, f"since={SPRING}&until={SPRING}")],
)
def test_every_minute_has_the_rate_of_its_own_slot(
    meter: str, days: str, interval: str, letters: int, against: Api
) -> None:
    expected = co2(curves()[meter], letters)
    found = {
        row["local_time"][:letters]: row for row in rows(against.get(f"/meters/{meter}/co2?{days}&interval={interval}"))
    }
    assert found.keys() == expected.keys()
    for when, one in expected.items():
        row, kg = found[when], float(one.grams) / 1000 if one.known_minutes else None
        assert row["energy_kwh"] == pytest.approx(float(one.kwh), abs=1e-9)
        assert row["co2_kg"] == pytest.approx(kg, abs=1e-9)
        assert row["known_share"] == pytest.approx(one.known_minutes / one.minutes, abs=1e-12)
        assert row["known_energy_share"] == pytest.approx(float(one.known_kwh / one.kwh) if one.kwh else None)


def test_of_half_an_autumn_day_is_said_how_much_of_it_is_known_and_read(against: Api) -> None:
    days = {row["local_time"][:10]: row for row in rows(against.get(f"/meters/{HOURLY}/co2?{AUTUMN_DAYS}"))}
    assert days["2024-10-26"]["known_share"] == pytest.approx((24 - 2.75) / 24), "a hole of the grid"
    assert days["2024-10-27"]["known_share"] == pytest.approx(24 / 25), "the hour that is published once"
    assert (days["2024-10-27"]["coverage"], days["2024-10-28"]["coverage"]) == (1, pytest.approx(22 / 24))
    assert {row["natures"] for row in days.values()} == {"Données temps réel"}


def test_mean_power_counts_over_its_step_and_exports_are_left_out(against: Api, real_data: Path) -> None:
    (path,) = real_data.glob(f"meters/2018/LP_{POWER}*")
    lines = [row for row in rows_of(path) if row["Data Type"] == "Active Power Total (Watts)"]
    readings = [
        Interval(
            datetime.strptime(row["Date/Time"], "%d/%m/%Y %H:%M:%S").replace(tzinfo=PARIS).astimezone(UTC),
            5,
            max(Fraction(row["Data Value"]), Fraction(0)) * 5 / 60,
        )
        for row in lines
    ]
    (one,) = co2(readings, 0).values()
    (row,) = rows(against.get(f"/meters/{POWER}/co2?since=2018-09-07&until=2018-09-07&interval=period"))
    assert one.kwh > 0
    assert (row["energy_kwh"], row["co2_kg"]) == (
        pytest.approx(float(one.kwh)),
        pytest.approx(float(one.grams) / 1000),
    )
    assert (row["natures"], row["known_share"]) == ("Données définitives", 1)


def test_days_that_the_grid_does_not_have_are_answered_with_nothing_known(against: Api) -> None:
    answer = against.get(f"/meters/{IDLE}/co2?interval=period").json()
    (row,) = answer["rows"]
    assert (row["energy_kwh"], row["co2_kg"], row["known_share"], row["natures"]) == (0, None, 0, "")
    assert (answer["data_type"], answer["attribution"]) == ("Import Wh Total", [])
    (exported,) = [
        one["channel"] for one in rows(against.get(f"/meters/{IDLE}")) if one["data_type"] == "Export Wh Total"
    ]
    (row,) = rows(against.get(f"/meters/{IDLE}/co2?interval=period&channel={exported}"))
    assert (row["energy_kwh"] > 0, row["co2_kg"]) == (True, None), "whoever names an export gets it"


@pytest.mark.parametrize(("length", "minutes", "count"), [("30min", 30, 4), ("hour", 60, 3)])
def test_the_peak_of_a_day_is_its_slots_of_highest_load(length: str, minutes: int, count: int, against: Api) -> None:
    expected = peak_minutes(count, minutes)
    found = rows(against.get(f"/meters/{HOURLY}/peak?{AUTUMN_DAYS}&slots={count}&length={length}"))
    assert len(found) == 4
    for row in found:
        day = date.fromisoformat(row["civil_date"])
        at_peak = {start + number * A_MINUTE for start in expected[day] for number in range(minutes)}
        read = [
            pair for one in curves()[HOURLY] for pair in one.every_minute if pair[0].astimezone(PARIS).date() == day
        ]
        assert row["peak_slots"] == "; ".join(f"{start.astimezone(PARIS):%H:%M}" for start in expected[day])
        inside = [kwh for minute, kwh in read if minute in at_peak]
        assert row["peak_kwh"] == pytest.approx(float(sum(inside)))
        assert row["peak_share"] == pytest.approx(float(sum(inside) / sum(kwh for _, kwh in read)))
        assert row["peak_coverage"] == pytest.approx(len(inside) / (minutes * count))
    assert found[2]["known_slots"] == 24 * 60 // minutes, "of 25 hours, one is never published"


def test_a_peak_that_is_not_known_is_null(against: Api) -> None:
    (row, *_) = rows(against.get(f"/meters/{IDLE}/peak"))
    assert (row["peak_kwh"], row["peak_share"], row["peak_slots"], row["known_slots"]) == (None, None, None, 0)


ODD = (("22:17", "02:30"), ("12:05", "14:00"))


def test_windows_and_colours_are_those_of_the_clock(against: Api) -> None:
    expected: dict[tuple[str, str, str | None], Fraction] = defaultdict(Fraction)
    for one in curves()[HOURLY]:
        for minute, kwh in one.every_minute:
            window = "HC" if is_off_peak(minute, ODD) else "HP"
            day = str(minute.astimezone(PARIS).date())
            expected[day, window, COLOURS.get(tempo_day(minute))] += kwh
    off_peak = ",".join("-".join(window) for window in ODD)
    found = rows(against.get(f"/meters/{HOURLY}/windows?{AUTUMN_DAYS}&off_peak={off_peak}"))
    assert {(row["civil_date"], row["window"], row["colour"]): row["energy_kwh"] for row in found} == {
        key: pytest.approx(float(kwh)) for key, kwh in expected.items()
    }


def test_the_night_has_the_colour_of_the_day_before(against: Api) -> None:
    night = rows(against.get(f"/meters/{HOURLY}/windows?since=2024-10-26&until=2024-10-26"))
    minutes = {(row["window"], row["colour"]): row["minutes"] for row in night}
    assert minutes == {("HC", "BLANC"): 360, ("HP", "ROUGE"): 960, ("HC", "ROUGE"): 120}
    after = rows(against.get(f"/meters/{HOURLY}/windows?since={AUTUMN}&until={AUTUMN}"))
    assert {(row["colour"], row["minutes"]) for row in after} == {("ROUGE", 420), (None, 960), (None, 120)}
