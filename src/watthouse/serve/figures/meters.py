"""A channel of a meter: its curve, its days, and its times of day."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from watthouse.serve.figures.figure import Figure, Trace, bar, colorscale, heatmap, scatter
from watthouse.serve.figures.palette import METER, METER_BAND, MISSING, PALE, SEQUENTIAL, Ink
from watthouse.serve.figures.style import Style, dressed

_MARKED: Final = 40
"""Days up to which each mean has a mark."""
_TICKS: Final = 5
_A_DAY: Final = 24 * 60
_SCALE: Final = {
    "outlinewidth": 0,
    "orientation": "h",
    "x": 0.5,
    "y": -0.12,
    "yanchor": "top",
    "len": 1,
    "thickness": 10,
    "nticks": 5,
    "tickangle": 0,
}


def curve(rows: pl.DataFrame, unit: str, style: Style) -> Figure:
    """The values as steps that last as long as their intervals, with a gap wherever none follows at once.

    ``rows`` have ``starts`` and ``ends`` by a clock on the wall (``ends`` null where it is not known), ``value`` in
    ``unit``, and ``complete`` (null: not told), in order of time: the hour that comes twice in autumn is drawn twice.
    """
    steps = _steps(rows)
    name = style.name(METER)
    figure = Figure(
        scatter(
            x=steps["at"],
            y=steps["value"],
            name=name,
            mode="lines",
            line={"color": style.ink(METER), "width": 1.8, "shape": "hv"},
            hovertemplate=_hover(name, unit),
        )
    )
    alone = rows.filter(pl.col("ends").is_null())
    if alone.height:
        figure.add_trace(_marks(alone, name, "circle", unit, style))
    partly = rows.filter(~pl.col("complete"))
    if partly.height:
        words = style.say(en="Measured in part", fr="Mesuré en partie")
        figure.add_trace(_marks(partly, words, "circle-open", unit, style))
    _above_zero(figure, rows["value"])
    return dressed(figure, style, unit, showlegend=partly.height > 0)


def bars(rows: pl.DataFrame, unit: str, style: Style, ink: Ink = METER) -> Figure:
    """An amount a day, in ``unit``: ``civil_date``, ``value``, ``complete``; pale where a day was measured in part."""
    name = style.name(ink)
    figure = Figure(
        bar(
            x=rows["civil_date"],
            y=rows["value"],
            name=name,
            marker={"color": style.ink(ink), "opacity": _opacity(rows)},
            hovertemplate=_hover(name, unit),
        )
    )
    _above_zero(figure, rows["value"])
    return by_day(dressed(figure, style, unit, bargap=0.12, showlegend=False), rows["civil_date"])


def band(rows: pl.DataFrame, unit: str, style: Style) -> Figure:
    """From the least value of each day to its greatest, and the mean: ``civil_date``, ``least``, ``mean``,
    ``greatest`` (null on a day without readings), in ``unit``, and ``complete``; pale where measured in part."""
    spread, mean = style.name(METER_BAND), style.say(en="Mean", fr="Moyenne")
    figure = Figure(
        bar(
            x=rows["civil_date"],
            y=rows["greatest"] - rows["least"],
            base=rows["least"],
            name=spread,
            marker={"color": style.ink(METER_BAND), "opacity": _opacity(rows)},
            customdata=rows.select("least", "greatest").rows(),
            hovertemplate=f"{spread} <b>%{{customdata[0]:,.2f}} – %{{customdata[1]:,.2f}}</b> {unit}<extra></extra>",
        )
    )
    figure.add_trace(
        scatter(
            x=rows["civil_date"],
            y=rows["mean"],
            name=mean,
            mode="lines+markers" if rows.height <= _MARKED else "lines",
            line={"color": style.ink(METER), "width": 2},
            hovertemplate=_hover(mean, unit),
        )
    )
    _above_zero(figure, pl.concat([rows["least"], rows["greatest"]]))
    return by_day(dressed(figure, style, unit, bargap=0.12, showlegend=True), rows["civil_date"])


def heat_map(cells: pl.DataFrame, minutes: int, unit: str, style: Style) -> Figure:
    """The value of each day and time of day, from light to dark; one that is missing has a colour of its own.

    ``cells`` of ``minutes`` each have ``civil_date``, ``minute``, ``again`` and ``value`` (null where missing), in
    ``unit``. A cell that a day does not have stays blank: the hour that a clock skips in spring, and on all other
    days that which comes twice in autumn.
    """
    lines = {line: number for number, line in enumerate(_lines(cells, minutes))}
    days = cells["civil_date"].unique().sort()
    placed = cells.with_columns(
        line=pl.Series([lines[place] for place in cells.select("minute", "again").iter_rows()], dtype=pl.Int64),
        column=(pl.col("civil_date") - days[0]).dt.total_days(),
    )
    names = [_clock(minute) + (" ²" if again else "") for minute, again in lines]
    known, missing = (placed.filter(is_of) for is_of in (pl.col("value").is_not_null(), pl.col("value").is_null()))
    # by their first day and a step: Plotly cannot tell the width of a single column
    place = {"x0": str(days[0]), "dx": _A_DAY * 60_000, "y": names, "hoverongaps": False}
    size = (len(lines), (days[-1] - days[0]).days + 1)
    figure = Figure(
        [
            heatmap(z=_grid(missing.with_columns(value=pl.lit(1.0)), size), **_missing(style), **place),
            heatmap(z=_grid(known, size), **_values(known, unit), **place),
        ]
    )
    if missing.height:  # a heat map has no legend of its own
        marker = {"symbol": "square", "size": 11, "color": style.ink(MISSING)}
        words = style.name(MISSING)
        figure.add_trace(scatter(x=[None], y=[None], mode="markers", name=words, marker=marker, showlegend=True))
    dressed(figure, style, hovermode="closest", margin={"l": 52, "r": 12, "t": 30, "b": 84})
    figure.update_layout(legend={"y": 1.02, "yanchor": "bottom", "itemclick": False, "itemdoubleclick": False})
    figure.update_xaxes(type="date", tickangle=0, nticks=6, tickformat="%-d %b\n%Y", hoverformat="%-d %b %Y")
    by_day(figure, days)
    ticks = [name for name, (minute, again) in zip(names, lines, strict=True) if minute % 180 == 0 and not again]
    return figure.update_yaxes(type="category", autorange="reversed", showgrid=False, tickvals=ticks)


def by_day(figure: Figure, days: pl.Series) -> Figure:
    """Ticks on whole days: of a few days, Plotly would name half ones."""
    if len(days) <= _MARKED:
        figure.update_xaxes(tick0=str(days[0]), dtick=-(-len(days) // _TICKS) * _A_DAY * 60_000)
    return figure


def _above_zero(figure: Figure, values: pl.Series) -> None:
    """An axis from 0 on where each value is 0: Plotly would begin below, and a meter's zero lies on the ground."""
    if (values.drop_nulls() == 0).all():
        figure.update_yaxes(range=[0, 1.1])


