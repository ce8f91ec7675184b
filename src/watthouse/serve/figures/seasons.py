"""One source of France by the months of the year: what is its season, and what is trend."""

from typing import Final

import polars as pl

from watthouse.serve.figures.figure import Figure, Trace, scatter
from watthouse.serve.figures.palette import OTHER_PERIOD, SOURCES
from watthouse.serve.figures.stack import hover_of
from watthouse.serve.figures.style import Style, dressed

# 29 February needs a place on the axis
_A_LEAP_YEAR: Final = 2000
# Width and dash of the newest years' lines, the newest first; all others are grey.
_LINES: Final = ((3, "solid"), (2, "dash"))


def source_seasons(rows: pl.DataFrame, source: str, column: str, unit: str, style: Style) -> Figure:
    """A source by calendar month, one line per year: the newest in its colour, the year before dashed, all others grey.

    ``rows`` have ``starts`` (the first day of a month), oldest first. Give a mean power (MW): a month that has just
    begun has little energy.
    """
    years = rows.with_columns(
        year=pl.col("starts").dt.year(), month=pl.col("starts").dt.replace(year=_A_LEAP_YEAR)
    ).partition_by("year", maintain_order=True)
    figure = Figure([_year(year, len(years) - 1 - at, source, column, unit, style) for at, year in enumerate(years)])
    dressed(figure, style, unit, hovermode="closest")
    figure.update_layout(legend={"traceorder": "reversed"})
    figure.update_yaxes(rangemode="tozero", tickformat=",")
    # half a month of room on both sides of the points
    months = {"tickformat": "%b", "dtick": "M1", "range": [f"{_A_LEAP_YEAR - 1}-12-16", f"{_A_LEAP_YEAR}-12-16"]}
    return figure.update_xaxes(months | {"tickformatstops": ()})


def _year(rows: pl.DataFrame, age: int, source: str, column: str, unit: str, style: Style) -> Trace:
    year = str(rows["year"][0])
    newest = age < len(_LINES)
    width, dash = _LINES[age] if newest else (1, "solid")
    return scatter(
        name=year if newest else style.say(en="Earlier years", fr="Années précédentes"),
        x=rows["month"],
        y=rows[column],
        mode="lines" if age else "lines+markers",
        line={"color": style.ink(SOURCES[source]) if newest else style.ink(OTHER_PERIOD), "width": width, "dash": dash},
        legendgroup=year if newest else "earlier",
        showlegend=age <= len(_LINES),
        hovertemplate=hover_of(f"%{{x|%B}} {year}", unit),
    )
