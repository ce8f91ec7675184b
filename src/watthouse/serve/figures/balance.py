"""What a region makes against what it uses."""

from collections.abc import Iterator
from itertools import pairwise

import polars as pl

from watthouse.serve.figures.figure import Figure, Trace, scatter
from watthouse.serve.figures.palette import DEFICIT, LOAD, PRODUCTION, SURPLUS, Ink
from watthouse.serve.figures.power import line
from watthouse.serve.figures.style import Style, dressed


def balance(rows: pl.DataFrame, production: str, load: str, unit: str, style: Style) -> Figure:
    """Production and load through time as lines, and what is left over or wanting as areas from 0.

    ``rows`` have ``starts``, the columns named and ``difference`` (of the time in which both are known), in ``unit``,
    oldest first.
    """
    time, difference = rows["starts"], rows["difference"]
    parts = ((SURPLUS, difference.clip(lower_bound=0)), (DEFICIT, difference.clip(upper_bound=0)))
    figure = Figure([area for ink, part in parts if part.abs().max() for area in _areas(time, part, ink, style)])
    figure.add_trace(line(time, rows[production], PRODUCTION, style, unit))
    figure.add_trace(line(time, rows[load], LOAD, style, unit))
    both = Ink("Balance", "Solde", style.text, style.text)
    # invisible: it only adds the balance to the box under the pointer
    figure.add_trace(line(time, difference, both, style, unit, width=0) | {"showlegend": False})
    return dressed(figure, style, unit).update_yaxes(tickformat=",")


def _areas(time: pl.Series, values: pl.Series, ink: Ink, style: Style) -> Iterator[Trace]:
    """A trace begins wherever values are known again: Plotly fills across the hole in one."""
    colour, name = style.ink(ink), style.name(ink)
    edge = {"width": 0, "color": colour}
    begins = values.is_not_null() & values.is_null().shift(fill_value=False)
    edges = [0, *begins.arg_true(), len(values)]
    for first, end in pairwise(edges):
        yield scatter(
            x=time[first:end],
            y=values[first:end],
            name=name,
            mode="lines",
            line=edge,
            fill="tozeroy",
            fillcolor=colour,
            hoverinfo="skip",
            legendgroup=name,
            showlegend=first == 0,
        )
