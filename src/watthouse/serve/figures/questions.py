"""The charts of the six questions: bars with bounds, clouds of like days, correlations with their intervals."""

from typing import Final

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from watthouse.serve.figures.palette import OTHER_PERIOD, PERIOD, SOURCES
from watthouse.serve.figures.style import Style, dressed

_SEASONS: Final = {"winter": "#4a7fb5", "spring": "#5fae74", "summer": "#e2b23f", "autumn": "#b9693a"}


def mix(rows: pl.DataFrame, style: Style) -> go.Figure:
    """Question 1: ``label``, ``share`` with ``day_low`` and ``day_high``, between which four days in five lie."""
    share, low, high = (rows[name] * 100 for name in ("share", "day_low", "day_high"))
    bars = go.Bar(
        y=rows["label"],
        x=share,
        orientation="h",
        marker={"color": [style.ink(SOURCES[name]) for name in rows["source"]]},
        error_x=_whiskers(share, low, high, style),
        customdata=pl.DataFrame({"low": low, "high": high}).rows(),
        hovertemplate="%{y}: <b>%{x:.1f}</b> % (%{customdata[0]:.1f}–%{customdata[1]:.1f})<extra></extra>",
    )
    return _named_rows(go.Figure(bars), style, style.say("% of production", "% de la production"))


def correlations(rows: pl.DataFrame, style: Style) -> go.Figure:
    """Questions 3 and 4: a row a source, ``correlation`` of anomalies with its interval, and the ``plain`` one."""
    colours = [style.ink(SOURCES[name]) for name in rows["source"]]
    anomalies = go.Scatter(
        y=rows["label"],
        x=rows["correlation"],
        mode="markers",
        name=style.say("without the season (95 % interval)", "sans la saison (intervalle à 95 %)"),
        marker={"size": 11, "color": colours},
        error_x=_whiskers(rows["correlation"], rows["low"], rows["high"], style),
        customdata=rows.select("low", "high").rows(),
        hovertemplate="%{y}: <b>%{x:.2f}</b> (%{customdata[0]:.2f}–%{customdata[1]:.2f})<extra></extra>",
    )
    plain = go.Scatter(
        y=rows["label"],
        x=rows["plain"],
        mode="markers",
        name=style.say("plain, season included", "brute, saison comprise"),
        marker={"size": 10, "symbol": "diamond-open", "color": style.ink(OTHER_PERIOD), "line": {"width": 2}},
        hovertemplate="%{y}: %{x:.2f}<extra></extra>",
    )
    figure = _named_rows(go.Figure([plain, anomalies]), style, style.say("correlation", "corrélation"))
    figure.add_vline(x=0, line={"color": style.text, "width": 1})
    return figure.update_xaxes(range=[-1.05, 1.05])


def seasons(rows: pl.DataFrame, style: Style) -> go.Figure:
    """Question 5: ``share`` by source and season, with its interval."""
    figure = go.Figure()
    for season, colour in _SEASONS.items():
        part = rows.filter(pl.col("season") == season)
        if part.height:
            share, low, high = (part[name] * 100 for name in ("share", "low", "high"))
            figure.add_trace(
                go.Bar(
                    x=part["label"],
                    y=share,
                    name=part["season_label"][0],
                    marker={"color": colour},
                    error_y=_whiskers(share, low, high, style),
                    hovertemplate="%{x}: <b>%{y:.1f}</b> %<extra>%{fullData.name}</extra>",
                )
            )
    unit = style.say("% of production", "% de la production")
    dressed(figure, style, hovermode="closest", barmode="group")
    return figure.update_yaxes(title={"text": unit})


def clouds(rows: pl.DataFrame, style: Style, across: str) -> go.Figure:
    """Questions 2 and 6: days of like ``x`` as points, the band of four in five; as they stand, and without the season.

    A row of panels a ``response``; ``across`` says what the horizontal axis is.
    """
    responses = rows["response"].unique(maintain_order=True).to_list()
    kinds = {
        "plain": style.say("as they stand", "tels quels"),
        "anomaly": style.say("without the season", "sans la saison"),
    }
    labels = [rows.filter(pl.col("response") == response)["label"][0] for response in responses]
    titles = [f"{label}, {kind}" for label in labels for kind in kinds.values()]
    figure = make_subplots(len(responses), 2, subplot_titles=titles, vertical_spacing=0.2, horizontal_spacing=0.1)
    for down, response in enumerate(responses, 1):
        for right, kind in enumerate(kinds, 1):
            part = rows.filter((pl.col("response") == response) & (pl.col("kind") == kind))
            if part.height:
                figure.add_traces(_cloud(part, style), rows=down, cols=right)
                figure.update_xaxes(
                    title={"text": f"{across} ({part['x_unit'][0]})", "standoff": 4}, row=down, col=right
                )
                figure.update_yaxes(title={"text": part["y_unit"][0], "standoff": 4}, row=down, col=right)
    figure.update_annotations(font={"size": 12})
    return dressed(figure, style, hovermode="closest", showlegend=False, margin={"t": 30, "b": 44})


def _cloud(part: pl.DataFrame, style: Style) -> list[go.Scatter]:
    colour = style.ink(PERIOD)
    band = go.Scatter(
        x=pl.concat([part["x"], part["x"].reverse()]),
        y=pl.concat([part["y_high"], part["y_low"].reverse()]),
        fill="toself",
        mode="none",
        fillcolor=colour,
        opacity=0.18,
        hoverinfo="skip",
    )
    means = go.Scatter(
        x=part["x"],
        y=part["y"],
        mode="lines+markers",
        line={"color": colour, "width": 1.4},
        marker={"size": 7, "color": colour},
        customdata=part["days"],
        hovertemplate="%{x:,.1f} → <b>%{y:,.0f}</b> (%{customdata})<extra></extra>",
    )
    return [band, means]


def _whiskers(value: pl.Series, low: pl.Series, high: pl.Series, style: Style) -> dict[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "array": high - value,
        "arrayminus": value - low,
        "color": style.text,
        "thickness": 1.4,
        "width": 4,
    }


def _named_rows(figure: go.Figure, style: Style, unit: str) -> go.Figure:
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    dressed(figure, style, hovermode="closest", legend=legend, margin={"l": 110, "b": 44})
    figure.update_yaxes(autorange="reversed")
    return figure.update_xaxes(title={"text": unit}, showgrid=True)
