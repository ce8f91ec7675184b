"""TCO (taux de couverture: share of the load covered by a source) and TCH (taux de charge: load factor) by region."""

import polars as pl

from watthouse.serve.figures.figure import Figure, colorscale, heatmap
from watthouse.serve.figures.palette import REGIONAL, SEQUENTIAL, SOURCES
from watthouse.serve.figures.style import Style, dressed


def rates(rows: pl.DataFrame, column: str, style: Style) -> Figure:
    """A rate (``column``, %) of every region and source as tiles; ``rows`` have ``libelle_region`` and ``source``.

    Colours end at 100 %, figures do not. Nothing is drawn where no rate is known.
    """
    wide = rows.pivot("source", index="libelle_region", values=column).sort("libelle_region", descending=True)
    known = [name for name in REGIONAL if name in wide.columns and wide[name].is_not_null().any()]
    values = [[row[name] for name in known] for row in wide.iter_rows(named=True)]
    texts = [[style.language.number(value) if value is not None else "" for value in row] for row in values]
    figure = Figure(
        heatmap(
            x=[style.name(SOURCES[name]) for name in known],
            y=wide["libelle_region"],
            z=values,
            text=texts,
            texttemplate="%{text}",
            zmin=0,
            # rates above 100 are published; they must not flatten the scale of all others
            zmax=100,
            colorscale=colorscale(SEQUENTIAL),
            showscale=False,
            xgap=2,
            ygap=2,
            hovertemplate="%{y}, %{x}: <b>%{z:.1f}</b> %<extra></extra>",
        )
    )
    dressed(figure, style, hovermode="closest", margin={"l": 8, "r": 8, "t": 8, "b": 8})
    return figure.update_yaxes(showgrid=False)
