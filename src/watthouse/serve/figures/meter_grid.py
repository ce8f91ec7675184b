"""A meter's energy by the windows and colours of its tariff."""

from collections.abc import Iterator

import polars as pl

from watthouse.serve.figures.figure import Figure, Trace, bar
from watthouse.serve.figures.meters import by_day
from watthouse.serve.figures.palette import NO_COLOUR, TEMPO, Ink
from watthouse.serve.figures.style import Style, dressed

_HATCHED = "HC"


def windows(rows: pl.DataFrame, style: Style) -> Figure:
    """Energy a day, in kWh, stacked by colour of the Tempo day and by window, off-peak hours hatched.

    ``rows`` have ``civil_date``, ``window`` (HP, HC), ``colour`` (null where it is not known) and ``energy_kwh``.
    """
    first, last = rows["civil_date"].min(), rows["civil_date"].max()
    days = pl.select(civil_date=pl.date_range(first, last))["civil_date"]  # type: ignore[arg-type]
    figure = Figure([*_layers(rows, days, style)])
    dressed(figure, style, "kWh", barmode="stack", bargap=0.12, showlegend=True)
    return by_day(figure, days)


def name_of(colour: str | None, style: Style, *, coloured: bool = True) -> str:
    """What energy of a colour is called; nothing where no colour is known at all."""
    return style.name(TEMPO.get(colour or "", NO_COLOUR)) if coloured else ""


def _layers(rows: pl.DataFrame, days: pl.Series, style: Style) -> Iterator[Trace]:
    coloured = rows["colour"].count() > 0
    for colour in (*TEMPO, None):
        for window in ("HP", _HATCHED):
            of_it = rows.filter(pl.col("colour").eq_missing(pl.lit(colour, pl.String)), pl.col("window") == window)
            if of_it["energy_kwh"].sum():
                name = " ".join(filter(None, (name_of(colour, style, coloured=coloured), window)))
                values = days.to_frame().join(of_it, on="civil_date", how="left")["energy_kwh"]
                yield _bars(days, values, name, TEMPO.get(colour or "", NO_COLOUR), window, style)


def _bars(days: pl.Series, values: pl.Series, name: str, ink: Ink, window: str, style: Style) -> Trace:
    # by a pattern, not by a shade: white has none, and shades look alike to some
    pattern: dict[str, object] = {
        "shape": "/" if window == _HATCHED else "",
        "fillmode": "overlay",
        "fgcolor": style.text,
        "size": 6,
    }
    return bar(
        x=days,
        y=values,
        name=name,
        marker={"color": style.ink(ink), "pattern": pattern, "line": {"color": style.soft, "width": 0.5}},
        hovertemplate=f"{name} <b>%{{y:,.2f}}</b> kWh<extra></extra>",
    )
