"""What the charts of the six questions draw, and what they say of it."""

import polars as pl
import pytest

from tests.figures import checked
from watthouse.serve.figures import questions
from watthouse.serve.figures.style import Style
from watthouse.serve.locale import Language

FRENCH = Style(Language.FRENCH)
MIX = pl.DataFrame(
    {
        "source": ["nucleaire", "bioenergies"],
        "label": ["le nucléaire", "les bioénergies"],
        "share": [0.9, 0.1],
        "day_low": [0.8, 0.1],
        "day_high": [0.95, 0.1],
    }
)
FOREST = pl.DataFrame(
    {
        "source": ["eolien", "charbon"],
        "plain": [0.5, None],
        "correlation": [None, None],
        "low": [None, None],
        "high": [None, None],
    },
    schema_overrides=dict.fromkeys(("correlation", "low", "high"), pl.Float64),
)


def cloud(response: str, kind: str, x_unit: str) -> pl.DataFrame:
    points = {"x": [10.0, 20.0], "y": [5.0, 6.0], "y_low": [1.0, 2.0], "y_high": [8.0, 9.0], "days": [197, 196]}
    said = {"response": response, "label": "", "kind": kind, "x_unit": x_unit, "y_unit": "GWh"}
    return pl.DataFrame(points).with_columns(**{name: pl.lit(value) for name, value in said.items()})


def test_sources_are_called_on_axes_as_on_all_other_pages() -> None:
    assert list(checked(questions.mix(MIX, FRENCH)).data[0].y) == ["Nucléaire", "Bioénergies"]
    assert list(checked(questions.correlations(FOREST, Style())).data[0].y) == ["Wind", "Coal"]


def test_a_single_day_has_no_whiskers() -> None:
    alone = MIX.with_columns(day_low="share", day_high="share")
    assert checked(questions.mix(MIX, Style())).data[0].error_x.array is not None
    drawn = checked(questions.mix(alone, Style())).data[0]
    assert drawn.error_x.array is None
    assert "Four days" not in drawn.hovertemplate


def test_a_correlation_that_nobody_has_is_not_in_the_legend() -> None:
    assert [trace.name for trace in checked(questions.correlations(FOREST, FRENCH)).data] == ["brute, saison comprise"]
    told = FOREST.with_columns(correlation=0.4, low=0.3, high=0.5)
    names = [trace.name for trace in checked(questions.correlations(told, Style())).data]
    assert names == ["plain, season included", "season removed (95% interval)"]


@pytest.mark.parametrize(
    ("style", "titles", "axis"),
    [
        (Style(), ["Exchanges, both ways, season included", "Net exports, season removed"], "Gas in storage"),
        (
            FRENCH,
            ["Échanges, dans les deux sens, saison comprise", "Exportations nettes, hors saison"],
            "Gaz en stock",
        ),
    ],
)
def test_every_response_has_a_panel_of_its_own_with_its_title(style: Style, titles: list[str], axis: str) -> None:
    rows = pl.concat([cloud("exchanged_gwh", "plain", "GWh"), cloud("net_export_gwh", "anomaly", "GWh")])
    panels = questions.clouds(rows, style)
    assert [panel.title for panel in panels] == titles
    drawn = [checked(panel.figure).layout.xaxis for panel in panels]
    assert all(one.title.text.startswith(axis) for one in drawn)
    assert [(one.exponentformat, one.separatethousands) for one in drawn] == [("none", True)] * 2


def test_every_number_of_a_point_is_named_with_its_unit() -> None:
    (panel,) = questions.clouds(cloud("stock_gaz_gwh", "plain", "°C"), FRENCH)
    _, means = checked(panel.figure).data
    assert list(means.customdata[0]) == [1.0, 8.0, 197]
    assert means.hovertemplate.replace("\u00a0", " ").split("<br>") == [
        "Température : %{x:,.1f} °C",
        "Gaz en stock : <b>%{y:,.0f} GWh</b>",
        "Quatre jours sur cinq : %{customdata[0]:,.0f} à %{customdata[1]:,.0f} GWh",
        "Jours : %{customdata[2]:,d}<extra></extra>",
    ]
