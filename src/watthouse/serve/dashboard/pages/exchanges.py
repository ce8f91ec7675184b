"""Exchanges: what France sells to its neighbours and buys from them, the largest buyers, and gas in storage."""

from dataclasses import dataclass, replace
from typing import Final

import polars as pl
from dash.development.base_component import Component

from watthouse.serve.dashboard import parts
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.pages.exchange_totals import ExchangeTotals, label_of, over_all, tiles
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
    totals = ExchangeTotals(exchanged(snapshot, since, until, counted), unit)
    if unit is Unit.SHARE:
        through, mix = _of_load(reader, series)
        beside = _of_load(reader, by_day)[0] if interval.length else through
        whole.append(mix)
        totals = totals.of_load(mean_load(snapshot, since, until))
    return [
        tiles(view, totals, bought.rows),
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
    # an area stacked from half-hourly exchanges in quarter-hour rows has a hole at every :15 and :45
    return replace(answer, rows=lasting(answer.rows, [name for name in answer.rows.columns if name.endswith("_mw")]))


def _slots(reader: PageReader, unit: Unit) -> list[Slots]:
    """The slots behind the charts; those of the load too, where exchanges are a part of it."""
    if unit is not Unit.SHARE:
        return [reader.slots(EXCHANGES)]
    exchanged, load = reader.view.say(en="exchanges", fr="échanges"), reader.view.say(en="load", fr="consommation")
    # a percentage needs both downloads to be computed again
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
        # the other way round since 27 June 2024: exchanges by quarter hour, load by half hour
        rows = lasting(rows, ["consommation_mw"])
    rows = rows.with_columns(**{f"{name.removesuffix('_mw')}_share": percent(pl.col(name), load) for name in names})
    return SourcedRows(rows, [series, mix]), mix


def _through_time(reader: PageReader, view: View, series: SourcedRows, unit: Unit) -> Component:
    label = label_of(view, unit)
    gross = view.say(
        en="Gross commercial exchanges: exports of one half hour are not netted against imports of another.",
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


def _by_border(reader: PageReader, view: View, totals: ExchangeTotals, answers: list[Answer]) -> Component:
    style, label = view.style, totals.label(view)
    out, back = (
        power.BarSeries(style.name(ink), [*totals.gross(way).values()], style.ink(ink))
        for ink, way in ((EXPORTS, "export"), (IMPORTS, "import"))
    )
    names = [style.name(ink) for ink in BORDERS.values()]
    title = view.say(en="Exports and imports, whole period", fr="Exportations et importations, période entière")
    figure, slots = power.side_by_side(names, [out, back], label, style), _slots(reader, totals.unit)
    return parts.chart(reader, "exchanges-gross", title, figure, answers, slots=slots)


def _destinations(reader: PageReader, view: View, totals: ExchangeTotals, answers: list[Answer]) -> Component:
    sold = totals.gross("export")
    whole = totals.formatted(view, over_all(sold.values()))
    shares = sorted(((BORDERS[border], value) for border, value in sold.items()), key=lambda part: -(part[1] or 0))
    title = view.say(en="Where exports go", fr="Destination des exportations")
    figure, slots = power.donut(shares, totals.label(view), view.style, whole), _slots(reader, totals.unit)
    return parts.chart(reader, "exchanges-donut", title, figure, answers, slots=slots)


def _beside_gas(reader: PageReader, view: View, series: SourcedRows, gas: Answer, unit: Unit) -> Component:
    label = label_of(view, unit)
    rows = series.rows.join(gas.rows.select("starts", "stock_gaz_gwh"), "starts", how="left").sort("starts")
    left = paired.Curve(rows[f"net_export{unit.suffix}"], NET_EXPORT, label, ~rows["complete"])
    right = paired.Curve(rows["stock_gaz_gwh"], STOCK, _GWH)
    return parts.chart(
        reader,
        "exchanges-gas",
        view.say(en="Net exports and gas in storage", fr="Exportations nettes et gaz en stock"),
        paired.two_axes(rows["starts"], left, right, view.style),
        [*series.given, gas],
        wide=True,
        slots=_slots(reader, unit),
        note=view.say(
            en="Net position: physical balance, exports above 0; a ring marks a point not fully measured. Stock: last"
            " complete day of each point; a gap is a day without every operator's report. Both follow the seasons: see"
            " Questions.",
            fr="Position nette : solde des échanges physiques, exportations au-dessus de 0 ; un cercle signale un point"
            " incomplet. Stock : dernier jour complet de chaque point ; une lacune est un jour où il manque la"
            " déclaration d'un opérateur. Les deux suivent les saisons : voir Questions.",
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
        en="The border that was the largest net buyer on most days; in a tie, the one that bought more.",
        fr="La frontière première acheteuse nette le plus grand nombre de jours ; à égalité, celle qui a le plus"
        " acheté.",
    ))  # fmt: skip
    return parts.chart(
        reader,
        "exchanges-buyers",
        view.say(en="Largest net buyer", fr="Premier acheteur net"),
        trade.largest_buyers(bought.rows, interval, view.style),
        [bought],
        height=min(170 + 24 * lines, 620),
        wide=True,
        note=often,
        slots=_slots(reader, Unit.MW),
    )


def _table(
    reader: PageReader, view: View, totals: ExchangeTotals, answers: list[Answer], bought: pl.DataFrame
) -> Component:
    speak, digits, label = view.language, totals.digits, totals.label(view)
    sold, came, net = totals.gross("export"), totals.gross("import"), totals.net()
    whole = over_all(sold.values())
    rows = [
        [
            BORDERS[border].name(speak),
            speak.number(sold[border], digits),
            speak.number(_share_of(sold[border], whole), 1),
            speak.number(came[border], digits),
            speak.number(net[border], digits, signed=True),
            speak.number(int(bought[f"{border}_days"].sum())),
        ]
        for border in BORDERS
    ]
    rows.append(
        [view.say(en="All borders", fr="Toutes"), speak.number(whole, digits), speak.number(100 if whole else None, 1),
         speak.number(over_all(came.values()), digits), speak.number(over_all(net.values()), digits, signed=True),
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


def _share_of(value: float | None, whole: float | None) -> float | None:
    """In %."""
    return 100 * value / whole if value is not None and whole else None


PAGE: Final = Page(
    name="exchanges",
    en="Exchanges",
    fr="Échanges",
    body=body,
    units=(Unit.GWH, Unit.MWH, Unit.MW, Unit.SHARE),
    intervals=FROM_SLOTS,
    marts=lambda _: ("exchanges_daily",),
    main=lambda _: Main("exchanges_daily"),
)
