"""The shape of a day, month by month."""

import polars as pl

from watthouse.serve.figures.figure import Figure, colorscale, heatmap
from watthouse.serve.figures.palette import SEQUENTIAL
from watthouse.serve.figures.style import Style, dressed


def hours_by_month(rows: pl.DataFrame, column: str, unit: str, style: Style) -> Figure:
    """A column (in ``unit``) of every hour of the day and month of the year, from light to dark.

    ``rows`` have ``month`` (1 to 12) and ``hour`` (0 to 23, by the clock in Paris); what they lack stays blank.
    """
    cells = {(month, hour): value for month, hour, value in rows.select("month", "hour", column).iter_rows()}
    months = sorted({month for month, _ in cells})
    figure = Figure(
        heatmap(
            x=[style.language.month(month) for month in months],
            y=[f"{hour:02}:00" for hour in range(24)],
            z=[[cells.get((month, hour)) for month in months] for hour in range(24)],
            colorscale=colorscale(SEQUENTIAL),
            colorbar={"outlinewidth": 0, "thickness": 10, "title": {"text": unit}, "tickformat": ","},
            hoverongaps=False,
            xgap=1,
            ygap=1,
            hovertemplate=f"%{{x}}, %{{y}}: <b>%{{z:,.0f}}</b> {unit}<extra></extra>",
        )
    )
    dressed(figure, style, hovermode="closest", dragmode=False)
    figure.update_xaxes(type="category", showgrid=False)
    return figure.update_yaxes(type="category", autorange="reversed", showgrid=False, dtick=3)
