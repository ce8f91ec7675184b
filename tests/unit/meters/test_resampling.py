"""Readings are brought to longer intervals by what they measure, and days of 23 and 25 hours are whole."""

import cmath
import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from watthouse.errors import UsageError
from watthouse.meters.channels import MeterChannel
from watthouse.meters.days import day_statistics
from watthouse.meters.readings import INSTANT
from watthouse.meters.resampling import resample
from watthouse.meters.series import with_minutes
from watthouse.meters.units import unit_of

PARIS = ZoneInfo("Europe/Paris")
_QUARTER = timedelta(minutes=15)


def _channel(unit: str, number: int = 1, kind: str = "interval", rate: str = "") -> MeterChannel:
    return MeterChannel(number, "S1", "P1", "Import Total", unit, kind, "", "", rate)


def _rows(*readings: tuple[datetime, float], channel: int = 1, written: int = 1) -> pl.DataFrame:
    named = {"channel": pl.Int32(), "instant": INSTANT, "value": pl.Float64(), "written_at": INSTANT}
    moment = datetime(2026, 1, written, tzinfo=UTC)
    rows = pl.DataFrame([(channel, *reading, moment) for reading in readings], named, orient="row")
    texts = [pl.lit(None, pl.String).alias(name) for name in ("quality", "status")]
    return rows.with_columns(pl.lit(None, pl.Float64).alias("minutes"), *texts)


