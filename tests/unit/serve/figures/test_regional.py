"""Figures of regions and sources, read as a browser reads them."""

import json
from base64 import b64decode
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl
import pytest
from plotly.colors import sample_colorscale

from tests.figures import checked
from watthouse.catalog import REGIONS
from watthouse.serve.figures.figure import Figure
from watthouse.serve.figures.maps import readable_on, regions_map
from watthouse.serve.figures.palette import DIVERGING, REGIONAL, SEQUENTIAL
from watthouse.serve.figures.regional import source_shares, yearly_sources
from watthouse.serve.figures.seasons import source_seasons
from watthouse.serve.figures.style import Style
from watthouse.serve.locale import Language

ENGLISH: Final = Style()
FRENCH: Final = Style(Language.FRENCH)
VALUES: Final = pl.DataFrame(
    {"code_insee_region": ["11", "53", "76"], "value": [-7230.4, 0.0, 1234.5]},
)


def drawn(figure: Figure) -> dict[str, Any]:
    """The figure as plain lists and dicts."""
    checked(figure)
    found: dict[str, Any] = _plain(figure.to_plotly_json())
    return found


def _plain(part: Any) -> Any:
    if isinstance(part, dict) and "bdata" in part:  # as Plotly packs numbers
        return np.frombuffer(b64decode(part["bdata"]), part["dtype"]).tolist()
    if isinstance(part, dict):
        return {name: _plain(value) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return [_plain(value) for value in part]
    return part.tolist() if isinstance(part, np.ndarray) else part


def test_every_region_is_on_the_map_and_those_without_a_value_say_so() -> None:
    _, blank, filled = drawn(regions_map(VALUES, "MW", ENGLISH))["data"]
    assert filled["locations"] == ["11", "53", "76"]
    assert {*blank["locations"]} == {*REGIONS} - {"11", "53", "76"}
    assert {said for _, said in blank["customdata"]} == {"no figures"}
    outlines = [one["id"] for trace in (blank, filled) for one in trace["geojson"]["features"]]
    assert sorted(outlines) == sorted(REGIONS)


def test_a_value_is_written_in_the_readers_language() -> None:
    labels, _, filled = drawn(regions_map(VALUES, "MW", FRENCH, digits=1, signed=True))["data"]
    assert labels["text"] == ["−7\u202f230,4", "0,0", "+1\u202f234,5"]
    assert filled["customdata"][0] == ["Île-de-France", "−7\u202f230,4\u00a0MW"]


def test_signed_values_part_at_zero_and_others_begin_there() -> None:
    signed = drawn(regions_map(VALUES, "MW", ENGLISH, signed=True))["data"][2]
    assert (signed["zmin"], signed["zmax"]) == (-7230.4, 7230.4)
    assert signed["colorscale"][3] == [0.5, DIVERGING[3]]
    plain = drawn(regions_map(VALUES.with_columns(pl.col("value").abs()), "MW", ENGLISH))["data"][2]
    assert (plain["zmin"], plain["zmax"]) == (0, 7230.4)


def test_a_map_without_any_value_is_thirteen_grey_regions() -> None:
    empty = VALUES.with_columns(value=pl.lit(None, pl.Float64))
    _, blank, filled = drawn(regions_map(empty, "MW", ENGLISH))["data"]
    assert len(blank["locations"]) == 13
    assert filled["showscale"] is False


def test_outlines_can_be_left_to_an_address() -> None:
    figure = regions_map(VALUES, "MW", ENGLISH, outlines="/assets/regions.geojson")
    assert {trace["geojson"] for trace in drawn(figure)["data"][1:]} == {"/assets/regions.geojson"}
    assert len(json.dumps(figure.to_plotly_json())) < 10_000


def test_the_first_trace_is_placed_by_degrees_so_that_no_map_of_the_world_is_fetched() -> None:
    figure = drawn(regions_map(VALUES, "MW", ENGLISH))
    assert figure["data"][0]["type"] == "scattergeo"
    assert "locations" not in figure["data"][0]
    assert figure["layout"]["geo"]["visible"] is False


@pytest.mark.parametrize("scale", [SEQUENTIAL, DIVERGING])
def test_labels_can_be_read_on_every_colour_of_the_scale(scale: tuple[str, ...]) -> None:
    for fill in sample_colorscale(list(scale), [step / 100 for step in range(101)]):
        light, dark = sorted((_luminance(fill), _luminance(readable_on(fill))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3.5, fill


def test_shares_are_bars_of_a_hundred_with_the_first_region_on_top() -> None:
    parts = {"nucleaire": 0.5, "hydraulique": 0.25, "eolien": 0.2, "solaire": 0.05, "bioenergies": None}
    rows = pl.DataFrame(
        {
            "code_insee_region": ["53", "11"],
            "libelle_region": ["Bretagne", "Île-de-France"],
            **{
                f"{name}_share": pl.Series([parts.get(name), 1.0 if name == "thermique" else None]) for name in REGIONAL
            },
        }
    )
    figure = drawn(source_shares(rows, FRENCH))
    assert [sum(trace["x"][at] for trace in figure["data"]) for at in (0, 1)] == [pytest.approx(100)] * 2
    assert [trace["name"] for trace in figure["data"]][:2] == ["Nucléaire", "Hydraulique"]
    assert [trace["text"][0] for trace in figure["data"]] == ["50", "25", "20", "", "", ""]
    assert figure["layout"]["yaxis"]["autorange"] == "reversed"
    assert figure["data"][0]["customdata"] == ["53", "11"]


YEARS: Final = pl.DataFrame(
    {
        "starts": [date(2024, 1, 1), date(2025, 1, 1), date(2026, 1, 1)],
        "complete": [True, True, False],
        "eolien_gwh": [10.0, 12.0, 5.0],
        "nucleaire_gwh": pl.Series([None, None, None], dtype=pl.Float64),
    }
)


def test_a_year_that_is_not_whole_is_open_and_dotted() -> None:
    columns = {"eolien": "eolien_gwh", "nucleaire": "nucleaire_gwh"}
    solid, dotted, points = drawn(yearly_sources(YEARS, columns, "GWh", ENGLISH))["data"]
    assert solid["x"] == [2024, 2025]
    assert (dotted["x"], dotted["y"], dotted["line"]["dash"]) == ([2025, 2026], [12.0, 5.0], "dot")
    assert points["marker"]["symbol"] == ["circle", "circle", "circle-open"]
    assert ["incomplete year" in said for said in points["hovertemplate"]] == [False, False, True]


def test_a_whole_last_year_is_drawn_as_any_other() -> None:
    solid, dotted, _ = drawn(yearly_sources(YEARS[:2], {"eolien": "eolien_gwh"}, "GWh", ENGLISH))["data"]
    assert solid["x"] == [2024, 2025]
    assert dotted["x"] == [2025]


def test_years_lie_over_each_other_by_month_and_the_newest_stand_out() -> None:
    months = pl.DataFrame(
        {
            "starts": [date(year, month, 1) for year in range(2023, 2027) for month in range(1, 13)],
            "eolien_mw": [float(at) for at in range(48)],
        }
    )
    traces = drawn(source_seasons(months, "eolien", "eolien_mw", "MW", ENGLISH))["data"]
    assert [trace["name"] for trace in traces] == ["Earlier years", "Earlier years", "2025", "2026"]
    assert [trace["showlegend"] for trace in traces] == [False, True, True, True]
    assert {date.fromisoformat(month).month for trace in traces for month in trace["x"]} == set(range(1, 13))
    assert len({str(trace["x"]) for trace in traces}) == 1


def _luminance(colour: str) -> float:
    """WCAG 2, with its own curve."""
    if colour.startswith("#"):
        parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    else:
        parts = [float(part) for part in colour.removeprefix("rgb(").rstrip(")").split(",")]
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
