"""The mix through time: what is not measured in full looks like it."""

from datetime import date, timedelta

import plotly.graph_objects as go
import polars as pl

from tests.figures import checked
from watthouse.serve.figures import power
from watthouse.serve.figures.stack import FEW
from watthouse.serve.figures.style import Style

COLUMNS = {"nucleaire": "nucleaire_gwh", "eolien": "eolien_gwh"}


def _rows(*complete: bool) -> pl.DataFrame:
    days = len(complete)
    return pl.DataFrame(
        {
            "starts": [date(2026, 3, 28) + timedelta(days=n) for n in range(days)],
            "nucleaire_gwh": [float(n + 1) for n in range(days)],
            "eolien_gwh": [0.5] * days,
            "consommation_gwh": [float(n + 2) for n in range(days)],
            "complete": complete,
        },
        schema_overrides={"starts": pl.Date, "complete": pl.Boolean},
    )


def _drawn(*complete: bool, unit: str = "GWh") -> go.Figure:
    return checked(power.mix(_rows(*complete), COLUMNS, "starts", unit, Style(), load="consommation_gwh"))


def test_bars_of_intervals_that_are_measured_in_part_are_pale() -> None:
    bars = [trace for trace in _drawn(True, False, True, False).data if trace.type == "bar"]
    assert len(bars) == 2
    for bar in bars:
        first, second, third, fourth = bar.marker.opacity
        assert first == third == 1
        assert second == fourth < 1


def test_where_all_is_measured_nothing_is_pale_or_dotted() -> None:
    *bars, load = _drawn(True, True).data
    assert {bar.marker.opacity for bar in bars} == {1}
    assert load.line.dash == "solid"
    assert list(load.y) == [2.0, 3.0]


def test_the_load_is_dotted_from_the_last_interval_measured_in_full() -> None:
    *_, settled, running = _drawn(True, False, True, False, False).data
    assert (settled.line.dash, list(settled.y)) == ("solid", [2.0, 3.0, 4.0])
    assert (running.line.dash, list(running.y)) == ("dot", [4.0, 5.0, 6.0])
    assert running.showlegend is False


def test_a_period_that_has_only_begun_is_drawn() -> None:
    *_, settled, running = _drawn(False, False).data
    assert list(settled.y) == [2.0]
    assert list(running.y) == [2.0, 3.0]
    assert [list(trace.y) for trace in _drawn(False).data if trace.type == "scatter"] == [[2.0]]


def test_an_area_is_not_pale_but_the_load_above_it_is_dotted() -> None:
    drawn = _drawn(*[True] * FEW, False)
    assert not any(trace.type == "bar" for trace in drawn.data)
    assert [trace.line.dash for trace in drawn.data if trace.name == "Load"] == ["solid", "dot"]


def test_one_interval_of_power_is_seen() -> None:
    drawn = _drawn(True, unit="MW")
    assert [trace.type for trace in drawn.data] == ["bar", "bar", "scatter"]
    assert drawn.data[-1].mode == "lines+markers"


def test_a_period_without_rows_is_drawn() -> None:
    assert [list(trace.y) for trace in _drawn().data] == [[]]
