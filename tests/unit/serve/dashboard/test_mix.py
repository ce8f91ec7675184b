"""Two periods are held against each other by what was measured of them."""

from datetime import date

import pytest

from watthouse.serve.asking import Unit
from watthouse.serve.dashboard.pages.mix import Covered, Totals

JANUARY, FEBRUARY = (date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 2, 1), date(2026, 2, 28))


def _totals(load: float, other_load: float, hours: float, other_hours: float) -> Totals:
    return {
        "consommation": {"value": load, "with_value": other_load},
        "taux_co2_g_kwh": {"value": 30.0, "with_value": 20.0},
        "measured_hours": {"value": hours, "with_value": other_hours},
    }


def test_periods_of_other_length_differ_by_mean_power_and_rates_as_they_are() -> None:
    found = Covered(_totals(31 * 24 * 60.0, 28 * 24 * 50.0, 31 * 24, 28 * 24), Unit.GWH, JANUARY, FEBRUARY)
    assert found.comparable
    assert not found.alike
    assert found.change("consommation") == pytest.approx(20)
    assert found.change("taux_co2_g_kwh") == pytest.approx(50)


@pytest.mark.parametrize(("hours", "other_hours"), [(31 * 24 * 0.89, 28 * 24), (31 * 24, 2), (0, 28 * 24)])
def test_a_period_that_is_hardly_measured_is_held_against_nothing(hours: float, other_hours: float) -> None:
    found = Covered(_totals(1.0, 1.0, hours, other_hours), Unit.GWH, JANUARY, FEBRUARY)
    assert not found.comparable
    assert found.change("consommation") is None
    assert found.change("taux_co2_g_kwh") is None


def test_a_day_of_25_hours_can_be_measured_by_96_percent_at_most() -> None:
    autumn = (date(2025, 10, 26), date(2025, 10, 26))
    assert Covered(_totals(1.0, 1.0, 24, 24), Unit.GWH, autumn, autumn).share == pytest.approx(24 / 25)


def test_mean_power_is_held_against_mean_power() -> None:
    found = Covered(_totals(60.0, 50.0, 31 * 24, 28 * 24), Unit.MW, JANUARY, FEBRUARY)
    assert found.alike
    assert found.change("consommation") == pytest.approx(20)
