"""Exchanges: what France sells to its neighbours and buys from them, who buys most, and the gas in store meanwhile."""

from collections.abc import Mapping
from typing import Final

import polars as pl
from dash.development.base_component import Component

from watthouse.serve.api import buyers, national
from watthouse.serve.asking import Energy, Interval, Series, Unit
from watthouse.serve.dashboard import parts
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.reading import Answer, Reader
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import paired, power, trade
from watthouse.serve.figures.palette import BORDERS, EXPORTS, IMPORTS, NET_EXPORT, STOCK

_GWH: Final = "GWh"
Totals = Mapping[str, float]
"""Energies of the whole period in GWh, by column without its unit."""


def body(reader: Reader, view: View) -> list[Component]:
    """Totals, the series by border, destinations, the net position beside gas in store, the largest buyers."""
    since, until = reader.period
    desk, snapshot, interval = reader.desk, reader.snapshot, PAGE.interval(view)
    asked = Energy(since=since, until=until, interval=interval, unit=PAGE.unit(view))
    series = reader.answer("/exchanges", asked, national.exchanges_of(desk, snapshot, asked))
    yearly = Energy(since=since, until=until, interval=Interval.YEAR, unit=Unit.GWH)
    summed = reader.answer("/exchanges", yearly, national.exchanges_of(desk, snapshot, yearly))
    days = Series(since=since, until=until, interval=interval)
    bought = reader.answer("/exchanges/buyers", days, buyers.buyers_of(desk, snapshot, days))
    gas = reader.answer("/gas", days, national.gas_of(desk, snapshot, days))
    if series.rows.is_empty():
        return [parts.card(reader, "exchanges", PAGE.title(view), [parts.nothing(reader)], wide=True)]
    totals = _totals(summed.rows)
    return [
        _tiles(view, totals, bought.rows),
        _through_time(reader, view, series),
        _by_border(reader, view, totals, summed),
        _destinations(reader, view, totals, summed),
        _beside_gas(reader, view, series, gas),
        _largest_buyers(reader, view, bought),
        _table(reader, view, totals, [summed, bought], bought.rows),
    ]


def _totals(rows: pl.DataFrame) -> Totals:
    names = [name for name in rows.columns if name.endswith("_gwh")]
    return {name.removesuffix("_gwh"): float(rows[name].sum()) for name in names}


def _gross(totals: Totals, way: str) -> dict[str, float]:
    """Commercial exports or imports (``export``, ``import``) of each border."""
    return {border: abs(totals[f"ech_comm_{border}_{way}"]) for border in BORDERS}


def _net(totals: Totals) -> dict[str, float]:
    """Commercial exports of each border less its imports."""
    return {border: -totals[f"ech_comm_{border}"] for border in BORDERS}


def _tiles(view: View, totals: Totals, bought: pl.DataFrame) -> Component:
    speak = view.language
    sold, came = sum(_gross(totals, "export").values()), sum(_gross(totals, "import").values())
    net = _net(totals)
    top = max(net, key=lambda border: net[border])
    days, net_days = int(bought["days"].sum()), int(bought["net_export_days"].sum())
    found = [
        parts.tile(
            "exchanges-net",
            view.say("Net exports", "Exportations nettes"),
            speak.quantity(totals["net_export"], _GWH, signed=True),
            view.say("physical balance", "solde physique"),
        ),
        parts.tile(
            "exchanges-exports",
            view.say("Exports", "Exportations"),
            speak.energy(sold),
            view.say("commercial, over all borders", "commerciales, toutes frontières"),
            view.style.ink(EXPORTS),
        ),
        parts.tile(
            "exchanges-imports",
            view.say("Imports", "Importations"),
            speak.energy(came),
            view.say("commercial, over all borders", "commerciales, toutes frontières"),
            view.style.ink(IMPORTS),
        ),
        parts.tile(
            "exchanges-top",
            view.say("Largest net buyer", "Premier acheteur net"),
            BORDERS[top].name(speak) if net[top] > 0 else view.say("none", "aucun"),
            speak.quantity(net[top], _GWH, signed=True),
            view.style.ink(BORDERS[top]),
        ),
        parts.tile(
            "exchanges-days",
            view.say("Days as a net exporter", "Jours exportateurs nets"),
            view.say(f"{net_days} of {days}", f"{net_days} sur {days}"),
            view.say("by the physical balance", "selon le solde physique"),
        ),
    ]  # fmt: skip
    return parts.tiles(found)


def _through_time(reader: Reader, view: View, series: Answer) -> Component:
    gross = view.say(
        "Gross commercial exchanges: what is sold in one half hour is not set off against what is bought in another.",
        "Échanges commerciaux bruts : les ventes d'une demi-heure ne compensent pas les achats d'une autre.",
    )
    return parts.chart(
        reader,
        "exchanges-time",
        view.say("Exports and imports by border", "Exportations et importations par frontière"),
        trade.out_and_in(series.rows, PAGE.unit(view).value, view.style),
        [series],
        height=420,
        wide=True,
        note=f"{gross} {parts.partial(view, series.rows, pale=True)}".strip(),
    )


