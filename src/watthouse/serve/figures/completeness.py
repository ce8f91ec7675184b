"""How much of each day datasets measured: one square per day, by dataset or by year."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import polars as pl

from watthouse.serve.figures.figure import Figure, heatmap, scatter
from watthouse.serve.figures.palette import Ink
from watthouse.serve.figures.style import Style, dressed

# From a hole to a whole day; they differ in lightness as in hue.
_STEPS: Final = (
    Ink("nothing measured", "rien de mesuré", "#a63d17", "#e5703f"),
    Ink("less than half", "moins de la moitié", "#e59a52", "#f0b27a"),
    Ink("half or more", "la moitié ou plus", "#f3d9a4", "#f7e3bd"),
    Ink("complete", "complet", "#2b6cb0", "#3f7fc4"),
)

# so that 29 February has its column in every year
_LEAP: Final = 2024
_LINE: Final = 20  # letters of a name that stand beside the grid on a phone


def by_dataset(rows: pl.DataFrame, style: Style) -> Figure:
    """One row per dataset, one column per day: ``dataset``, ``civil_date``, ``measured``, ``expected``, ``unit``,
    ``complete``."""
    names = sorted(rows["dataset"].unique().to_list(), reverse=True)
    days = rows["civil_date"].unique().sort().to_list()
    figure = _legible(_grid(_stepped(rows, "dataset", "civil_date", style), names, days, style), style)
    figure.update_yaxes(tickvals=names, ticktext=[_broken(name) for name in names])
    return figure.update_xaxes(nticks=4, tickangle=0)


def by_year(rows: pl.DataFrame, style: Style) -> Figure:
    """One row per year, one column per day of the year, of one dataset: ``civil_date``, ``measured``, ``expected``,
    ``unit``, ``complete``."""
    placed = rows.with_columns(
        pl.col("civil_date").dt.year().cast(pl.String).alias("year"),
        (pl.lit(date(_LEAP, 1, 1)) + pl.duration(days=pl.col("civil_date").dt.ordinal_day() - 1)).alias("place"),
    )
    years = sorted(placed["year"].unique().to_list(), reverse=True)
    days = pl.date_range(date(_LEAP, 1, 1), date(_LEAP, 12, 31), eager=True).to_list()
    figure = _legible(_grid(_stepped(placed, "year", "place", style), years, days, style), style)
    figure.update_yaxes(type="category")
    months = [date(_LEAP, month, 1) for month in (1, 4, 7, 10)]
    return figure.update_xaxes(
        tickvals=months, ticktext=[style.language.month(month.month) for month in months], tickangle=0
    )


def _broken(name: str) -> str:
    """A dataset's name, a long one on two lines."""
    first, second, *rest = name.split("-")
    return f"{first}-{second}-<br>{'-'.join(rest)}" if len(name) > _LINE else name


def _stepped(rows: pl.DataFrame, row: str, column: str, style: Style) -> dict[tuple[str, date], tuple[int, str]]:
    share = pl.col("measured") / pl.col("expected")
    # "complete" as the mart has it: a day of 92 slots is whole when the clocks change
    step = pl.when(pl.col("complete")).then(3).when(share >= 0.5).then(2).when(share > 0).then(1).otherwise(0)
    placed = rows.select(
        row, pl.col(column).alias("place"), step.alias("step"), "civil_date", "measured", "expected", "unit"
    )
    day = style.language.day
    return {
        (name, place): (level, f"{day(civil)}<br><b>{measured} / {expected}</b> {unit}")
        for name, place, level, civil, measured, expected, unit in placed.iter_rows()
    }


def _grid(
    levels: dict[tuple[str, date], tuple[int, str]], names: Sequence[str], days: Sequence[date], style: Style
) -> Figure:
    cells = [[levels.get((name, day)) for day in days] for name in names]
    colours = [style.ink(step) for step in _STEPS]
    ends = [(at + far) / len(colours) for at in range(len(colours)) for far in (0, 1)]
    figure = Figure(
        heatmap(
            x=list(days),
            y=list(names),
            z=[[cell[0] if cell else None for cell in line] for line in cells],
            text=[[cell[1] if cell else "" for cell in line] for line in cells],
            zmin=-0.5,
            zmax=len(colours) - 0.5,
            colorscale=[[end, colours[at // 2]] for at, end in enumerate(ends)],
            showscale=False,
            hoverongaps=False,
            ygap=3,
            hovertemplate="%{text}<extra></extra>",
        )
    )
    for step, colour in zip(_STEPS, colours, strict=True):
        marker = {"symbol": "square", "size": 11, "color": colour}
        # a heatmap of steps has no legend of its own
        figure.add_trace(scatter(x=[None], y=[None], mode="markers", name=style.name(step), marker=marker))
    return figure


def _legible(figure: Figure, style: Style) -> Figure:
    dressed(figure, style, hovermode="closest")
    figure.update_layout(legend={"y": 1.02, "yanchor": "bottom", "itemclick": False, "itemdoubleclick": False})
    return figure.update_yaxes(showgrid=False)
