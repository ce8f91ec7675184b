"""The mix of the regions side by side, and sources over the years."""

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from watthouse.serve.figures.figure import Figure, Trace, bar, scatter
from watthouse.serve.figures.palette import REGIONAL, SOURCES
from watthouse.serve.figures.stack import hover_of
from watthouse.serve.figures.style import Style, dressed

# The least percentage that has room for its figure in the bar.
_WRITTEN_FROM: Final = 7
# Pixels a bar is high, with the gap to the next.
_ROW: Final = 30


def source_shares(rows: pl.DataFrame, style: Style) -> Figure:
    """What each source contributes to a region's production: one bar per region, the first row on top.

    ``rows`` have ``code_insee_region``, ``libelle_region`` and ``<source>_share`` (0 to 1, null for none). A click
    carries the region's code as ``customdata``.
    """
    figure = Figure([_bars(rows, name, style) for name in REGIONAL])
    dressed(
        figure, style, barmode="stack", bargap=0.22, hovermode="closest", dragmode=False,
        height=_ROW * rows.height + 80, margin={"l": 8, "r": 24, "t": 8, "b": 32},
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "normal"},
    )  # fmt: skip
    figure.update_xaxes(
        range=[0, 100],
        ticksuffix=style.say(en="%", fr="\u202f%"),
        showgrid=True,
        fixedrange=True,
        tickformatstops=(),
    )
    return figure.update_yaxes(autorange="reversed", showgrid=False, fixedrange=True, ticksuffix="  ")


def _bars(rows: pl.DataFrame, name: str, style: Style) -> Trace:
    percent = rows[f"{name}_share"].fill_null(0) * 100
    texts = [f"{style.language.number(value)}" if value >= _WRITTEN_FROM else "" for value in percent]
    return bar(
        name=style.name(SOURCES[name]),
        orientation="h",
        x=percent,
        y=rows["libelle_region"],
        text=texts,
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        marker={"color": style.ink(SOURCES[name]), "line": {"color": style.paper, "width": 0.5}},
        customdata=rows["code_insee_region"],
        hovertemplate=f"%{{y}}<br>{style.name(SOURCES[name])} <b>%{{x:.1f}}</b> %<extra></extra>",
    )


def yearly_sources(rows: pl.DataFrame, columns: Mapping[str, str], unit: str, style: Style) -> Figure:
    """What each source produced by year, one line per source; towards a last year that is not whole it is dotted.

    ``columns`` maps a source to its column; ``rows`` have ``starts`` (the first day of a year) and ``complete``, oldest
    first. A source without a value in any year has no line.
    """
    figure = Figure()
    for name, column in columns.items():
        if rows[column].is_not_null().any():
            figure.add_traces([*_segments(rows, name, column, style), _points(rows, name, column, unit, style)])
    dressed(figure, style, unit)
    figure.update_yaxes(tickformat=",", rangemode="tozero")
    return figure.update_xaxes(tickformat="d", dtick=1 if rows.height <= 20 else None, tickformatstops=())


def _segments(rows: pl.DataFrame, name: str, column: str, style: Style) -> Iterator[Trace]:
    settled = rows.height - (not all(rows["complete"][-1:]))
    # both parts share the last whole year, or there would be a gap
    for first, last, dash in ((0, settled, "solid"), (max(settled - 1, 0), rows.height, "dot")):
        yield scatter(
            x=rows["starts"].dt.year()[first:last],
            y=rows[column][first:last],
            mode="lines",
            line={"color": style.ink(SOURCES[name]), "width": 2, "dash": dash},
            legendgroup=name,
            showlegend=False,
            hoverinfo="skip",
        )


def _points(rows: pl.DataFrame, name: str, column: str, unit: str, style: Style) -> Trace:
    hover = hover_of(style.name(SOURCES[name]), unit)
    part = style.say(en=" (incomplete year)", fr=" (année incomplète)")
    return scatter(
        name=style.name(SOURCES[name]),
        x=rows["starts"].dt.year(),
        y=rows[column],
        mode="markers",
        marker={
            "color": style.ink(SOURCES[name]),
            "size": 7,
            "symbol": ["circle" if whole else "circle-open" for whole in rows["complete"]],
        },
        legendgroup=name,
        hovertemplate=[hover if whole else hover.replace("<extra>", f"{part}<extra>") for whole in rows["complete"]],
    )