def _by_border(reader: Reader, view: View, totals: Totals, summed: Answer) -> Component:
    style = view.style
    out, back = (
        power.Side(style.name(ink), [*_gross(totals, way).values()], style.ink(ink))
        for ink, way in ((EXPORTS, "export"), (IMPORTS, "import"))
    )
    names = [style.name(ink) for ink in BORDERS.values()]
    title = view.say("Exports against imports, whole period", "Exportations et importations, période entière")
    return parts.chart(reader, "exchanges-gross", title, power.side_by_side(names, out, back, _GWH, style), [summed])


def _destinations(reader: Reader, view: View, totals: Totals, summed: Answer) -> Component:
    sold = _gross(totals, "export")
    whole = view.language.energy(sum(sold.values()))
    shares = sorted(((BORDERS[border], value) for border, value in sold.items()), key=lambda one: -one[1])
    title = view.say("Where exports go", "Destination des exportations")
    return parts.chart(reader, "exchanges-donut", title, power.donut(shares, _GWH, view.style, whole), [summed])


def _beside_gas(reader: Reader, view: View, series: Answer, gas: Answer) -> Component:
    unit = PAGE.unit(view)
    rows = series.rows.join(gas.rows.select("starts", "stock_gaz_gwh"), "starts", how="left").sort("starts")
    left = paired.Curve(rows[f"net_export{unit.suffix}"], NET_EXPORT, unit.value, ~rows["complete"])
    right = paired.Curve(rows["stock_gaz_gwh"], STOCK, _GWH)
    return parts.chart(
        reader,
        "exchanges-gas",
        view.say("Net position beside the gas in storage", "Position nette et gaz en stock"),
        paired.two_axes(rows["starts"], left, right, view.style),
        [series, gas],
        wide=True,
        source=view.say("RTE, NaTran, Teréga, Storengy, through ODRÉ", "RTE, NaTran, Teréga, Storengy, via ODRÉ"),
        note=view.say(
            "Net position: physical balance, exports above 0; a ring where it is not fully measured. Stock: last"
            " complete day of each point; a gap is a day on which an operator has not reported. Both follow the"
            " seasons: see Questions.",
            "Position nette : solde physique, exportations au-dessus de 0, un cercle s'il est incomplet. Stock :"
            " dernier jour complet du point, une lacune étant un jour où un opérateur n'a pas déclaré. Les deux suivent"
            " les saisons : voir Questions.",
        ),
    )


def _largest_buyers(reader: Reader, view: View, bought: Answer) -> Component:
    interval = bought.interval
    lines = trade.lines_of(bought.rows, interval, view.style)
    often = {
        Interval.DAY: view.say("The border with the largest net purchases of each day, by month and day of the month.",
                               "La frontière aux achats nets les plus élevés de chaque jour, par mois et quantième."),
    }.get(interval, view.say(
        "The border that was the largest net buyer on most days; of two, the one that bought more.",
        "La frontière première acheteuse nette le plus grand nombre de jours ; à égalité, celle qui a le plus acheté.",
    ))  # fmt: skip
    return parts.chart(
        reader,
        "exchanges-buyers",
        view.say("Who buys most", "Qui achète le plus"),
        trade.largest_buyers(bought.rows, interval, view.style),
        [bought],
        height=min(170 + 24 * lines, 620),
        wide=True,
        note=often,
    )


def _table(reader: Reader, view: View, totals: Totals, answers: list[Answer], bought: pl.DataFrame) -> Component:
    speak = view.language
    sold, came, net = _gross(totals, "export"), _gross(totals, "import"), _net(totals)
    whole = sum(sold.values())
    rows = [
        [
            BORDERS[border].name(speak),
            speak.number(sold[border], 1),
            speak.number(100 * sold[border] / whole if whole else None, 1),
            speak.number(came[border], 1),
            speak.number(net[border], 1, signed=True),
            speak.number(int(bought[f"{border}_days"].sum())),
        ]
        for border in BORDERS
    ]
    rows.append(
        [view.say("All borders", "Toutes"), speak.number(whole, 1), speak.number(100 if whole else None, 1),
         speak.number(sum(came.values()), 1), speak.number(sum(net.values()), 1, signed=True),
         speak.number(sum(int(bought[f"{border}_days"].sum()) for border in BORDERS))]
    )  # fmt: skip
    heads = [
        view.say("Border", "Frontière"),
        view.say("Exports, GWh", "Exportations, GWh"),
        view.say("% of exports", "% des exportations"),
        view.say("Imports, GWh", "Importations, GWh"),
        view.say("Net exports, GWh", "Exportations nettes, GWh"),
        view.say("Days as largest buyer", "Jours premier acheteur"),
    ]
    title = view.say("Commercial exchanges by border", "Échanges commerciaux par frontière")
    content = [parts.table(heads, rows, "exchanges-table", title)]
    return parts.card(reader, "exchanges-totals", title, content, answers, wide=True)


PAGE: Final = Page(
    "exchanges",
    "Exchanges",
    "Échanges",
    body,
    units=(Unit.GWH, Unit.MWH, Unit.MW),
    marts=lambda _: ("exchanges_daily",),
)