def _quarters(day: date, channel: int = 1) -> tuple[list[tuple[datetime, float]], pl.DataFrame]:
    """A reading at each quarter hour of a civil day, and the same as a table."""
    begin, end = (datetime(one.year, one.month, one.day, tzinfo=PARIS).astimezone(UTC) for one in _both(day))
    moments = [begin + number * _QUARTER for number in range((end - begin) // _QUARTER)]
    readings = [(moment, math.sqrt(number)) for number, moment in enumerate(moments)]
    return readings, with_minutes(_rows(*readings, channel=channel), [channel])


def _both(day: date) -> tuple[date, date]:
    return day, day + timedelta(days=1)


DAYS = [(date(2024, 3, 31), 92), (date(2024, 7, 1), 96), (date(2024, 10, 27), 100)]


@pytest.mark.parametrize(("day", "quarters"), DAYS)
def test_a_civil_day_has_all_of_its_quarter_hours(day: date, quarters: int) -> None:
    readings, rows = _quarters(day)
    assert len(readings) == quarters
    (row,) = resample(rows, [_channel("kWh")], "day", "Europe/Paris").iter_rows(named=True)
    assert row["instant"] == readings[0][0]
    assert (row["readings"], row["complete"]) == (quarters, True)
    assert row["value"] == pytest.approx(math.fsum(value for _, value in readings))
    hours = resample(rows, [_channel("kWh")], "hour", "Europe/Paris")
    by_hour: dict[datetime, float] = defaultdict(float)
    for moment, value in readings:
        by_hour[moment.replace(minute=0)] += value
    assert dict(hours.select("instant", "value").rows()) == pytest.approx(by_hour)
    assert (hours.height, hours["complete"].all()) == (quarters // 4, True)


def test_energy_is_added_up_and_power_is_averaged() -> None:
    readings, rows = _quarters(date(2024, 7, 1))
    both = pl.concat([rows, _quarters(date(2024, 7, 1), channel=2)[1]])
    halves = resample(both, [_channel("kvarh", 1), _channel("V", 2)], "30min", "Europe/Paris")
    pairs = [(one[1], other[1]) for one, other in zip(readings[::2], readings[1::2], strict=True)]
    assert halves.filter(channel=1)["value"].to_list() == pytest.approx([sum(pair) for pair in pairs])
    assert halves.filter(channel=2)["value"].to_list() == pytest.approx([sum(pair) / 2 for pair in pairs])


def test_angles_on_both_sides_of_north_have_their_mean_there() -> None:
    moments = [datetime(2024, 7, 1, hour, tzinfo=UTC) for hour in range(4)]
    degrees = [350.0, 20.0, 10.0, 340.0]
    rows = with_minutes(_rows(*zip(moments, degrees, strict=True)), [1])
    (row,) = resample(rows, [_channel("deg")], "day", "Etc/UTC").iter_rows(named=True)
    turned = sum(cmath.rect(1, math.radians(angle)) for angle in degrees)
    assert math.cos(math.radians(row["value"])) == pytest.approx(math.cos(cmath.phase(turned)))
    west = with_minutes(_rows(*zip(moments, [-20.0, -30.0, -10.0, -20.0], strict=True)), [1])
    assert resample(west, [_channel("deg")], "day", "Etc/UTC")["value"].to_list() == pytest.approx([-20])


def test_the_last_snapshot_of_a_register_counts() -> None:
    rows = with_minutes(_rows(*((datetime(2024, 7, 1, hour, tzinfo=UTC), 100.0 + hour) for hour in (1, 5, 9))), [])
    (row,) = resample(rows, [_channel("kWh", kind="register")], "day", "Etc/UTC").iter_rows(named=True)
    assert (row["value"], row["readings"], row["complete"]) == (109, 3, None)


def test_a_reading_that_is_missing_leaves_its_interval_incomplete() -> None:
    readings, _ = _quarters(date(2024, 7, 1))
    rows = with_minutes(_rows(*readings[:20], *readings[21:]), [1])
    hours = resample(rows, [_channel("kWh")], "hour", "Europe/Paris")
    assert [number for number, whole in enumerate(hours["complete"]) if not whole] == [5]
    assert hours["readings"].to_list() == [4] * 5 + [3] + [4] * 18


def test_a_step_that_changes_is_weighed_by_its_length() -> None:
    begin = datetime(2024, 7, 1, tzinfo=UTC)
    moments = [begin + timedelta(minutes=at) for at in (0, 5, 10, 15, 20, 25, 30, 60, 90, 120, 150)]
    rows = with_minutes(_rows(*((moment, 6.0 if moment.minute < 30 else 12.0) for moment in moments[:8])), [1])
    (first, _) = resample(rows, [_channel("kW")], "hour", "Etc/UTC")["value"]
    assert first == pytest.approx((30 * 6 + 5 * 12) / 35)
    whole = with_minutes(_rows(*((moment, 6.0 if number < 6 else 12.0) for number, moment in enumerate(moments))), [1])
    hours = resample(whole, [_channel("kW")], "hour", "Etc/UTC")
    assert hours["value"].to_list() == pytest.approx([9, 12, 12])


def test_an_interval_that_is_shorter_than_a_reading_is_refused() -> None:
    _, rows = _quarters(date(2024, 7, 1))
    with pytest.raises(UsageError, match="last 15 min: choose a longer interval"):
        resample(rows, [_channel("kWh")], "5min", "Europe/Paris")


def test_where_the_clock_is_half_an_hour_off_hours_begin_with_its_own() -> None:
    readings, rows = _quarters(date(2024, 7, 1))
    hours = resample(rows, [_channel("kWh")], "hour", "Asia/Kolkata")["instant"]
    assert {moment.minute for moment in hours} == {30}
    assert hours[0] == readings[0][0] - timedelta(minutes=30)


def _days(rows: pl.DataFrame, channels: Sequence[MeterChannel], unit: str | None = None) -> list[dict[str, object]]:
    return list(day_statistics(rows, channels, unit_of(unit) if unit else None, "Europe/Paris").iter_rows(named=True))


@pytest.mark.parametrize(("day", "quarters"), DAYS)
def test_a_day_has_its_least_its_greatest_its_mean_and_its_total(day: date, quarters: int) -> None:
    readings, rows = _quarters(day)
    values = [value for _, value in readings]
    (row,) = _days(rows, [_channel("kWh")], "MWh")
    assert (row["civil_date"], row["unit"], row["readings"], row["complete"]) == (day, "MWh", quarters, True)
    assert (row["least"], row["greatest"]) == (0, pytest.approx(max(values) / 1000))
    assert row["total"] == pytest.approx(math.fsum(values) / 1000)
    assert row["mean"] == pytest.approx(math.fsum(values) / quarters / 1000)
    (volts,) = _days(rows, [_channel("V")])
    assert (volts["unit"], volts["total"]) == ("V", None)


@pytest.mark.parametrize(
    ("zone", "day", "quarters"),
    [
        ("Atlantic/Azores", date(2024, 10, 27), 100),  # midnight comes twice
        ("Atlantic/Azores", date(2024, 3, 31), 92),  # midnight is skipped
        ("Africa/Cairo", date(2024, 10, 31), 100),  # the hour before midnight comes twice
        ("Pacific/Apia", date(2011, 12, 29), 96),  # the day after it was skipped
    ],
)
def test_a_day_is_one_also_where_the_clock_changes_at_midnight(zone: str, day: date, quarters: int) -> None:
    clock, around = ZoneInfo(zone), datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=2)
    moments = [around + number * _QUARTER for number in range(5 * 96)]
    moments = [moment for moment in moments if moment.astimezone(clock).date() == day]
    assert len(moments) == quarters
    rows = with_minutes(_rows(*((moment, 1.0) for moment in moments)), [1])
    (one,) = day_statistics(rows, [_channel("kWh")], None, zone).iter_rows(named=True)
    assert (one["civil_date"], one["readings"], one["total"], one["complete"]) == (day, quarters, quarters, True)
    (whole,) = resample(rows, [_channel("kWh")], "day", zone).iter_rows(named=True)
    assert (whole["instant"], whole["value"], whole["complete"]) == (moments[0], quarters, True)
    (part,) = resample(rows.slice(1), [_channel("kWh")], "day", zone).iter_rows(named=True)
    assert (part["instant"], part["complete"]) == (moments[0], False)


def test_unified_stands_for_the_rates_and_the_rates_for_a_unified_that_is_missing() -> None:
    begin = datetime(2024, 7, 1, tzinfo=UTC)
    channels = [
        _channel("kWh", number, "register", rate) for number, rate in enumerate(("Unified", "Rate 1", "Rate 2"))
    ]
    whole, one, two = (
        _rows(*((begin + timedelta(days=day), value) for day in days), channel=number)
        for number, (value, days) in enumerate(((100.0, [0]), (60.0, [0, 1]), (40.5, [0, 1])))
    )
    first, second = _days(with_minutes(pl.concat([whole, one, two]), []), channels)
    assert (first["rates"], first["greatest"], first["readings"]) == ("Unified", 100, 1)
    assert (second["rates"], second["greatest"]) == ("Rate 1, Rate 2", 100.5)
    assert [(row["mean"], row["total"]) for row in (first, second)] == [(None, None)] * 2


def test_one_series_in_two_units_is_counted_once_by_its_newer_file() -> None:
    moment = datetime(2024, 7, 1, tzinfo=UTC)
    older, newer = _rows((moment, 7.0), channel=1), _rows((moment, 5000.0), channel=2, written=2)
    (row,) = _days(
        with_minutes(pl.concat([newer, older]).sort("channel"), [1, 2]), [_channel("kWh", 1), _channel("Wh", 2)]
    )
    assert (row["unit"], row["total"], row["readings"]) == ("kWh", 5, 1)
