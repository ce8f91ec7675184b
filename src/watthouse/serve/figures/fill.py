"""How full gas storage is, by storage point and by operator, in relation to the highest stock each ever reported."""

from collections.abc import Mapping, Sequence

import polars as pl

from watthouse.serve.figures.figure import Figure, bar, scatter
from watthouse.serve.figures.palette import OPERATORS
from watthouse.serve.figures.stack import hover_of
from watthouse.serve.figures.style import Style, dressed


def colours_of(operators: Sequence[str], style: Style) -> Mapping[str, str]:
    """A colour for each operator, by the order of their names."""
    names = sorted(set(operators))
    # by name, so that a colour does not depend on which operator reported first
    return {name: OPERATORS[at % len(OPERATORS)][style.dark] for at, name in enumerate(names)}


def points(rows: pl.DataFrame, style: Style) -> Figure:
    """One bar per storage point: ``source``, ``pits``, ``stock_gwh``, ``highest_gwh``, ``fill_of_highest`` (0 to 1)."""
    figure = Figure()
    for operator, colour in colours_of(rows["source"].to_list(), style).items():
        of_operator = rows.filter(pl.col("source") == operator).sort("pits")
        of = style.say(en="of", fr="sur")
        figure.add_trace(
            bar(
                y=of_operator["pits"],
                x=of_operator["fill_of_highest"] * 100,
                name=operator,
                orientation="h",
                marker={"color": colour},
                customdata=of_operator.select("stock_gwh", "highest_gwh").rows(),
                texttemplate="%{x:.0f}",
                textposition="auto",
                hovertemplate=f"%{{y}}, {operator}: <b>%{{x:.1f}}</b> %<br>%{{customdata[0]:,.0f}} {of}"
                " %{customdata[1]:,.0f} GWh<extra></extra>",
            )
        )
    dressed(figure, style, hovermode="closest", bargap=0.25)
    figure.update_layout(legend={"y": 1.02, "yanchor": "bottom"})
    figure.update_yaxes(autorange="reversed")
    words = style.say(en="% of the highest stock on record", fr="% du stock maximal observé")
    return figure.update_xaxes(range=[0, 105], title={"text": words}, showgrid=True, tickformatstops=())


def operators(rows: pl.DataFrame, style: Style) -> Figure:
    """One line per operator through time: ``starts``, ``source``, ``fill_of_highest`` (0 to 1)."""
    figure = Figure()
    for operator, colour in colours_of(rows["source"].to_list(), style).items():
        of_operator = rows.filter(pl.col("source") == operator).sort("starts")
        figure.add_trace(
            scatter(
                x=of_operator["starts"],
                y=of_operator["fill_of_highest"] * 100,
                name=operator,
                # a line through one point is nothing
                mode="lines" if of_operator.height > 1 else "markers",
                line={"color": colour, "width": 2},
                hovertemplate=hover_of(operator, "%"),
            )
        )
    return dressed(figure, style, "%", yaxis={"range": [0, 105]})
