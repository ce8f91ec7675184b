"""What all figures have in common: paper, grid, type, the language of their axes."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any, Final

from watthouse.serve.figures.figure import Figure, written
from watthouse.serve.figures.palette import Ink
from watthouse.serve.locale import Language, Say

TYPE: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_MARGIN: Final = {"l": 52, "r": 16, "t": 12, "b": 32}


@dataclass(frozen=True)
class Style:
    """For whom a figure is drawn."""

    language: Language = Language.ENGLISH
    dark: bool = False

    @cached_property
    def say(self) -> Say:
        """``say(en=…, fr=…)`` gives the words of its language."""
        return self.language.say

    def ink(self, ink: Ink) -> str:
        return ink.dark if self.dark else ink.light

    def name(self, ink: Ink) -> str:
        return self.say(en=ink.en, fr=ink.fr)

    @cached_property
    def text(self) -> str:
        return "#d5dbe3" if self.dark else "#39424e"

    @cached_property
    def soft(self) -> str:
        return "#8b95a1" if self.dark else "#7a8491"

    @cached_property
    def grid(self) -> str:
        return "#333c49" if self.dark else "#e4e8ed"

    @cached_property
    def paper(self) -> str:
        return "#1b222c" if self.dark else "#ffffff"


def dressed(figure: Figure, style: Style, y: str = "", **layout: Any) -> Figure:
    """The figure in watthouse's dress; ``y`` is the unit of its values, written above the axis."""
    if y:
        layout["annotations"] = [*figure.layout.get("annotations", ()), _UNIT | {"text": y}]
        # room for the unit above the axis
        layout["margin"] = _MARGIN | {"t": 26} | layout.get("margin", {})
    if isinstance(first := _first(figure), date):  # a template cannot say this
        axis = {"tickformatstops": _DAY_FIRST, "tickangle": 0, "hoverformat": _hover_of(first)}
        figure.update_xaxes(axis | _only(figure))
    return figure.update_layout(**layout, template=_template(style))


def _drawn(figure: Figure) -> list[Any]:
    """The horizontal places of each trace that has any."""
    return [trace["x"] for trace in figure.data if len(trace.get("x", ()))]


def _first(figure: Figure) -> Any:
    return next((x[0] for x in _drawn(figure)), None)


def _hover_of(first: date) -> str:
    """How the instant under the pointer is written: with the time of day, where the axis has it."""
    return "%-d %b %Y, %H:%M" if isinstance(first, datetime) else "%-d %b %Y"


def _only(figure: Figure) -> dict[str, object]:
    """One tick where there is one day: Plotly would cut it into milliseconds."""
    drawn = _drawn(figure)
    days = {written(x[0]) for x in drawn} if all(len(x) == 1 for x in drawn) else set()
    return {"tickvals": [*days], "tickformatstops": [], "tickformat": "%-d %b %Y"} if len(days) == 1 else {}


@lru_cache
def _template(style: Style) -> dict[str, Any]:
    axis = {"gridcolor": style.grid, "linecolor": style.grid, "zerolinecolor": style.grid, "automargin": True}
    box = {"bgcolor": style.paper, "bordercolor": style.grid, "font": {"color": style.text, "size": 12}}
    return {
        "layout": {
            "font": {"family": TYPE, "size": 12, "color": style.text},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "margin": _MARGIN,
            "separators": "".join(style.language.separators),
            "hovermode": "x unified",
            "hoverlabel": box,
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": style.soft, "activecolor": style.text},
            "legend": _LEGEND,
            "xaxis": axis | {"showgrid": False},
            "yaxis": axis | {"separatethousands": True, "exponentformat": "none"},
        }
    }


_LEGEND: Final = {
    "orientation": "h", "y": -0.16, "x": 0, "yanchor": "top", "traceorder": "normal", "font": {"size": 11},
}  # fmt: skip
_UNIT: Final = {
    "xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "xshift": -46,
    "yshift": 2, "showarrow": False, "font": {"size": 11},
}  # fmt: skip
_DAY, _MONTH = 86_400_000, "M1"
# The day before the month, as in all that is written beside a figure.
_DAY_FIRST: Final = [
    {"dtickrange": [None, _DAY - 1], "value": "%H:%M\n%-d %b %Y"},
    {"dtickrange": [_DAY, _MONTH], "value": "%-d %b\n%Y"},
    {"dtickrange": [_MONTH, "M12"], "value": "%b\n%Y"},
    {"dtickrange": ["M12", None], "value": "%Y"},
]

_FRENCH: Final = {
    "format": {
        "days": ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"],
        "shortDays": ["dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."],
        "months": [
            "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
            "décembre",
        ],
        "shortMonths": [
            "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.",
        ],
        "date": "%d/%m/%Y",
    },
    "dictionary": {
        "Download plot as a PNG": "Télécharger l'image (PNG)",
        "Zoom": "Agrandir",
        "Pan": "Déplacer",
        "Reset axes": "Vue initiale",
        "Autoscale": "Échelle automatique",
        "Double-click to zoom back out": "Double-cliquer pour la vue initiale",
    },
}  # fmt: skip


# Plotly offers readers to upload a chart to its cloud, unless it is told not to.
_AT_HOME: Final = {"showSendToCloud": False, "showEditInChartStudio": False, "plotlyServerURL": ""}


def behaviour(style: Style, name: str) -> dict[str, Any]:
    """How a figure behaves in a browser: Plotly's ``config``. ``name`` is that of a downloaded picture."""
    return {
        **_AT_HOME,
        "displaylogo": False,
        "responsive": True,
        "locale": style.language.value,
        # plotly.js brings English only; the others are scripts of their own
        "locales": {"fr": _FRENCH},
        "modeBarButtonsToRemove": ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
        "toImageButtonOptions": {"filename": f"watthouse-{name}", "scale": 2},
    }