def _steps(rows: pl.DataFrame) -> pl.DataFrame:
    """The corners of the steps: each value at its start, the last before a gap at its end too, and then none."""
    starts, ends = pl.col("starts"), pl.col("ends").fill_null(pl.col("starts"))
    numbered = rows.with_row_index("row").with_columns(ends=ends)
    is_last = pl.col("ends").ne_missing(starts.shift(-1))
    corners = [
        numbered.select("row", pl.lit(0).alias("corner"), starts.alias("at"), "value"),
        numbered.filter(is_last).select("row", pl.lit(1).alias("corner"), pl.col("ends").alias("at"), "value"),
        numbered.filter(is_last).select(
            "row", pl.lit(2).alias("corner"), pl.col("ends").alias("at"), pl.lit(None, pl.Float64).alias("value")
        ),
    ]
    # by number, not by time: in autumn the clock goes back
    return pl.concat(corners).sort("row", "corner").select("at", "value")


def _marks(rows: pl.DataFrame, name: str, symbol: str, unit: str, style: Style) -> Trace:
    return scatter(
        x=rows["starts"],
        y=rows["value"],
        name=name,
        mode="markers",
        marker={"symbol": symbol, "size": 7, "color": style.ink(METER), "line": {"width": 1.5}},
        hovertemplate=_hover(name, unit),
    )


def _opacity(rows: pl.DataFrame) -> Sequence[float]:
    return [1 if whole else PALE for whole in rows["complete"]]


def _hover(name: str, unit: str) -> str:
    return f"{name} <b>%{{y:,.2f}}</b> {unit}<extra></extra>"


def _lines(cells: pl.DataFrame, minutes: int) -> Iterator[tuple[int, bool]]:
    """The lines from midnight on; those of the second pass come behind the hour that they repeat."""
    twice = sorted(set(cells.filter("again")["minute"]))
    for minute in range(0, _A_DAY, minutes):
        yield minute, False
        if twice and minute == twice[-1]:
            yield from ((again, True) for again in twice)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _grid(cells: pl.DataFrame, size: tuple[int, int]) -> npt.NDArray[np.float64]:
    # an array: Plotly looks at each cell of a list
    grid = np.full(size, np.nan)
    grid[cells["line"].to_numpy(), cells["column"].to_numpy()] = cells["value"].to_numpy()
    return grid


def _missing(style: Style) -> dict[str, Any]:
    words = style.name(MISSING)
    return {
        "colorscale": colorscale([style.ink(MISSING)] * 2),
        "showscale": False,
        "hovertemplate": f"%{{x}}, %{{y}}<br><b>{words}</b><extra></extra>",
    }


def _values(known: pl.DataFrame, unit: str) -> dict[str, Any]:
    values = known["value"]
    least, most = (float(end) for end in (values.min() or 0, values.max() or 0))  # type: ignore[arg-type]
    return {
        "colorscale": colorscale(SEQUENTIAL),
        "zmin": least,
        # a scale from a value to itself has no colours
        "zmax": most if most > least else least + 1,
        "showscale": bool(known.height),
        "colorbar": _SCALE | {"title": {"text": unit, "side": "top"}},
        "hovertemplate": f"%{{x}}, %{{y}}<br><b>%{{z:,.2f}}</b> {unit}<extra></extra>",
    }
