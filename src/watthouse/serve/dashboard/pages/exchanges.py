"""Exchanges: what France sells to its neighbours and buys from them, who buys most, and the gas in store meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Final

import polars as pl
from dash.development.base_component import Component

from watthouse.serve.dashboard import parts
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.reading import Answer, PageReader, Slots, percent
from watthouse.serve.dashboard.slots import lasting
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import paired, power, trade
from watthouse.serve.figures.palette import BORDERS, EXPORTS, IMPORTS, NET_EXPORT, STOCK
from watthouse.serve.queries.buyers import BUYERS
from watthouse.serve.queries.coverage import Main
from watthouse.serve.queries.exchanges import EXCHANGES, exchanged, mean_load
from watthouse.serve.queries.gas import GAS
from watthouse.serve.queries.mix import MIX
from watthouse.serve.queries.params import Energy, EnergyAsOf, Series
from watthouse.serve.queries.units import FROM_SLOTS, Interval, Unit

_GWH: Final = "GWh"


def body(reader: PageReader, view: View) -> list[Component]:
    """Totals, the series by border, destinations, the net position beside gas in store, the largest buyers."""
    since, until = reader.period
    snapshot, unit, interval = reader.snapshot, PAGE.unit(view), PAGE.interval(view, reader.period)
    # parts of the load are mean power over mean power: exchanges of a day under way are known for longer than its load
    counted = Unit.MW if unit is Unit.SHARE else unit
    series = _series(reader, interval, counted.drawn_by(interval))
    summed = _series(reader, Interval.YEAR, counted)
    days = Series(since=since, until=until, interval=interval.daily)
    bought = reader.ask(BUYERS, days)
    gas = reader.ask(GAS, days)
    if series.rows.is_empty():
        return [parts.card(reader, "exchanges", PAGE.title(view), [parts.nothing(reader)], wide=True)]
    by_day = _series(reader, interval.daily, counted) if interval.length else series  # as gas in storage is known
    through, beside, whole = SourcedRows(series.rows, [series]), SourcedRows(by_day.rows, [by_day]), [summed]
    totals = Totals(exchanged(snapshot, since, until, counted), unit)
    if unit is Unit.SHARE:
        through, mix = _of_load(reader, series)
        beside = _of_load(reader, by_day)[0] if interval.length else through
        whole.append(mix)
        totals = totals.of_load(mean_load(snapshot, since, until))
    return [
        _tiles(view, totals, bought.rows),
        _through_time(reader, view, through, unit.drawn_by(interval)),
        _by_border(reader, view, totals, whole),
        _destinations(reader, view, totals, whole),
        _beside_gas(reader, view, beside, gas, unit),
        _largest_buyers(reader, view, bought),
        _table(reader, view, totals, [*whole, bought], bought.rows),
    ]


def _series(reader: PageReader, interval: Interval, unit: Unit) -> Answer:
    """Exchanges by interval; half-hourly values of slots last into the second quarter hour."""
    since, until = reader.period
    params = Energy(since=since, until=until, interval=interval, unit=unit)
    answer = reader.ask(EXCHANGES, params)
    if interval is not Interval.SLOT:
        return answer
    return replace(answer, rows=lasting(answer.rows, [name for name in answer.rows.columns if name.endswith("_mw")]))


def _slots(reader: PageReader, unit: Unit) -> list[Slots]:
    """The slots behind the charts; those of the load too, where exchanges are a part of it."""
    if unit is not Unit.SHARE:
        return [reader.slots(EXCHANGES)]
    exchanged, load = reader.view.say(en="exchanges", fr="échanges"), reader.view.say(en="load", fr="consommation")
    return [reader.slots(EXCHANGES, of=exchanged), reader.slots(MIX, of=load)]


@dataclass(frozen=True)
class SourcedRows:
    """Rows, and the answers that they were made of."""

    rows: pl.DataFrame
    given: list[Answer]


def _of_load(reader: PageReader, series: Answer) -> tuple[SourcedRows, Answer]:
    """Mean power of ``series`` (MW) beside that of the load, and each as a part of it (``_share``, %); the load."""
    since, until = reader.period
    params = EnergyAsOf(since=since, until=until, interval=series.interval, unit=Unit.MW)
    mix = reader.ask(MIX, params)
    names = [name for name in series.rows.columns if name.endswith("_mw")]
    load = pl.col("consommation_mw")
    by_slot = series.interval is Interval.SLOT
    known_load = mix.rows.select("starts", load, *(["slot_minutes"] if by_slot else []))
    rows = series.rows.join(known_load, "starts", how="left", maintain_order="left")
    if by_slot:
        rows = lasting(rows, ["consommation_mw"])
    rows = rows.with_columns(**{f"{name.removesuffix('_mw')}_share": percent(pl.col(name), load) for name in names})
    return SourcedRows(rows, [series, mix]), mix


class Totals:
    """Exchanges of the whole period by column, in a unit: None where a column is known for none of it."""

    def __init__(self, values: Mapping[str, float | None], unit: Unit) -> None:
        self.unit = unit
        self.digits = 0 if unit in {Unit.MW, Unit.MWH} else 1
        self._values = values

    def of_load(self, load: float | None) -> "Totals":
        """Mean power as parts of the mean load (both MW), %."""
        parts = {
            name: None if value is None or not load else 100 * value / load for name, value in self._values.items()
        }
        return Totals(parts, Unit.SHARE)

    def __getitem__(self, name: str) -> float | None:
        return self._values[name]

    def formatted(self, view: View, value: float | None, *, signed: bool = False) -> str:
        """A total in its unit."""
        if self.unit is Unit.SHARE:
            return view.language.percent(None if value is None else value / 100, signed=signed)
        if self.unit is Unit.GWH and not signed:
            return view.language.energy(value)
        return view.language.quantity(value, self.unit.value, signed=signed)


def _label(view: View, unit: Unit) -> str:
    return parts.of_load(view) if unit is Unit.SHARE else unit.value


Borders = Mapping[str, float | None]


def _gross(totals: Totals, way: str) -> Borders:
    """Commercial exports or imports (``export``, ``import``) of each border."""
    return {border: _absolute(totals[f"ech_comm_{border}_{way}"]) for border in BORDERS}


def _absolute(value: float | None) -> float | None:
    return None if value is None else abs(value)


def _net(totals: Totals) -> Borders:
    """Commercial exports of each border less its imports."""
    values = {border: totals[f"ech_comm_{border}"] for border in BORDERS}
    return {border: None if value is None else -value for border, value in values.items()}


def _over_all(borders: Borders) -> float | None:
    """The sum of what is known; None, never 0, where nothing is."""
    known = [value for value in borders.values() if value is not None]
    return sum(known) if known else None


def _tiles(view: View, totals: Totals, bought: pl.DataFrame) -> Component:
    sold, came = (_over_all(_gross(totals, way)) for way in ("export", "import"))
    net = _net(totals)
    top, most = max(net.items(), key=lambda item: -inf if item[1] is None else item[1])
    of = view.say(en=", of load", fr=", de la consommation") if totals.unit is Unit.SHARE else ""
    days, net_days = int(bought["days"].sum()), int(bought["net_export_days"].sum())
    tiles = [
        parts.tile(
            "exchanges-net",
            view.say(en="Net exports", fr="Exportations nettes"),
            totals.formatted(view, totals["net_export"], signed=True),
            view.say(en="physical balance", fr="solde physique") + of,
        ),
        parts.tile(
            "exchanges-exports",
            view.say(en="Exports", fr="Exportations"),
            totals.formatted(view, sold),
            view.say(en="commercial, over all borders", fr="commerciales, toutes frontières") + of,
            view.style.ink(EXPORTS),
        ),
        parts.tile(
            "exchanges-imports",
            view.say(en="Imports", fr="Importations"),
            totals.formatted(view, came),
            view.say(en="commercial, over all borders", fr="commerciales, toutes frontières") + of,
            view.style.ink(IMPORTS),
        ),
        parts.tile(
            "exchanges-top",
            view.say(en="Largest net buyer", fr="Premier acheteur net"),
            _buyer(view, top, most),
            totals.formatted(view, most, signed=True) + of.replace(",", ""),
            view.style.ink(BORDERS[top]),
        ),
        parts.tile(
            "exchanges-days",
            view.say(en="Days as a net exporter", fr="Jours exportateurs nets"),
            view.say(en=f"{net_days} of {days}", fr=f"{net_days} sur {days}"),
            view.say(en="by the physical balance", fr="selon le solde physique"),
        ),
    ]  # fmt: skip
    return parts.tiles(tiles)


def _buyer(view: View, border: str, net: float | None) -> str:
    if net is None:
        return "–"
    return BORDERS[border].name(view.language) if net > 0 else view.say(en="none", fr="aucun")


def _through_time(reader: PageReader, view: View, series: SourcedRows, unit: Unit) -> Component:
    label = _label(view, unit)
    gross = view.say(
        en="Gross commercial exchanges: what is sold in one half hour is not set off against what is bought in"
        " another.",
        fr="Échanges commerciaux bruts : les ventes d'une demi-heure ne compensent pas les achats d'une autre.",
    )
    return parts.chart(
        reader,
        "exchanges-time",
        view.say(en="Exports and imports by border", fr="Exportations et importations par frontière"),
        trade.out_and_in(series.rows, unit.suffix, label, view.style),
        series.given,
        height=420,
        wide=True,
        note=f"{gross} {parts.partial(view, series.rows, pale=True)}".strip(),
        slots=_slots(reader, unit),
    )


def _by_border(reader: PageReader, view: View, totals: Totals, answers: list[Answer]) -> Component:
    style, label = view.style, _label(view, totals.unit)
    out, back = (
        power.BarSeries(style.name(ink), [*_gross(totals, way).values()], style.ink(ink))
        for ink, way in ((EXPORTS, "export"), (IMPORTS, "import"))
    )
    names = [style.name(ink) for ink in BORDERS.values()]
    title = view.say(en="Exports against imports, whole period", fr="Exportations et importations, période entière")
    figure, slots = power.side_by_side(names, out, back, label, style), _slots(reader, totals.unit)
    return parts.chart(reader, "exchanges-gross", title, figure, answers, slots=slots)


def _destinations(reader: PageReader, view: View, totals: Totals, answers: list[Answer]) -> Component:
    sold = _gross(totals, "export")
    whole = totals.formatted(view, _over_all(sold))
    shares = sorted(((BORDERS[border], value) for border, value in sold.items()), key=lambda part: -(part[1] or 0))
    title = view.say(en="Where exports go", fr="Destination des exportations")
    figure, slots = power.donut(shares, _label(view, totals.unit), view.style, whole), _slots(reader, totals.unit)
    return parts.chart(reader, "exchanges-donut", title, figure, answers, slots=slots)


def _beside_gas(reader: PageReader, view: View, series: SourcedRows, gas: Answer, unit: Unit) -> Component:
    label = _label(view, unit)
    rows = series.rows.join(gas.rows.select("starts", "stock_gaz_gwh"), "starts", how="left").sort("starts")
    left = paired.Curve(rows[f"net_export{unit.suffix}"], NET_EXPORT, label, ~rows["complete"])
    right = paired.Curve(rows["stock_gaz_gwh"], STOCK, _GWH)
    return parts.chart(
        reader,
        "exchanges-gas",
        view.say(en="Net position beside the gas in storage", fr="Position nette et gaz en stock"),
        paired.two_axes(rows["starts"], left, right, view.style),
        [*series.given, gas],
        wide=True,
        slots=_slots(reader, unit),
        note=view.say(
            en="Net position: physical balance, exports above 0; a ring where it is not fully measured. Stock: last"
            " complete day of each point; a gap is a day for which not every operator's report is held. Both follow the"
            " seasons: see Questions.",
            fr="Position nette : solde physique, exportations au-dessus de 0, un cercle s'il est incomplet. Stock :"
            " dernier jour complet du point ; une lacune : un jour sans toutes les déclarations connues. Les deux"
            " suivent les saisons : voir Questions.",
        ),
    )


def _largest_buyers(reader: PageReader, view: View, bought: Answer) -> Component:
    interval = bought.interval
    lines = trade.lines_of(bought.rows, interval, view.style)
    often = {
        Interval.DAY: view.say(en="The border with the largest net purchases of each day, by month and day of the"
        " month.",
                               fr="La frontière aux achats nets les plus élevés de chaque jour, par mois et"
                               " quantième."),
    }.get(interval, view.say(
        en="The border that was the largest net buyer on most days; of two, the one that bought more.",
        fr="La frontière première acheteuse nette le plus grand nombre de jours ; à égalité, celle qui a le plus"
        " acheté.",
    ))  # fmt: skip
    return parts.chart(
        reader,
        "exchanges-buyers",
        view.say(en="Who buys most", fr="Qui achète le plus"),
        trade.largest_buyers(bought.rows, interval, view.style),
        [bought],
        height=min(170 + 24 * lines, 620),
        wide=True,
        note=often,
        slots=_slots(reader, Unit.MW),
    )


def _table(reader: PageReader, view: View, totals: Totals, answers: list[Answer], bought: pl.DataFrame) -> Component:
    speak, digits, label = view.language, totals.digits, _label(view, totals.unit)
    sold, came, net = _gross(totals, "export"), _gross(totals, "import"), _net(totals)
    whole = _over_all(sold)
    rows = [
        [
            BORDERS[border].name(speak),
            speak.number(sold[border], digits),
            speak.number(_part(sold[border], whole), 1),
            speak.number(came[border], digits),
            speak.number(net[border], digits, signed=True),
            speak.number(int(bought[f"{border}_days"].sum())),
        ]
        for border in BORDERS
    ]
    rows.append(
        [view.say(en="All borders", fr="Toutes"), speak.number(whole, digits), speak.number(100 if whole else None, 1),
         speak.number(_over_all(came), digits), speak.number(_over_all(net), digits, signed=True),
         speak.number(sum(int(bought[f"{border}_days"].sum()) for border in BORDERS))]
    )  # fmt: skip
    heads = [
        view.say(en="Border", fr="Frontière"),
        view.say(en=f"Exports, {label}", fr=f"Exportations, {label}"),
        view.say(en="% of exports", fr="% des exportations"),
        view.say(en=f"Imports, {label}", fr=f"Importations, {label}"),
        view.say(en=f"Net exports, {label}", fr=f"Exportations nettes, {label}"),
        view.say(en="Days as largest buyer", fr="Jours premier acheteur"),
    ]
    title = view.say(en="Commercial exchanges by border", fr="Échanges commerciaux par frontière")
    content = [parts.table(heads, rows, "exchanges-table", title)]
    slots = _slots(reader, totals.unit)
    return parts.card(reader, "exchanges-totals", title, content, answers, wide=True, slots=slots)


def _part(value: float | None, whole: float | None) -> float | None:
    """In %."""
    return 100 * value / whole if value is not None and whole else None


PAGE: Final = Page(
    "exchanges",
    "Exchanges",
    "Échanges",
    body,
    units=(Unit.GWH, Unit.MWH, Unit.MW, Unit.SHARE),
    intervals=FROM_SLOTS,
    marts=lambda _: ("exchanges_daily",),
    main=lambda _: Main("exchanges_daily"),
)
