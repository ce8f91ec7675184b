"""Series against sums in plain Python: clock changes, half and quarter hours mixed, days that are not there."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from watthouse.serve.queries.params import end_of, start_of
from watthouse.serve.queries.series import Mean, Span, energy, measured_hours, weighted, within
from watthouse.serve.queries.temperature import temperature_of_france
from watthouse.serve.queries.units import BY_HOUR, Interval, Unit
from watthouse.warehouse.query import END, FIRST, SINCE, UNTIL

MWH: Final = pa.decimal128(18, 2)
DAILY: Final = pa.schema(
    [
        ("civil_date", pa.date32()),
        ("load_mwh", MWH),
        ("load_share", pa.float64()),
        ("load_slots", pa.int32()),
        ("production_mwh", MWH),
        ("measured_slots", pa.int32()),
        ("expected_slots", pa.int32()),
        ("taux", pa.float64()),
    ]
)
HOURLY: Final = DAILY.append(pa.field("date_heure", pa.timestamp("us", "UTC")))

SPRING, AUTUMN = date(2025, 3, 30), date(2025, 10, 26)


def day(on: date, load: str | None, measured: int, expected: int, **more: Any) -> dict[str, Any]:
    known = None if load is None else Decimal(load)
    row = {"civil_date": on, "load_mwh": known, "production_mwh": known, "taux": None, "load_slots": measured}
    row |= {"measured_slots": measured, "expected_slots": expected, **more}
    share = float(known / row["production_mwh"]) if known and row["production_mwh"] else None
    return {"load_share": share, **row}


def table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema = DAILY) -> ir.Table:
    return ibis.memtable(pa.Table.from_pylist(list(rows), schema))


def series(
    rows: Sequence[Mapping[str, Any]],
    since: date,
    until: date,
    interval: Interval,
    unit: Unit = Unit.MWH,
    schema: pa.Schema = DAILY,
) -> list[dict[str, Any]]:
    form = energy(table(rows, schema), Span(since, until, interval), ["load"], unit)
    found: pa.Table = form.draw(*form.of).to_pyarrow(
        params={SINCE: since, UNTIL: until, FIRST: start_of(since), END: end_of(until)}
    )
    return found.to_pylist()


@pytest.mark.parametrize(
    ("on", "slots"), [(SPRING, 92), (AUTUMN, 96), (date(2025, 6, 1), 96), (SPRING, 46), (AUTUMN, 48)]
)
def test_a_whole_day_is_complete_however_long_it_is(on: date, slots: int) -> None:
    (row,) = series([day(on, "1000.00", slots, slots)], on, on, Interval.DAY)
    hours = slots / 4 if slots > 48 else slots / 2
    assert row == {"starts": on, "load_mwh": Decimal("1000.00"), "measured_hours": hours, "complete": True}


@pytest.mark.parametrize(("measured", "expected"), [(91, 92), (95, 96), (45, 46), (0, 96)])
def test_a_day_that_lacks_a_slot_is_not(measured: int, expected: int) -> None:
    (row,) = series([day(SPRING, "10", measured, expected)], SPRING, SPRING, Interval.DAY)
    assert row["complete"] is False


def test_mean_power_on_a_day_of_23_hours_is_energy_over_23_hours() -> None:
    (row,) = series([day(SPRING, "2300", 92, 92)], SPRING, SPRING, Interval.DAY, Unit.MW)
    assert row["load_mw"] == 100


def test_half_hours_and_quarter_hours_of_one_interval_count_by_their_length() -> None:
    half, quarter = date(2025, 4, 1), date(2025, 4, 2)
    rows = [day(half, "2400", 48, 48), day(quarter, "600", 48, 96)]
    (row,) = series(rows, half, quarter, Interval.MONTH, Unit.MW)
    assert row["measured_hours"] == 24 + 12
    assert row["load_mw"] == pytest.approx((2400 + 600) / 36)
    assert row["complete"] is False


@pytest.mark.parametrize("interval", [Interval.WEEK, Interval.MONTH, Interval.YEAR])
def test_an_interval_is_complete_only_with_every_day_that_lies_in_the_period(interval: Interval) -> None:
    days = [date(2025, 3, 24) + timedelta(days=n) for n in range(8)]
    whole = [day(one, "1", 92 if one == SPRING else 96, 92 if one == SPRING else 96) for one in days]
    assert all(row["complete"] for row in series(whole, days[0], days[-1], interval))
    for gap in (0, 3, 6):
        lacking = [row for place, row in enumerate(whole) if place != gap]
        assert series(lacking, days[0], days[-1], interval)[0]["complete"] is False


def test_weeks_begin_on_monday_and_across_the_year() -> None:
    days = [date(2024, 12, 28) + timedelta(days=n) for n in range(12)]
    found = series([day(one, "1", 96, 96) for one in days], days[0], days[-1], Interval.WEEK)
    expected: dict[date, int] = defaultdict(int)
    for one in days:
        expected[one - timedelta(days=one.weekday())] += 1
    assert [(row["starts"], row["load_mwh"]) for row in found] == sorted(expected.items())


@pytest.mark.parametrize(
    ("interval", "first"),
    [(Interval.MONTH, lambda one: one.replace(day=1)), (Interval.YEAR, lambda one: one.replace(month=1, day=1))],
)
def test_months_and_years_are_those_of_the_calendar(interval: Interval, first: Any) -> None:
    days = [date(2023, 11, 1) + timedelta(days=n) for n in range(500)]
    rows = [day(one, f"{number}.25", 96, 96) for number, one in enumerate(days)]
    expected: dict[date, Decimal] = defaultdict(Decimal)
    for row in rows:
        expected[first(row["civil_date"])] += row["load_mwh"]
    found = series(rows, days[0], days[-1], interval)
    assert [(row["starts"], row["load_mwh"]) for row in found] == sorted(expected.items())
    assert all(row["complete"] for row in found)


def _hour(at: datetime, on: date, load: str, measured: int, expected: int) -> dict[str, Any]:
    return {**day(on, load, measured, expected), "date_heure": at}


@pytest.mark.parametrize(("on", "hours"), [(SPRING, 23), (AUTUMN, 24)])
def test_a_day_has_the_hours_that_were_published(on: date, hours: int) -> None:
    begins = datetime(on.year, on.month, on.day, tzinfo=UTC) - timedelta(hours=1 if on == SPRING else 2)
    instants = [begins + timedelta(hours=n) for n in range(25 if on == AUTUMN else 23)]
    if on == AUTUMN:
        instants.remove(begins + timedelta(hours=2))  # the repeated hour comes once, as its second pass
    found = series([_hour(at, on, "5", 4, 4) for at in instants], on, on, Interval.HOUR, Unit.MW, HOURLY)
    assert [row["starts"] for row in found] == instants
    assert len(found) == hours
    assert all(row["load_mw"] == 5 and row["complete"] for row in found)


def test_an_hour_of_half_hours_and_an_hour_in_part() -> None:
    on, at = date(2025, 5, 1), datetime(2025, 5, 1, 10, tzinfo=UTC)
    rows = [_hour(at, on, "80", 2, 2), _hour(at + timedelta(hours=1), on, "30", 3, 4)]
    half, part = series(rows, on, on, Interval.HOUR, Unit.MW, HOURLY)
    assert (half["load_mw"], half["measured_hours"], half["complete"]) == (80, 1, True)
    assert (part["load_mw"], part["measured_hours"], part["complete"]) == (40, 0.75, False)


def test_energy_is_exact_where_floats_are_not() -> None:
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(300)]
    rows = [day(one, "1500000.10", 96, 96) for one in days]
    (row,) = series(rows, days[0], days[-1], Interval.YEAR)
    assert row["load_mwh"] == Decimal("450000030.00")


def test_a_share_is_of_the_production_of_the_interval_not_a_mean_of_shares() -> None:
    one, two = date(2025, 1, 1), date(2025, 1, 2)
    rows = [day(one, "10", 96, 96, production_mwh=Decimal(100)), day(two, "90", 96, 96, production_mwh=Decimal(200))]
    (row,) = series(rows, one, two, Interval.MONTH, Unit.SHARE)
    assert row["load_share"] == pytest.approx(float(Fraction(100, 300)))


def test_the_mean_power_of_a_column_is_over_the_time_in_which_it_is_known() -> None:
    """Where a source is not known for half of a day it does not have half of its power."""
    one, two = date(2025, 1, 1), date(2025, 1, 2)
    rows = [day(one, "1200", 96, 96, load_slots=48), day(two, "2400", 96, 96)]
    found = series(rows, one, two, Interval.DAY, Unit.MW)
    assert [row["load_mw"] for row in found] == [100, 100]
    (row,) = series(rows, one, two, Interval.MONTH, Unit.MW)
    assert (row["load_mw"], row["measured_hours"]) == (100, 48)


@pytest.mark.parametrize("unit", [Unit.MW, Unit.SHARE])
def test_nothing_over_nothing_is_unknown(unit: Unit) -> None:
    on = date(2025, 1, 1)
    (row,) = series([day(on, "0", 0, 96)], on, on, Interval.DAY, unit)
    assert row[f"load{unit.suffix}"] is None


def test_what_a_vintage_lacks_is_unknown_and_not_nought() -> None:
    on = date(2025, 1, 1)
    for unit in Unit:
        (row,) = series([day(on, None, 96, 96)], on, on, Interval.DAY, unit)
        assert row[f"load{unit.suffix}"] is None


def test_a_gigawatt_hour_is_a_thousand_megawatt_hours() -> None:
    on = date(2025, 1, 1)
    (row,) = series([day(on, "1234567.25", 96, 96)], on, on, Interval.DAY, Unit.GWH)
    assert row["load_gwh"] == pytest.approx(1234.56725)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2024-12-01", "2024-12-31"),
        ("2025-01-02", "2090-01-01"),
        ("0001-01-01", "0001-12-31"),
        ("9999-01-01", "9999-12-31"),
    ],
)
@pytest.mark.parametrize("interval", BY_HOUR)
def test_a_period_outside_what_is_held_has_no_points(since: str, until: str, interval: Interval) -> None:
    at = datetime(2025, 1, 1, tzinfo=UTC)
    rows = [_hour(at, date(2025, 1, 1), "1", 4, 4)]
    bounds = date.fromisoformat(since), date.fromisoformat(until)
    assert series(rows, *bounds, interval, schema=HOURLY) == []


def test_an_empty_mart_has_no_points() -> None:
    for interval in (Interval.DAY, Interval.WEEK, Interval.MONTH, Interval.YEAR):
        assert series([], date(2025, 1, 1), date(2025, 12, 31), interval) == []


def test_both_ends_of_a_period_belong_to_it() -> None:
    days = [date(2025, 1, n) for n in range(1, 8)]
    kept = within(table([day(one, "1", 96, 96) for one in days])).to_pyarrow(params={SINCE: days[2], UNTIL: days[4]})
    assert sorted(kept["civil_date"].to_pylist()) == days[2:5]


@pytest.mark.parametrize("interval", [Interval.DAY, Interval.WEEK, Interval.MONTH])
def test_a_mean_is_of_what_weighs_anything_in_every_interval(interval: Interval) -> None:
    weights = {1: "2", 2: "0", 3: None, 6: "3", 7: None}
    rows = [
        day(date(2025, 9, n), "1", 96, 96, taux=10.0 * n, production_mwh=Decimal(weight) if weight else None)
        for n, weight in weights.items()
    ]
    span = Span(date(2025, 9, 1), date(2025, 9, 30), interval)
    form = energy(table(rows), span, ["load"], Unit.MWH, [Mean("taux", "production_mwh")])
    found = form.draw(*form.of).to_pyarrow(params={SINCE: span.since, UNTIL: span.until})["taux"].to_pylist()
    mean = (2 * 10 + 3 * 60) / 5
    expected = {Interval.DAY: [10, None, None, 60, None], Interval.WEEK: [mean], Interval.MONTH: [mean]}
    assert found == expected[interval]


def test_a_weighted_mean_leaves_out_what_is_unknown_with_its_weight() -> None:
    rows = [
        day(date(2025, 1, 1), "1", 96, 96, taux=10.0, production_mwh=Decimal(1)),
        day(date(2025, 1, 2), "1", 96, 96, taux=40.0, production_mwh=Decimal(2)),
        day(date(2025, 1, 3), "1", 96, 96, taux=None, production_mwh=Decimal(97)),
        day(date(2025, 1, 4), "1", 96, 96, taux=99.0, production_mwh=None),
    ]
    found = table(rows)
    assert found.aggregate(mean=weighted(found, "taux", "production_mwh")).to_pyarrow()["mean"][0].as_py() == 30
    none = table([day(date(2025, 1, 1), "1", 96, 96)])
    assert none.aggregate(mean=weighted(none, "taux", "production_mwh")).to_pyarrow()["mean"][0].as_py() is None


def test_the_hours_of_a_period_are_those_of_its_slots() -> None:
    rows = [day(SPRING, "1", 46, 46), day(AUTUMN, "1", 96, 96), day(date(2025, 6, 1), "1", 10, 96)]
    found = table(rows)
    assert found.aggregate(hours=measured_hours(found)).to_pyarrow()["hours"][0].as_py() == 23 + 24 + 2.5


def test_france_has_a_temperature_on_days_without_power() -> None:
    known, unknown = date(2025, 3, 30), date(2025, 3, 31)
    warm = {"tmin_c": 1.0, "tmoy_c": 5.0, "tmax_c": 9.0}
    merged = [{"civil_date": known, **warm}, {"civil_date": date(2025, 4, 1), **dict.fromkeys(warm)}]
    regional = [
        {"civil_date": day, "code_insee_region": code, "tmin_c": low, "tmoy_c": low + 4, "tmax_c": low + 8}
        for day in (known, unknown)
        for code, low in (("11", 2.0), ("93", 4.0), ("94", 30.0))
    ]
    schema = {"civil_date": "date", "tmin_c": "float64", "tmoy_c": "float64", "tmax_c": "float64"}
    found = temperature_of_france(
        ibis.memtable(merged, schema=schema),
        ibis.memtable(regional, schema={"code_insee_region": "string", **schema}),
    )
    rows = {row["civil_date"]: row["tmoy_c"] for row in found.to_pyarrow().to_pylist()}
    assert rows == {known: 5.0, unknown: 7.0, date(2025, 4, 1): None}
