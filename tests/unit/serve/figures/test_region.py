"""What the charts of a region draw is what they are given."""

from datetime import date, timedelta
from math import isnan

import polars as pl
import pytest

from tests.figures import checked
from watthouse.serve.figures.balance import balance
from watthouse.serve.figures.rates import rates
from watthouse.serve.figures.style import Style
from watthouse.serve.figures.weather import temperature
from watthouse.serve.locale import Language

DAYS = [date(2026, 3, 1) + timedelta(days=n) for n in range(3)]
MADE = pl.DataFrame(
    {
        "starts": DAYS,
        "production_mw": [500.0, 900.0, None],
        "consommation_mw": [700.0, 800.0, 750.0],
        "difference": [-200.0, 100.0, None],
    }
)


def test_what_a_region_lacks_lies_below_zero_and_what_it_has_left_above() -> None:
    drawn = {
        trace.name: trace for trace in checked(balance(MADE, "production_mw", "consommation_mw", "MW", Style())).data
    }
    assert list(drawn["Surplus"].y) == pytest.approx([0, 100, float("nan")], nan_ok=True)
    assert list(drawn["Deficit"].y) == pytest.approx([-200, 0, float("nan")], nan_ok=True)
    assert list(drawn["Balance"].y) == pytest.approx([-200, 100, float("nan")], nan_ok=True)
    assert list(drawn["Load"].y) == [700, 800, 750]


def test_no_area_crosses_days_of_which_the_balance_is_not_known() -> None:
    days = [DAYS[0] + timedelta(days=n) for n in range(6)]
    known = [None, 4.0, 6.0, None, None, 5.0]
    rows = pl.DataFrame({"starts": days, "production_mw": known, "consommation_mw": known, "difference": known})
    areas = [one for one in checked(balance(rows, "production_mw", "consommation_mw", "MW", Style())).data if one.fill]
    assert [[at for at in one.y if not isnan(at)] for one in areas] == [[], [4, 6], [5]]
    assert [one.showlegend for one in areas] == [True, False, False]
    assert len({one.legendgroup for one in areas}) == 1


def test_a_region_that_always_has_enough_has_no_deficit_in_its_legend() -> None:
    rows = MADE.with_columns(consommation_mw=pl.lit(100.0), difference=pl.col("production_mw") - 100)
    names = [
        one.name
        for one in checked(balance(rows, "production_mw", "consommation_mw", "MW", Style(Language.FRENCH))).data
    ]
    assert "Excédent" in names
    assert "Déficit" not in names


def test_a_single_known_day_is_seen_on_the_axis_of_the_whole_period() -> None:
    rows = pl.DataFrame({"starts": DAYS[:1], "tmin_c": [-2.0], "tmoy_c": [3.5], "tmax_c": [8.0]})
    figure = checked(temperature(rows, Style(), (DAYS[0], DAYS[2])))
    highest, lowest, mean = figure.data
    assert (list(highest.y), list(lowest.y), list(mean.y)) == ([8.0], [-2.0], [3.5])
    assert "markers" in mean.mode
    assert figure.layout.xaxis.range == (DAYS[0], DAYS[2])


def test_a_source_that_no_region_has_is_no_column_and_one_that_a_region_lacks_is_an_empty_tile() -> None:
    rows = pl.DataFrame(
        {
            "libelle_region": ["Bretagne", "Bretagne", "Bretagne", "Normandie", "Normandie", "Normandie"],
            "source": ["nucleaire", "eolien", "solaire"] * 2,
            "tco_pct": [None, 25.4, None, 181.6, 9.0, None],
        }
    )
    (tiles,) = checked(rates(rows, "tco_pct", Style())).data
    assert list(tiles.x) == ["Nuclear", "Wind"]
    said = {place: tuple(row) for place, row in zip(tiles.y, tiles.text, strict=True)}
    assert said == {"Bretagne": ("", "25"), "Normandie": ("182", "9")}
