"""A day that is under way, and the slot that was measured last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from watthouse.serve.figures import power
from watthouse.serve.figures.figure import Figure, bar, scatter
from watthouse.serve.figures.palette import FORECAST, SOURCES
from watthouse.serve.figures.style import Style, dressed


def day(rows: pl.DataFrame, sources: Sequence[str], ends: tuple[datetime, datetime], style: Style) -> Figure:
    """Each source, load and the forecast of the day, MW, over a whole day from its first to its last instant.

    ``rows`` have ``starts``, ``<source>_mw``, ``pompage_mw``, ``consommation_mw`` and, for France, ``prevision_j_mw``;
    a slot that is not known yet is a row of nulls.
    """
    columns = {source: f"{source}_mw" for source in (*sources, "pompage")}
    if rows["consommation_mw"].count() == 0:
        return empty(style.say(en="No slot measured yet", fr="Aucun pas de temps mesuré"), style)
    figure = power.mix(rows, columns, "starts", "MW", style, load="consommation_mw")
    if "prevision_j_mw" in rows.columns and rows["prevision_j_mw"].count():
        figure.add_trace(power.line(rows["starts"], rows["prevision_j_mw"], FORECAST, style, "MW", dash="dash"))
    # the whole day, so that what is still to come is seen to be
    return figure.update_xaxes(range=[*ends])


@dataclass(frozen=True)
class SourceNow:
    """What a source makes in a slot, MW, and its share of production, %."""

    source: str
    mw: float
    share: float | None


def sources(now: Sequence[SourceNow], style: Style) -> Figure:
    """What each source makes, MW, the first one at the top; its share of production beside it."""
    if not now:
        return empty(style.say(en="No source known", fr="Aucune filière connue"), style)
    speak = style.language
    figure = Figure(
        bar(
            y=[style.name(SOURCES[one.source]) for one in now],
            x=[one.mw for one in now],
            orientation="h",
            marker={"color": [style.ink(SOURCES[one.source]) for one in now]},
            text=["" if one.share is None else speak.percent(one.share / 100) for one in now],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: <b>%{x:,.0f}</b> MW (%{text})<extra></extra>",
        )
    )
    dressed(figure, style, hovermode="closest", bargap=0.25, showlegend=False, margin={"r": 56})
    # Plotly puts the first bar at the bottom, and names without a gap beside the bars
    figure.update_yaxes(autorange="reversed", ticksuffix="\u2002")
    return figure.update_xaxes(title={"text": "MW"}, showgrid=True, separatethousands=True, tickangle=0)


def empty(words: str, style: Style) -> Figure:
    """A figure in whose place these words stand, until there is something to draw."""
    figure = Figure(scatter(x=[], y=[], showlegend=False))
    figure.add_annotation(text=words, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False)
    return dressed(figure, style, xaxis={"visible": False}, yaxis={"visible": False})
