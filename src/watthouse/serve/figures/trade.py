"""Trade with other countries: what goes out and comes in at each border, and who buys most."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import polars as pl

from watthouse.serve.figures.figure import Figure, Trace, heatmap, scatter
from watthouse.serve.figures.palette import BORDERS, NOBODY, UNMEASURED, Ink
from watthouse.serve.figures.power import whole_of
from watthouse.serve.figures.stack import FEW, Layer, stacked
from watthouse.serve.figures.style import Style, dressed
from watthouse.serve.queries.units import Interval

_UNKNOWN: Final = "?"
_BUYERS: Final = {**BORDERS, "": NOBODY, _UNKNOWN: UNMEASURED}


def out_and_in(rows: pl.DataFrame, suffix: str, unit: str, style: Style) -> Figure:
    """Gross commercial exports above the line and imports below it, stacked by border, in ``unit``.

    ``rows`` have ``starts`` and, for each border, ``ech_comm_<border>_export<suffix>`` and ``…_import<suffix>``.
    Bars of intervals that are not ``complete`` are pale, where ``rows`` say so; many intervals are areas, with a gap
    where a border is not known.
    """
    layers = [
        Layer(values, ink, sign < 0, _way(ink, name))
        for border, ink in BORDERS.items()
        for name, sign in (("export", 1), ("import", -1))
        if (values := rows[f"ech_comm_{border}_{name}{suffix}"].abs() * sign).null_count() < rows.height
    ]
    drawn = stacked(rows["starts"], layers, style, unit, bars=rows.height <= FEW, whole=whole_of(rows))
    figure = Figure([*drawn])
    above = style.say(en=f"{unit}, exports above 0", fr=f"{unit}, exportations au-dessus de 0")
    return dressed(
        _above_axis(figure, above), style, barmode="relative", bargap=0.08, margin={"l": 52, "r": 16, "t": 28, "b": 32}
    )


def _way(ink: Ink, way: str) -> Ink:
    english, french = ("exports", "exportations") if way == "export" else ("imports", "importations")
    return Ink(f"{ink.en}, {english}", f"{ink.fr}, {french}", ink.light, ink.dark)


def _above_axis(figure: Figure, words: str) -> Figure:
    return figure.add_annotation(
        text=words, xref="paper", yref="paper", x=0, y=1, xanchor="left", yanchor="bottom", xshift=-46, yshift=2,
        showarrow=False, font={"size": 11},
    )  # fmt: skip


def largest_buyers(rows: pl.DataFrame, interval: Interval, style: Style) -> Figure:
    """One cell per interval, in the colour of the border in ``top_foreign_buyer``: that of nobody where it is null, and
    that of what was not measured where ``days`` has none.

    Days are set out by month, weeks and months by year; ``rows`` have ``starts`` too.
    """
    cells = [(*_place(starts, interval, style), starts, buyer) for starts, buyer in _pairs(rows)]
    lines = list(dict.fromkeys(line for line, *_ in cells))
    width = max((column for _, column, *_ in cells), default=1)
    # years begin where the data do, months and days at 1
    first = min((column for _, column, *_ in cells), default=1) if interval is Interval.YEAR else 1
    # a heatmap takes numbers, so a buyer is its place in this list
    order = list(_BUYERS)
    ranks: list[list[int | None]] = [[None] * (width - first + 1) for _ in lines]
    words = [[""] * (width - first + 1) for _ in lines]
    for line, column, starts, buyer in cells:
        ranks[lines.index(line)][column - first] = order.index(buyer)
        words[lines.index(line)][column - first] = (
            f"{_when(starts, interval, style)}: <b>{style.name(_BUYERS[buyer])}</b>"
        )
    figure = Figure([_cells(ranks, words, lines, first, style), *_legend({cell[-1] for cell in cells}, style)])
    dressed(figure, style, hovermode="closest", dragmode=False, margin={"l": 52, "r": 8, "t": 8, "b": 32})
    figure.update_layout(legend={"itemclick": False, "itemdoubleclick": False})
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False)
    return figure.update_xaxes(_ticks(interval, style) | {"range": [first - 0.5, width + 0.5], "zeroline": False})


def lines_of(rows: pl.DataFrame, interval: Interval, style: Style) -> int:
    """How many lines :func:`largest_buyers` draws."""
    return len({_place(starts, interval, style)[0] for starts, _ in _pairs(rows)})


def _pairs(rows: pl.DataFrame) -> Iterator[tuple[date, str]]:
    for starts, buyer, days in rows.select("starts", "top_foreign_buyer", "days").iter_rows():
        # a day that nobody measured used to be drawn as one without a net buyer
        yield starts, (buyer or "") if days else _UNKNOWN


def _place(starts: date, interval: Interval, style: Style) -> tuple[str, int]:
    """The line and the column of an interval."""
    if interval is Interval.DAY:
        return f"{style.language.month(starts.month)} {starts.year}", starts.day
    if interval is Interval.WEEK:
        year, week, _ = starts.isocalendar()
        return str(year), week
    if interval is Interval.MONTH:
        return str(starts.year), starts.month
    return style.say(en="Year", fr="Année"), starts.year


def _when(starts: date, interval: Interval, style: Style) -> str:
    speak = style.language
    if interval is Interval.WEEK:
        return speak.days(starts, starts + timedelta(days=6))
    if interval is Interval.MONTH:
        return f"{speak.month(starts.month)} {starts.year}"
    return str(starts.year) if interval is Interval.YEAR else speak.day(starts)


def _cells(ranks: list[list[int | None]], words: list[list[str]], lines: list[str], first: int, style: Style) -> Trace:
    colours = [style.ink(ink) for ink in _BUYERS.values()]
    # a heatmap has no categories: each colour fills its own band of the scale
    steps = [(edge / len(colours), colour) for rank, colour in enumerate(colours) for edge in (rank, rank + 1)]
    return heatmap(
        z=ranks,
        x=list(range(first, first + len(ranks[0]))) if ranks else [],
        y=lines,
        text=words,
        hovertemplate="%{text}<extra></extra>",
        hoverongaps=False,
        colorscale=steps,
        zmin=-0.5,
        zmax=len(colours) - 0.5,
        showscale=False,
        xgap=1,
        ygap=2,
    )


def _legend(buyers: set[str], style: Style) -> Iterator[Trace]:
    for buyer, ink in _BUYERS.items():
        if buyer in buyers:
            marker = {"symbol": "square", "size": 11, "color": style.ink(ink)}
            yield scatter(x=[None], y=[None], mode="markers", name=style.name(ink), marker=marker)


# The week in which each month begins, about.
_FIRST_WEEKS: Final = (1, 5, 9, 14, 18, 22, 27, 31, 35, 40, 44, 48)


def _ticks(interval: Interval, style: Style) -> dict[str, object]:
    months = [style.language.month(number) for number in range(1, 13)]
    if interval is Interval.DAY:
        return {"tickvals": [1, *range(5, 31, 5)]}
    if interval is Interval.WEEK:
        return {"tickvals": _FIRST_WEEKS, "ticktext": months}
    return {"tickvals": list(range(1, 13)), "ticktext": months} if interval is Interval.MONTH else {"dtick": 1}
