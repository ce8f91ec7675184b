"""Temperature through time."""

from datetime import date
from typing import Final

import polars as pl

from watthouse.serve.figures.figure import Figure, Trace, scatter
from watthouse.serve.figures.palette import TEMPERATURE
from watthouse.serve.figures.power import line
from watthouse.serve.figures.stack import hover_of
from watthouse.serve.figures.style import Style, dressed

# Intervals up to which each has a mark, so that a single one is seen.
_FEW: Final = 40


def temperature(rows: pl.DataFrame, style: Style, period: tuple[date, date]) -> Figure:
    """The mean (``tmoy_c``) as a line on the band from the lowest (``tmin_c``) to the highest (``tmax_c``), °C.

    ``rows`` have ``starts``, oldest first. The axis is the whole ``period``, of which only a part may be known.
    """
    figure = Figure([_edge(rows, "tmax_c", style.say(en="Highest", fr="Maximale"))])
    # after the highest: Plotly fills towards the trace before
    lowest = _edge(rows, "tmin_c", style.say(en="Lowest", fr="Minimale"))
    figure.add_trace(lowest | {"fill": "tonexty", "fillcolor": "rgba(91, 156, 224, 0.25)"})
    mean = line(rows["starts"], rows["tmoy_c"], TEMPERATURE, style, "°C")
    figure.add_trace(mean | {"mode": "lines+markers" if rows.height <= _FEW else "lines"})
    # temperatures come by the month: the axis shows how much is still missing
    return dressed(figure, style, "°C", showlegend=False, xaxis={"range": [*period]})


def _edge(rows: pl.DataFrame, column: str, name: str) -> Trace:
    return scatter(
        x=rows["starts"], y=rows[column], name=name, mode="lines", line={"width": 0}, hovertemplate=hover_of(name, "°C")
    )
