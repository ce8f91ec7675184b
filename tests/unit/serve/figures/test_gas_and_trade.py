"""What the charts of gas and of trade draw is what they are given."""

from datetime import date, timedelta

import polars as pl
import pytest

from tests.figures import checked
from watthouse.serve.figures import fill, gas, paired, trade
from watthouse.serve.figures.palette import BORDERS, LOAD, STOCK, TEMPERATURE
from watthouse.serve.figures.style import Style
from watthouse.serve.queries.units import Interval

DAYS = [date(2026, 1, 30) + timedelta(days=n) for n in range(4)]


def test_a_line_through_points_on_a_line_is_that_line() -> None:
    fit = gas.fit_of(pl.DataFrame({"x": [0.0, 1.0, 2.0, None], "y": [5.0, 3.0, 1.0, 9.0]}), "x", "y")
    assert fit is not None
    assert (fit.slope, fit.intercept, fit.r2, fit.points) == pytest.approx((-2, 5, 1, 3))


def test_there_is_no_line_through_two_points_or_one_temperature() -> None:
    assert gas.fit_of(pl.DataFrame({"x": [0.0, 1.0], "y": [1.0, 2.0]}), "x", "y") is None
    assert gas.fit_of(pl.DataFrame({"x": [1.0, 1.0, 1.0], "y": [1.0, 2.0, 3.0]}), "x", "y") is None


def test_an_unknown_stock_is_a_gap_and_a_partial_point_a_ring() -> None:
    time, stock = pl.Series(DAYS), pl.Series([10.0, None, 12.0, 13.0])
    partial = pl.Series([False, False, False, True])
    left, right = paired.Curve(stock, STOCK, "GWh", partial), paired.Curve(stock, TEMPERATURE, "°C")
    drawn = checked(paired.two_axes(time, left, right, Style()))
    assert list(drawn.data[0].y) == pytest.approx([10.0, float("nan"), 12.0, 13.0], nan_ok=True)
    assert not drawn.data[0].connectgaps
    assert list(drawn.data[2].x) == [DAYS[3]]


def test_every_day_has_its_cell_in_the_colour_of_its_buyer() -> None:
    rows = pl.DataFrame({"starts": DAYS, "top_foreign_buyer": ["italie", "suisse", None, "italie"], "days": 1})
    cells = checked(trade.largest_buyers(rows, Interval.DAY, Style())).data[0]
    assert list(cells.y) == ["Jan 2026", "Feb 2026"]
    ranks = {(month, day): rank for month, line in zip(cells.y, cells.z, strict=True)
             for day, rank in zip(cells.x, line, strict=True) if rank is not None}  # fmt: skip
    order = list(BORDERS)
    assert ranks == {
        ("Jan 2026", 30): order.index("italie"),
        ("Jan 2026", 31): order.index("suisse"),
        ("Feb 2026", 1): len(order),
        ("Feb 2026", 2): order.index("italie"),
    }


def test_a_day_that_was_not_measured_has_not_nobody_as_its_buyer() -> None:
    rows = pl.DataFrame({"starts": DAYS, "top_foreign_buyer": ["italie", None, None, None], "days": [1, 1, None, 0]})
    cells, *legend = checked(trade.largest_buyers(rows, Interval.DAY, Style())).data
    names = [*(ink.en for ink in BORDERS.values()), "No net buyer", "Not measured"]
    shown = [names[rank] for line in cells.z for rank in line if rank is not None]
    assert shown == ["Italy", "No net buyer", "Not measured", "Not measured"]
    assert {trace.name for trace in legend} == {"Italy", "No net buyer", "Not measured"}


def test_exports_stand_above_the_line_and_imports_below() -> None:
    gross = {f"ech_comm_{border}_{way}_gwh": [1.0, 2.0] for border in BORDERS for way in ("export", "import")}
    drawn = checked(trade.out_and_in(pl.DataFrame({"starts": DAYS[:2], **gross}), "_gwh", "GWh", Style()))
    assert sorted(tuple(trace.y) for trace in drawn.data) == [(-1.0, -2.0)] * 5 + [(1.0, 2.0)] * 5


def test_exchanges_of_a_day_that_has_only_begun_are_pale() -> None:
    gross = {f"ech_comm_{border}_{way}_gwh": [1.0, 2.0] for border in BORDERS for way in ("export", "import")}
    drawn = checked(
        trade.out_and_in(pl.DataFrame({"starts": DAYS[:2], "complete": [True, False], **gross}), "_gwh", "GWh", Style())
    )
    assert all(trace.marker.opacity[1] < trace.marker.opacity[0] == 1 for trace in drawn.data)


def test_a_storage_point_is_as_full_as_it_says() -> None:
    rows = pl.DataFrame({"source": ["B", "A"], "pits": ["north", "south"], "stock_gwh": [5.0, 9.0],
                         "highest_gwh": [10.0, 10.0], "fill_of_highest": [0.5, 0.9]})  # fmt: skip
    bars = {bar.name: list(bar.x) for bar in checked(fill.points(rows, Style())).data}
    assert bars == {"A": [90.0], "B": [50.0]}


def test_the_line_of_some_days_is_drawn_no_further_than_they_reach() -> None:
    rows = pl.DataFrame({"starts": DAYS, "tmoy_c": [0.0, 5.0, 10.0, 30.0], "load": [9.0, 8.0, 7.0, 7.5]})
    fit = gas.fit_of(rows.filter(pl.col("tmoy_c") < 15), "tmoy_c", "load")
    *seasons, line = checked(gas.on_temperature(rows, "load", LOAD, "GWh", fit, Style())).data
    assert sum(len(season.x) for season in seasons) == 4
    assert (list(line.x), list(line.y)) == ([0, 10], pytest.approx([9, 7]))
