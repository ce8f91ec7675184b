"""The charts of the six questions: bars with whiskers, clouds of like days, correlations with their intervals."""

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from watthouse.serve.figures.figure import Figure, Trace, bar, scatter
from watthouse.serve.figures.palette import NET_EXPORT, OTHER_PERIOD, PERIOD, SEASONS, SOURCES, STOCK, TEMPERATURE
from watthouse.serve.figures.style import Style, dressed
from watthouse.serve.locale import Text

_SEASONS: Final = dict(zip(("winter", "spring", "summer", "autumn"), SEASONS, strict=True))
_RESPONSES: Final = {
    "stock_gaz_gwh": Text(en=STOCK.en, fr=STOCK.fr),
    "stock_gaz_change_gwh": Text(en="Day-to-day change of gas in storage", fr="Variation journalière du gaz en stock"),
    "exchanged_gwh": Text(en="Exchanges, both ways", fr="Échanges, dans les deux sens"),
    "net_export_gwh": Text(en=NET_EXPORT.en, fr=NET_EXPORT.fr),
}
# What the days of a point have in common, by its unit.
_DRIVERS: Final = {"°C": TEMPERATURE, "GWh": STOCK}
_FIXED: Final = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Panel:
    """A small chart of several, with its title."""

    title: str
    figure: Figure


def mix(rows: pl.DataFrame, style: Style) -> Figure:
    """RowSet 1: ``source``, ``share`` with ``day_low`` and ``day_high``, between which four days in five lie."""
    share, low, high = (rows[name] * 100 for name in ("share", "day_low", "day_high"))
    days = _apart("%{customdata[0]:.1f}", "%{customdata[1]:.1f}", _percent(style), style)
    spread = style.say(en="Four days in five", fr="Quatre jours sur cinq")
    bars = bar(
        y=_names(rows, style),
        x=share,
        orientation="h",
        marker={"color": [style.ink(SOURCES[name]) for name in rows["source"]]},
        error_x=_whiskers(share, low, high, style) if differ(rows) else None,
        customdata=pl.DataFrame({"low": low, "high": high}).rows(),
        hovertemplate=f"%{{y}}{_colon(style)} <b>%{{x:.1f}}{_percent(style)}</b> {_of_production(style)}"
        + (f"<br>{spread}{_colon(style)} {days}" if differ(rows) else "")
        + "<extra></extra>",
    )
    return _named_rows(Figure(bars), style, f"% {_of_production(style)}")


def differ(rows: pl.DataFrame) -> bool:
    """Whether the days of a mix differ: a single one does not from itself."""
    return bool((rows["day_high"] > rows["day_low"]).any())


def correlations(rows: pl.DataFrame, style: Style) -> Figure:
    """Questions 3 and 4: one row per source, ``correlation`` of anomalies with its interval, and the ``plain`` one."""
    plain = scatter(
        y=_names(rows, style),
        x=rows["plain"],
        mode="markers",
        name=style.say(en="plain, season included", fr="brute, saison comprise"),
        marker={"size": 10, "symbol": "diamond-open", "color": style.ink(OTHER_PERIOD), "line": {"width": 2}},
        hovertemplate=f"%{{y}}{_colon(style)} <b>%{{x:.2f}}</b><extra>%{{fullData.name}}</extra>",
    )
    # a legend entry without a point would announce what is not there
    traces = [plain] if rows["correlation"].is_null().all() else [plain, _anomalies(rows, style)]
    figure = _named_rows(Figure(traces), style, style.say(en="correlation", fr="corrélation"))
    figure.add_shape(
        type="line", xref="x", x0=0, x1=0, yref="y domain", y0=0, y1=1, line={"color": style.text, "width": 1}
    )
    return figure.update_xaxes(range=[-1.05, 1.05]).update_layout(showlegend=True)


def _anomalies(rows: pl.DataFrame, style: Style) -> Trace:
    interval = style.say(en="95% interval", fr=f"intervalle à 95{_percent(style)}")
    ends = _apart("%{customdata[0]:.2f}", "%{customdata[1]:.2f}", "", style)
    return scatter(
        y=_names(rows, style),
        x=rows["correlation"],
        mode="markers",
        name=style.say(en=f"season removed ({interval})", fr=f"hors saison ({interval})"),
        marker={"size": 11, "color": [style.ink(SOURCES[name]) for name in rows["source"]]},
        error_x=_whiskers(rows["correlation"], rows["low"], rows["high"], style),
        customdata=rows.select("low", "high").rows(),
        hovertemplate=f"%{{y}}{_colon(style)} <b>%{{x:.2f}}</b><br>{interval}{_colon(style)} {ends}<extra></extra>",
    )


