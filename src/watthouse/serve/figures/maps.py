"""Values of the regions on the map of France."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from plotly.colors import sample_colorscale, unlabel_rgb

from watthouse.catalog import REGIONS
from watthouse.serve.figures import geography
from watthouse.serve.figures.figure import Figure, Trace, colorscale, trace_of
from watthouse.serve.figures.palette import DIVERGING, SEQUENTIAL
from watthouse.serve.figures.style import Style, dressed

_BAR: Final = {
    "outlinewidth": 0,
    "tickformat": ",",
    "nticks": 5,
    "orientation": "h",
    "x": 0.5,
    "y": 0,
    "yanchor": "top",
    "len": 0.7,
    "thickness": 10,
}
_DARK_TEXT: Final = "#1c2430"
_LIGHT_TEXT: Final = "#ffffff"
# The luminance (WCAG 2) that contrasts as much with either.
_HALF_WAY: Final = 0.2


def regions_map(
    rows: pl.DataFrame,
    unit: str,
    style: Style,
    *,
    digits: int = 0,
    signed: bool = False,
    outlines: str | None = None,
) -> Figure:
    """Each region's ``value`` (in ``unit``) by its colour and in figures; grey where it is unknown.

    ``rows`` have ``code_insee_region`` and ``value``. ``signed`` values diverge from 0. ``outlines`` is the address
    where a browser finds ``regions.geojson``; without one they are part of the figure (70 kB). A click carries the
    region's code as ``location``.
    """
    values = dict(rows.drop_nulls("value").select("code_insee_region", "value").iter_rows())
    scale = _Scale.of(values, signed=signed)
    labels = {code: style.language.number(value, digits, signed=signed) for code, value in values.items()}
    # a region without a value must be seen as such: left out, it would look like the sea
    none = dict.fromkeys(
        (code for code in REGIONS if code not in values), style.say(en="no figures", fr="pas de chiffres")
    )
    blank = {"z": [0] * len(none), "colorscale": colorscale([style.grid] * 2), "showscale": False}
    filled = {
        "z": [*values.values()],
        "colorscale": colorscale(scale.colours),
        "zmin": scale.least,
        "zmax": scale.most,
        "showscale": bool(values),
        "colorbar": _BAR | {"title": {"text": f"{unit}\u00a0", "side": "right"}},
    }
    figure = Figure(
        [  # the labels come first: Plotly asks its own site for a map of the world if the first trace has locations
            _labels(labels, [scale.colour(value) for value in values.values()]),
            _outlined(blank, none, style, outlines),
            _outlined(filled, {code: f"{label}\u00a0{unit}" for code, label in labels.items()}, style, outlines),
        ]
    )
    return _laid_out(figure, style)


@dataclass(frozen=True)
class _Scale:
    """From which value to which, by which colours."""

    least: float
    most: float
    colours: tuple[str, ...]

    @classmethod
    def of(cls, values: Mapping[str, float], *, signed: bool) -> "_Scale":
        # a scale from 0 to 0 has no colours
        most = max((abs(value) for value in values.values()), default=0) or 1
        # the same distance either way: 0 has to be the neutral colour
        return cls(-most, most, DIVERGING) if signed else cls(min(0, *values.values(), 0), most, SEQUENTIAL)

    def colour(self, value: float) -> str:
        """The colour of a value: ``rgb(…)``."""
        (colour,) = sample_colorscale(list(self.colours), [(value - self.least) / (self.most - self.least)])
        return str(colour)


def _labels(labels: Mapping[str, str], fills: Sequence[str]) -> Trace:
    """What is ``labels`` of each region, to be read on its colour and, where the map is small, beside it."""
    places = geography.labels()
    # on a small map a label is wider than its region
    halos = [", ".join([f"0 0 2px {fill}"] * 3) for fill in fills]
    return trace_of(
        "scattergeo",
        lon=[places[code][0] for code in labels],
        lat=[places[code][1] for code in labels],
        text=[*labels.values()],
        textfont={"size": 11, "color": [readable_on(fill) for fill in fills], "shadow": halos},
        mode="text",
        hoverinfo="skip",
        showlegend=False,
    )


def readable_on(fill: str) -> str:
    """The colour of letters that can be read on a colour, ``rgb(…)``."""
    red, green, blue = ((part / 255) ** 2.2 for part in unlabel_rgb(fill))
    return _DARK_TEXT if 0.2126 * red + 0.7152 * green + 0.0722 * blue > _HALF_WAY else _LIGHT_TEXT


def _outlined(values: Trace, texts: Mapping[str, str], style: Style, outlines: str | None) -> Trace:
    """Values on the regions that something is ``texts`` of."""
    features = [feature for feature in geography.regions()["features"] if feature["id"] in texts]
    return trace_of(
        "choropleth",
        **values,
        geojson=outlines or {"type": "FeatureCollection", "features": features},
        locations=[*texts],
        customdata=[[REGIONS[code], text] for code, text in texts.items()],
        hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<extra></extra>",
        marker={"line": {"color": style.paper, "width": 1}},
    )


def _laid_out(figure: Figure, style: Style) -> Figure:
    """Still, and as large as there is room: the page scrolls, the map does not."""
    still: dict[str, Any] = {"type": "mercator", "minscale": 1, "maxscale": 1}
    figure.update_layout(
        geo={"fitbounds": "locations", "visible": False, "projection": still, "bgcolor": "rgba(0,0,0,0)"}
    )
    return dressed(figure, style, hovermode="closest", dragmode=False, margin={"l": 0, "r": 0, "t": 0, "b": 52})
