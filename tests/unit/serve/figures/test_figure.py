"""A figure's JSON is what Plotly's own objects would make of it; what no chart knows is refused by the tests."""

import json
from base64 import b64decode
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from plotly.utils import PlotlyJSONEncoder

from tests.figures import checked
from watthouse.serve.figures.figure import Figure, bar, colorscale, heatmap, scatter

INSTANTS = pl.Series([datetime(2025, 10, 26, 0, 30, tzinfo=UTC), datetime(2025, 10, 26, 1, 30, tzinfo=UTC)])


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([1.5, None, -2.0]),
        pl.Series([1, -2, 3]),
        pl.Series([70_000, None, 3]),
        pl.Series([2**40, 1]),
        pl.Series([date(2025, 1, 1), date(2025, 3, 30)]),
        INSTANTS.dt.convert_time_zone("Europe/Paris"),
        pl.Series(["Bretagne", None, "Île-de-France"]),
        pl.Series([], dtype=pl.Float64),
        pl.Series([None, None], dtype=pl.Float64),
        np.array([[1.0, np.nan], [3.0, 4.0]]),
    ],
    ids=lambda values: str(values.dtype),
)
def test_values_are_what_plotly_itself_makes_of_them(values: Any) -> None:
    figure = Figure([heatmap(z=values)]) if isinstance(values, np.ndarray) else Figure([scatter(x=values)])
    assert _plain(figure.to_plotly_json()["data"]) == _plain(checked(figure).to_plotly_json()["data"])


def test_an_hour_that_comes_twice_is_written_twice() -> None:
    figure = Figure([scatter(x=INSTANTS.dt.convert_time_zone("Europe/Paris"))])
    assert figure.to_plotly_json()["data"][0]["x"] == ["2025-10-26T02:30:00"] * 2


def test_a_change_of_the_layout_keeps_what_it_does_not_name() -> None:
    figure = Figure(bar(y=[1])).update_layout(xaxis={"title": {"text": "MW"}, "range": [0, 1]}, legend={"x": 1})
    figure.update_xaxes({"title": {"standoff": 4}}, range=[2, 3]).update_layout(legend=None)
    assert figure.to_plotly_json()["layout"] == {"xaxis": {"title": {"text": "MW", "standoff": 4}, "range": [2, 3]}}


def test_what_is_shared_by_figures_is_not_changed_by_one() -> None:
    shared = {"title": {"text": "MW"}}
    Figure().update_layout(xaxis=shared).update_xaxes(title={"text": "GWh"}, dtick=1)
    assert shared == {"title": {"text": "MW"}}


def test_a_property_that_is_none_is_left_out() -> None:
    assert Figure(bar(y=[1], error_x=None)).to_plotly_json()["data"] == [{"type": "bar", "y": [1]}]


def test_colours_of_a_scale_lie_evenly() -> None:
    assert colorscale(["#000000", "#777777", "#ffffff"]) == [(0, "#000000"), (0.5, "#777777"), (1, "#ffffff")]


@pytest.mark.parametrize("figure", [Figure(bar(heights=[1])), Figure().update_layout(barmode="sideways")])
def test_a_test_refuses_what_no_chart_knows(figure: Figure) -> None:
    with pytest.raises(ValueError, match=r"Invalid (property|value)"):
        checked(figure)


def _plain(part: Any) -> Any:
    """As JSON has it, with numbers unpacked."""
    if isinstance(part, dict) and "bdata" in part:
        shape = [int(size) for size in part.get("shape", "-1").split(",")]
        unpacked = np.frombuffer(b64decode(part["bdata"]), part["dtype"]).astype(float)
        return _plain(np.where(np.isnan(unpacked), None, unpacked).reshape(shape).tolist())
    if isinstance(part, dict):
        return {name: _plain(value) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return [_plain(value) for value in part]
    if isinstance(part, np.ndarray):
        return _plain(json.loads(json.dumps(part, cls=PlotlyJSONEncoder)))
    return part.removesuffix(".000000") if isinstance(part, str) else part