def seasons(rows: pl.DataFrame, style: Style) -> Figure:
    """RowSet 5: ``share`` by source and season, with its interval."""
    figure = Figure()
    interval = style.say(en="95% interval", fr=f"Intervalle à 95{_percent(style)}")
    ends = _apart("%{customdata[0]:.1f}", "%{customdata[1]:.1f}", _percent(style), style)
    for season, ink in _SEASONS.items():
        part = rows.filter(pl.col("season") == season)
        if part.height:
            share, low, high = (part[name] * 100 for name in ("share", "low", "high"))
            figure.add_trace(
                bar(
                    x=_names(part, style),
                    y=share,
                    name=style.name(ink),
                    marker={"color": style.ink(ink)},
                    error_y=_whiskers(share, low, high, style),
                    customdata=pl.DataFrame({"low": low, "high": high}).rows(),
                    hovertemplate=f"%{{x}}{_colon(style)} <b>%{{y:.1f}}{_percent(style)}</b> {_of_production(style)}"
                    f"<br>{interval}{_colon(style)} {ends}<extra>%{{fullData.name}}</extra>",
                )
            )
    return dressed(figure, style, f"% {_of_production(style)}", hovermode="closest", barmode="group", showlegend=True)


def clouds(rows: pl.DataFrame, style: Style) -> list[Panel]:
    """Questions 2 and 6: days of like ``x`` as points, the band of four in five; with the season, and without it.

    A panel for each ``response`` and ``kind`` that there is.
    """
    kinds = {
        "plain": style.say(en="season included", fr="saison comprise"),
        "anomaly": style.say(en="season removed", fr="hors saison"),
    }
    return [
        Panel(f"{_RESPONSES[part['response'][0]].of(style.language)}, {kinds[part['kind'][0]]}", _panel(part, style))
        for part in rows.partition_by("response", "kind", maintain_order=True)
    ]


def _panel(part: pl.DataFrame, style: Style) -> Figure:
    across, unit = style.name(_DRIVERS[part["x_unit"][0]]), part["x_unit"][0]
    usual = style.say(en=", departure from normal", fr=", écart à la normale") if part["kind"][0] == "anomaly" else ""
    figure = Figure(_cloud(part, style))
    dressed(figure, style, f"{part['y_unit'][0]}{usual}", hovermode="closest", showlegend=False, margin={"b": 44})
    ticks: dict[str, Any] = {
        "separatethousands": True,
        "exponentformat": "none",
        "tickangle": 0,
        "nticks": 8 if unit == "°C" else 5,
    }
    return figure.update_xaxes(
        title={"text": f"{across}{usual} ({unit})", "standoff": 4, "font": {"size": 12}}, **ticks
    )


def _cloud(part: pl.DataFrame, style: Style) -> list[Trace]:
    colour = style.ink(PERIOD)
    band = scatter(
        x=pl.concat([part["x"], part["x"].reverse()]),
        y=pl.concat([part["y_high"], part["y_low"].reverse()]),
        fill="toself",
        mode="none",
        fillcolor=colour,
        opacity=0.18,
        hoverinfo="skip",
    )
    means = scatter(
        x=part["x"],
        y=part["y"],
        mode="lines+markers",
        line={"color": colour, "width": 1.4},
        marker={"size": 7, "color": colour},
        customdata=part.select("y_low", "y_high", "days").rows(),
        hovertemplate=_hover(part, style),
    )
    return [band, means]


def _hover(part: pl.DataFrame, style: Style) -> str:
    """What each number of a point is."""
    x_unit, y_unit, colon = part["x_unit"][0], part["y_unit"][0], _colon(style)
    digits = ",.1f" if x_unit == "°C" else ",.0f"
    lines = (
        (style.name(_DRIVERS[x_unit]), f"%{{x:{digits}}}{_FIXED}{x_unit}"),
        (_RESPONSES[part["response"][0]].of(style.language), f"<b>%{{y:,.0f}}{_FIXED}{y_unit}</b>"),
        (
            style.say(en="Four days in five", fr="Quatre jours sur cinq"),
            _apart("%{customdata[0]:,.0f}", "%{customdata[1]:,.0f}", f"{_FIXED}{y_unit}", style),
        ),
        (style.say(en="Days", fr="Jours"), "%{customdata[2]:,d}"),
    )
    return "<br>".join(f"{name}{colon} {value}" for name, value in lines) + "<extra></extra>"


def _names(rows: pl.DataFrame, style: Style) -> list[str]:
    return [style.name(SOURCES[name]) for name in rows["source"]]


def _apart(low: str, high: str, unit: str, style: Style) -> str:
    return f"{low} {style.say(en='to', fr='à')} {high}{unit}"


def _percent(style: Style) -> str:
    return style.say(en="%", fr="\N{NARROW NO-BREAK SPACE}%")


def _colon(style: Style) -> str:
    return style.say(en=":", fr=f"{_FIXED}:")


def _of_production(style: Style) -> str:
    return style.say(en="of production", fr="de la production")


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


def _named_rows(figure: Figure, style: Style, unit: str) -> Figure:
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    dressed(figure, style, hovermode="closest", legend=legend, margin={"l": 80, "t": 30, "b": 44})
    figure.update_yaxes(autorange="reversed")
    return figure.update_xaxes(title={"text": unit}, showgrid=True)
