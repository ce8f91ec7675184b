"""Power and energy through time: the mix, load and its forecasts, exchanges at the borders, CO₂."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from watthouse.serve.figures.figure import Figure, Trace, bar, scatter, trace_of
from watthouse.serve.figures.palette import (
    BORDERS,
    CARBON,
    CARBON_SCALE,
    FORECAST,
    FORECAST_BEFORE,
    LOAD,
    PALE,
    PUMPING,
    SOURCES,
    Ink,
)
from watthouse.serve.figures.stack import FEW, Layer, hover_of, stacked
from watthouse.serve.figures.style import Style, dressed


def mix(rows: pl.DataFrame, columns: Mapping[str, str], time: str, unit: str, style: Style, load: str = "") -> Figure:
    """Sources stacked through time; ``columns`` maps a source to its column, ``load`` is drawn as a line above them.

    ``time`` is the column of intervals' beginnings. Shares (0 to 1) are drawn as percentages where ``unit`` is ``%``.
    Bars of intervals that are not ``complete`` are pale, where ``rows`` say so, and the line towards the last dotted.
    Many intervals are areas, with a gap where a source is not known.
    """
    # MW are a level, drawn as areas; energy is an amount per interval, drawn as bars
    bars = rows.height == 1 or (unit != "MW" and rows.height <= FEW)
    whole = whole_of(rows)
    layers = [
        Layer(values, PUMPING if source == "pompage" else SOURCES[source], below=source == "pompage")
        for source, column in columns.items()
        # a source that produced nothing would only lengthen the legend
        if (values := _values(rows, column, unit)).null_count() < rows.height and values.abs().max()
    ]
    figure = Figure([*stacked(rows[time], layers, style, unit, bars=bars, whole=whole)])
    if load:
        figure.add_traces([*_towards(rows[time], _values(rows, load, unit), whole, style, unit)])
    figure.update_layout(barmode="relative", bargap=0.08)
    return dressed(figure, style, unit)


def _values(rows: pl.DataFrame, column: str, unit: str) -> pl.Series:
    return rows[column] * 100 if unit == "%" else rows[column]


def whole_of(rows: pl.DataFrame) -> pl.Series | None:
    """Whether each interval was measured in full, where ``rows`` say it and not all were."""
    return rows["complete"] if "complete" in rows.columns and not rows["complete"].all() else None


def _towards(time: pl.Series, values: pl.Series, whole: pl.Series | None, style: Style, unit: str) -> Iterator[Trace]:
    """The load; in dots from the last interval that was measured in full, if more follow it."""
    settled = len(time) if whole is None else max((at for at, measured in enumerate(whole) if measured), default=0) + 1
    yield line(time[:settled], values[:settled], LOAD, style, unit)
    if settled < len(time):
        more = line(time[settled - 1 :], values[settled - 1 :], LOAD, style, unit, dash="dot")
        yield more | {"showlegend": False}


def line(
    time: pl.Series, values: pl.Series, ink: Ink, style: Style, unit: str, *, dash: str = "solid", width: float = 2
) -> Trace:
    """A line with a gap where nothing is known."""
    name = style.name(ink)
    return scatter(
        x=time,
        y=values,
        name=name,
        mode="lines" if values.count() > 1 else "lines+markers",  # a line through one point is nothing
        line={"color": style.ink(ink), "width": width, "dash": dash},
        hovertemplate=hover_of(name, unit),
    )


def load(rows: pl.DataFrame, style: Style) -> Figure:
    """Load of a day against its forecasts, MW: ``date_heure``, ``consommation``, ``prevision_j1``, ``prevision_j``."""
    time = rows["date_heure"]
    figure = Figure(
        [
            line(time, rows["prevision_j1"], FORECAST_BEFORE, style, "MW", dash="dot", width=1.6),
            line(time, rows["prevision_j"], FORECAST, style, "MW", dash="dash", width=1.6),
            line(time, rows["consommation"], LOAD, style, "MW", width=2.6),
        ]
    )
    return dressed(figure, style, "MW")


def carbon(time: pl.Series, rate: pl.Series, style: Style) -> Figure:
    """CO₂ intensity through time, g/kWh, on bands of the scale from green to brown."""
    top = max(float(rate.max() or 0) * 1.15, 80)  # type: ignore[arg-type]
    figure = Figure([line(time, rate, CARBON, style, "g/kWh", width=2.4)])
    for (low, colour), (high, _) in zip(CARBON_SCALE, [*CARBON_SCALE[1:], (10_000, "")], strict=True):
        if low < top:
            figure.add_shape(
                type="rect", xref="x domain", x0=0, x1=1, yref="y", y0=low, y1=min(high, top),
                fillcolor=colour, opacity=0.16, line={"width": 0}, layer="below",
            )  # fmt: skip
    return dressed(figure, style, "g/kWh", yaxis={"range": [0, top]}, showlegend=False)


def borders(rows: pl.DataFrame, time: str, unit: str, style: Style, suffix: str = "", balance: str = "") -> Figure:
    """Commercial exchanges by border through time, exports above the line: ``ech_comm_<border><suffix>``.

    The columns are signed as published, imports positive. ``balance`` is a column drawn as a line, signed likewise.
    """
    bars = rows.height <= FEW
    layers = [
        layer
        for border, ink in BORDERS.items()
        if (values := -rows[f"ech_comm_{border}{suffix}"]).null_count() < rows.height
        for layer in _out_and_in(values, ink, bars=bars)
    ]
    figure = Figure([*stacked(rows[time], layers, style, unit, bars=bars)])
    if balance:
        net = Ink("Balance", "Solde", LOAD.light, LOAD.dark)
        figure.add_trace(line(rows[time], -rows[balance], net, style, unit))
    return dressed(figure, style, style.say(en=f"{unit}, exports above 0", fr=f"{unit}, exportations au-dessus de 0"),
                   barmode="relative", bargap=0.08)  # fmt: skip


def _out_and_in(values: pl.Series, ink: Ink, *, bars: bool) -> Iterator[Layer]:
    """Bars stack what is negative by themselves, areas do not."""
    if bars:
        yield Layer(values, ink)
        return
    # one border may export and import within a day
    yield Layer(values.clip(lower_bound=0), ink)
    yield Layer(values.clip(upper_bound=0), ink, below=True)


def donut(parts: Sequence[tuple[Ink, float | None]], unit: str, style: Style, middle: str = "") -> Figure:
    """Parts of a whole, clockwise from the top in the order given; ``middle`` is the text in the centre."""
    # a part of 0 would leave a legend entry without a slice
    known = [(ink, value) for ink, value in parts if value]
    figure = Figure(
        trace_of(
            "pie",
            labels=[style.name(ink) for ink, _ in known],
            values=[value for _, value in known],
            marker={"colors": [style.ink(ink) for ink, _ in known], "line": {"color": style.paper, "width": 2}},
            hole=0.58,
            sort=False,
            direction="clockwise",
            texttemplate="%{percent:.0%}",
            textposition="inside",
            insidetextorientation="horizontal",
            hovertemplate=f"%{{label}} <b>%{{value:,.0f}}</b> {unit} (%{{percent:.1%}})<extra></extra>",
        )
    )
    figure.add_annotation(text=middle, x=0.5, y=0.5, showarrow=False, font={"size": 14})
    return dressed(
        figure, style, hovermode="closest", uniformtext={"minsize": 10, "mode": "hide"},
        legend={"x": 0.5, "xanchor": "center", "y": -0.04}, margin={"l": 8, "r": 8, "t": 8, "b": 8},
    )  # fmt: skip


@dataclass(frozen=True)
class BarSeries:
    """One of the series of a comparison: its name, its values, its colour, and which of its bars are pale."""

    name: str
    values: Sequence[float | None]
    colour: str
    pale: Sequence[bool] = ()


def side_by_side(names: Sequence[str], series: Sequence[BarSeries], unit: str, style: Style) -> Figure:
    """A value of each series for every name, as bars one above the other; the first name is at the top."""
    bars = [
        bar(
            y=list(names),
            x=list(side.values),
            name=side.name,
            orientation="h",
            marker={"color": side.colour, "opacity": [PALE if one else 1 for one in side.pale] or 1},
            hovertemplate=f"%{{y}}, {side.name}: <b>%{{x:,.1f}}</b> {unit}<extra></extra>",
        )
        for side in series
    ]
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    figure = dressed(Figure(bars), style, hovermode="closest", bargap=0.3, legend=legend)
    # Plotly puts the first bar at the bottom
    figure.update_yaxes(autorange="reversed")
    return figure.update_xaxes(
        title={"text": unit}, showgrid=True, separatethousands=True, exponentformat="none", tickangle=0
    )
