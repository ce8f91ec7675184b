"""Gas in storage against temperature, and the thermosensitivity of the load."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from watthouse.serve.figures.figure import Figure, Trace, scatter
from watthouse.serve.figures.palette import LOAD, OTHER_PERIOD, SEASONS, STOCK, TEMPERATURE, Ink
from watthouse.serve.figures.style import Style, dressed

_ERROR: Final = "standard_error_mw_per_c"


@dataclass(frozen=True)
class Fit:
    """A straight line by least squares: ``r2`` of the ``points`` it was fitted to, which lie between ``low`` and
    ``high``."""

    slope: float
    intercept: float
    r2: float
    points: int
    low: float
    high: float


def fit_of(rows: pl.DataFrame, x: str, y: str) -> Fit | None:
    """The line of ``y`` on ``x`` where both are known; None for under three points or an ``x`` that stands still."""
    known = rows.select(pl.col(x).cast(pl.Float64), pl.col(y).cast(pl.Float64)).drop_nulls()
    # two points always have a perfect line
    if known.height < 3 or known[x].n_unique() < 2:
        return None
    spread, both, mean_x, mean_y, correlation, low, high = known.select(
        pl.var(x), pl.cov(x, y).alias("both"), pl.mean(x).alias("mean_x"), pl.mean(y).alias("mean_y"),
        pl.corr(x, y).fill_nan(0).alias("correlation"), pl.min(x).alias("low"), pl.max(x).alias("high"),
    ).row(0)  # fmt: skip
    slope = both / spread
    return Fit(slope, mean_y - slope * mean_x, correlation**2, known.height, low, high)


def stock_on_temperature(rows: pl.DataFrame, stock: str, unit: str, fit: Fit | None, style: Style) -> Figure:
    """One point per interval (``starts``, ``tmoy_c`` and the column ``stock``, in ``unit``), by season, and the line
    through."""
    return on_temperature(rows, stock, STOCK, unit, fit, style)


def on_temperature(rows: pl.DataFrame, column: str, what: Ink, unit: str, fit: Fit | None, style: Style) -> Figure:
    """The same of any ``column``, ``what`` is its name."""
    known = rows.drop_nulls(["tmoy_c", column]).with_columns(
        # December belongs to the winter of the next year
        season=pl.col("starts").dt.month() % 12 // 3,
        day=pl.col("starts").dt.strftime("%d/%m/%Y"),
    )
    figure = Figure(
        [_season(known.filter(pl.col("season") == at), column, unit, at, style) for at in range(len(SEASONS))]
    )
    if fit is not None:
        # no further: where heating ends, so does the line of cold days
        ends = pl.Series([fit.low, fit.high], dtype=pl.Float64)
        name = style.say(en="Straight line by least squares", fr="Droite des moindres carrés")
        along = fit.intercept + fit.slope * ends
        line = {"color": style.ink(LOAD), "width": 2, "dash": "dash"}
        figure.add_trace(scatter(x=ends, y=along, name=name, mode="lines", line=line, hoverinfo="skip"))
    dressed(figure, style, hovermode="closest")
    figure.update_yaxes(title={"text": f"{style.name(what)}, {unit}"})
    words = style.say(en="Mean temperature, °C", fr="Température moyenne, °C")
    figure.update_layout(legend={"y": -0.24})
    return figure.update_xaxes(title={"text": words}, showgrid=True, zeroline=False, tickformatstops=())


def _season(rows: pl.DataFrame, column: str, unit: str, at: int, style: Style) -> Trace:
    digits = ",.0f" if unit == "GWh" else ".1f"
    return scatter(
        x=rows["tmoy_c"],
        y=rows[column],
        customdata=rows["day"],
        name=style.name(SEASONS[at]),
        mode="markers",
        marker={"color": style.ink(SEASONS[at]), "size": 6, "opacity": 0.75},
        hovertemplate=f"%{{customdata}}: <b>%{{x:.1f}}</b> °C, <b>%{{y:{digits}}}</b> {unit}<extra></extra>",
    )


def sensitivity(rows: pl.DataFrame, chosen: range, style: Style) -> Figure:
    """Thermosensitivity [MW/°C]: one point per year with its standard error; ``chosen`` years stand out.

    ``rows`` have ``year``, ``slope_mw_per_c``, ``standard_error_mw_per_c``, ``r2`` and ``days``.
    """
    known = rows.drop_nulls("slope_mw_per_c")
    colours = [style.ink(TEMPERATURE if year in chosen else OTHER_PERIOD) for year in known["year"]]
    days = style.say(en="days", fr="jours")
    figure = Figure()
    # error bars have one colour per trace
    for colour in dict.fromkeys(colours):
        years = known.filter(pl.Series([each == colour for each in colours], dtype=pl.Boolean))
        figure.add_trace(
            scatter(
                x=years["year"],
                y=years["slope_mw_per_c"],
                error_y={
                    "array": years[_ERROR].to_list(),
                    "color": colour,
                    "thickness": 1.6,
                    "width": 5,
                },
                customdata=years.select(_ERROR, "r2", "days").rows(),
                mode="markers",
                marker={"color": colour, "size": 9},
                hovertemplate="%{x}: <b>%{y:,.0f} ± %{customdata[0]:,.0f}</b> MW/°C<br>r² %{customdata[1]:.2f},"
                f" %{{customdata[2]}} {days}<extra></extra>",
            )
        )
    dressed(
        figure, style, style.say(en="MW per °C colder", fr="MW par °C de moins"), hovermode="closest", showlegend=False
    )
    figure.layout["annotations"][0] |= {"xanchor": "left", "xshift": 0}
    return figure.update_xaxes(tickformat="d", tickformatstops=(), dtick=max(1, -(-known.height // 8)))
