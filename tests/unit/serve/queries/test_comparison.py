"""Two periods are held against each other by what was measured of them."""

from datetime import date

import pytest

from watthouse.serve.formats import AnswerColumn
from watthouse.serve.queries.comparison import PeriodTotals, side_by_side
from watthouse.serve.queries.coverage import hours_of

JANUARY, FEBRUARY = (date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 2, 1), date(2026, 2, 28))
LOAD, RATE = AnswerColumn("consommation_gwh", "GWh", "Load"), AnswerColumn("taux_co2_g_kwh", "g/kWh", "CO₂ intensity")


def _compared(
    hours: float = 31 * 24, other_hours: float = 28 * 24, rated: float | None = None
) -> dict[str, dict[str, float | None]]:
    known, other_known = (
        {"consommation": load, RATE.name: load if rated is None else rated} for load in (hours, other_hours)
    )
    one = PeriodTotals(JANUARY, {"consommation": 31 * 24 * 0.06, RATE.name: 30.0}, {"consommation": 60.0}, known, hours)
    other = PeriodTotals(
        FEBRUARY, {"consommation": 28 * 24 * 0.05, RATE.name: 20.0}, {"consommation": 50.0}, other_known, other_hours
    )
    rows = side_by_side([("consommation", LOAD), (RATE.name, RATE)], one, other).to_pylist()
    return {row["name"]: row for row in rows}


def test_periods_of_other_length_differ_by_mean_power_and_by_sum() -> None:
    load = _compared()["consommation"]
    assert load["mean_power_change_pct"] == pytest.approx(20)
    assert load["change_pct"] == pytest.approx(100 * (31 * 60 / (28 * 50) - 1))


def test_a_rate_is_a_mean_already() -> None:
    rate = _compared()[RATE.name]
    assert rate["change_pct"] == pytest.approx(50)
    assert rate["mean_power_change_pct"] is None


@pytest.mark.parametrize(("hours", "other_hours"), [(31 * 24 * 0.89, 28 * 24), (31 * 24, 2), (0, 28 * 24)])
def test_a_period_that_is_hardly_measured_is_held_against_nothing(hours: float, other_hours: float) -> None:
    for row in _compared(hours, other_hours).values():
        assert row["change_pct"] is row["mean_power_change_pct"] is None
        assert row["value"] is not None


def test_each_quantity_is_held_against_the_other_period_by_the_time_in_which_it_is_known() -> None:
    rows = _compared(rated=14 * 24)
    assert rows[RATE.name]["change_pct"] is None
    assert rows["consommation"]["change_pct"] is not None


def test_a_day_has_23_24_or_25_hours() -> None:
    days = [date(2025, 3, 30), date(2025, 6, 1), date(2025, 10, 26)]
    assert [hours_of(day, day) for day in days] == [23, 24, 25]
