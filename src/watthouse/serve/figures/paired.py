"""Two quantities through time, each with an axis of its own."""

from dataclasses import dataclass

import polars as pl

from watthouse.serve.figures.figure import Figure, Trace, scatter
from watthouse.serve.figures.palette import Ink
from watthouse.serve.figures.power import line
from watthouse.serve.figures.style import Style, dressed


@dataclass(frozen=True)
class Curve:
    """A quantity through time: null where it is not known, which is drawn as a gap."""

    values: pl.Series
    ink: Ink
    unit: str
    partial: pl.Series | None = None
    """Whether a point stands for part of its interval only: it is marked with a ring."""


def two_axes(time: pl.Series, left: Curve, right: Curve, style: Style) -> Figure:
    """Two curves; each axis says in its curve's colour what it is of."""
    figure = Figure(
        [
            line(time, left.values, left.ink, style, left.unit),
            line(time, right.values, right.ink, style, right.unit, width=1.6) | {"yaxis": "y2"},
        ]
    )
    dressed(figure, style, showlegend=False, margin={"l": 56, "r": 56, "t": 16, "b": 32})
    if left.partial is not None:
        figure.add_trace(_rings(time.filter(left.partial), left.values.filter(left.partial), left.ink, style))
    # no grid of its own: two grids that do not meet are unreadable
    other = {"overlaying": "y", "side": "right", "showgrid": False, "automargin": True, "separatethousands": True}
    figure.update_layout(yaxis=_axis(left, style), yaxis2=_axis(right, style) | other | {"tickmode": "auto"})
    return figure


def _rings(time: pl.Series, values: pl.Series, ink: Ink, style: Style) -> Trace:
    ring = {"symbol": "circle", "size": 9, "color": style.paper, "line": {"color": style.ink(ink), "width": 2}}
    return scatter(x=time, y=values, mode="markers", marker=ring, hoverinfo="skip")


def _axis(curve: Curve, style: Style) -> dict[str, object]:
    ink = {"color": style.ink(curve.ink)}
    return {
        "exponentformat": "none",
        "visible": bool(curve.values.count()),  # no scale of nothing
        "title": {"text": f"{style.name(curve.ink)}, {curve.unit}", "font": ink},
        "tickfont": ink,
    }
