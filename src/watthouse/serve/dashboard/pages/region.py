"""One region: production by source, load, the two compared, the years, and the temperature."""

from collections.abc import Mapping
from datetime import date
from typing import Final

import polars as pl
from dash import html
from dash.development.base_component import Component

from watthouse.catalog import CORSE, REGIONS
from watthouse.serve.dashboard import parts, shell
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.pages import region_day, region_mix
from watthouse.serve.dashboard.reading import Answer, Balance, PageReader, Slots, percent
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import power
from watthouse.serve.figures.balance import balance
from watthouse.serve.figures.palette import REGIONAL, SOURCES
from watthouse.serve.figures.regional import yearly_sources
from watthouse.serve.figures.weather import temperature
from watthouse.serve.queries.coverage import Main
from watthouse.serve.queries.mixes import MIXES, MixesParams
from watthouse.serve.queries.params import EnergyAsOf
from watthouse.serve.queries.rates import RATES, RatesParams
from watthouse.serve.queries.regions import REGION_MIX
from watthouse.serve.queries.temperature import DAILY_TEMPERATURE, TemperatureParams
from watthouse.serve.queries.units import Interval, Unit

_A_WEEK: Final = 7
_LINE: Final = 2  # points
# Years drawn at most, however long the history: more points cannot be told apart.
_YEARS: Final = 30


def body(reader: PageReader, view: View, page: Page) -> list[Component]:
    """The region that ``view.detail`` names by its INSEE code."""
    code = view.detail
    if code not in REGIONS:
        return [_back(view), _unknown(view)]
    # its temperature is published, its power is not
    if code == CORSE:
        return [_back(view), _unpublished(view), _weather(reader, view, page)]
    unit, interval = page.unit(view), page.interval(view, reader.period)
    counted, drawn = unit.counted, unit.drawn_by(interval)
    series = _series(reader, view, interval, counted.drawn_by(interval))
    parted = _series(reader, view, interval, drawn) if drawn is Unit.SHARE else series
    # asked of all regions at once: the ranks of the tiles need the others
    totals, shares = _totals(reader, counted), _totals(reader, Unit.SHARE)
    # the day, the years and the temperature are not of the period: they stay
    if not any(row["code_insee_region"] == code for row in totals.rows.to_dicts()):
        missing = parts.card(reader, "region", REGIONS[code], [parts.nothing(reader)], wide=True)
        return [
            _back(view),
            missing,
            *region_day.card(reader, view, unit),
            _yearly(reader, view),
            _weather(reader, view, page),
        ]
    return [
        _back(view),
        _tiles(view, counted, totals.rows, _sources(view, shares)),
        *region_day.card(reader, view, unit),
        _through_time(reader, view, parted, drawn),
        _balance(reader, view, series, drawn),
        _donut(reader, view, [totals, shares], counted),
        _yearly(reader, view),
        _rates(reader, view),
        _weather(reader, view, page),
    ]


def _back(view: View) -> Component:
    every = view.href(detail="")
    back = html.A(view.say(en="← All regions", fr="← Toutes les régions"), href=every, id="all-regions")
    name = REGIONS.get(view.detail)
    return html.P([back, *([" · ", html.Strong(name)] if name else [])], className="lead")


def _unknown(view: View) -> Component:
    codes = ", ".join(f"{code} ({name})" for code, name in REGIONS.items())
    title = view.say(en=f"There is no region “{view.detail[:20]}”", fr=f"Il n'y a pas de région « {view.detail[:20]} »")
    return shell.notice(title, view.say(en=f"The INSEE codes are {codes}.", fr=f"Les codes INSEE sont {codes}."))


def _unpublished(view: View) -> Component:
    text = view.say(
        en="éCO2mix publishes the twelve other regions; only the temperature of Corsica is available here.",
        fr="éCO2mix publie les douze autres régions ; seule la température de la Corse est disponible ici.",
    )
    return shell.notice(
        view.say(en="No power figures for Corsica", fr="Pas de chiffres électriques pour la Corse"), text
    )


def _series(reader: PageReader, view: View, interval: Interval, unit: Unit) -> Answer:
    """The mix of the period by interval: of slots, without the sources where not all of them are known."""
    since, until = reader.period
    params = EnergyAsOf(since=since, until=until, interval=interval, unit=unit)
    return region_mix.without_part_mixes(reader.ask(REGION_MIX, params, view.detail), unit)


def _slots(reader: PageReader, period: tuple[date, date] | None = None) -> list[Slots]:
    return [reader.slots(REGION_MIX, reader.view.detail, period=period)]


def _totals(reader: PageReader, unit: Unit) -> Answer:
    since, until = reader.period
    params = MixesParams(since=since, until=until, unit=unit)
    return reader.ask(MIXES, params)


def _sources(view: View, shares: Answer) -> dict[str, float | None]:
    """Each source's part of the region's production, 0 to 1, over the time in which its whole mix is known."""
    row = shares.rows.row(by_predicate=pl.col("code_insee_region") == view.detail, named=True)
    return {name: row[f"{name}_share"] for name in REGIONAL}


def _tiles(view: View, unit: Unit, totals: pl.DataFrame, shares: Mapping[str, float | None]) -> Component:
    both = Balance(unit)
    rows = totals.with_columns(both.difference.alias("difference"), covered=percent(both.production, both.load) / 100)
    row = rows.row(by_predicate=pl.col("code_insee_region") == view.detail, named=True)
    return parts.tiles(
        [
            _total_tile(view, unit, rows, "region-load", view.say(en="Load", fr="Consommation"), "consommation"),
            _total_tile(view, unit, rows, "region-production", "Production", "production"),
            _balance_tile(view, unit, row["difference"], row["covered"]),
            _largest_source(view, shares),
        ]
    )


def _total_tile(view: View, unit: Unit, rows: pl.DataFrame, name: str, label: str, quantity: str) -> Component:
    column = f"{quantity}{unit.suffix}"
    value = rows.row(by_predicate=pl.col("code_insee_region") == view.detail, named=True)[column]
    return parts.tile(name, label, view.language.quantity(value, unit.value), _rank(view, rows, column, value))


def _balance_tile(view: View, unit: Unit, difference: float | None, covered: float | None) -> Component:
    share = view.language.percent(covered, 0)
    return parts.tile(
        "region-difference",
        view.say(en="Balance", fr="Solde"),
        view.language.quantity(difference, unit.value, signed=True),
        view.say(en=f"production is {share} of load", fr=f"production : {share} de la consommation"),
    )


def _largest_source(view: View, shares: Mapping[str, float | None]) -> Component:
    largest = max(REGIONAL, key=lambda name: shares[name] or 0)
    return parts.tile(
        "region-top",
        view.say(en="Largest source", fr="Première filière"),
        SOURCES[largest].name(view.language) if shares[largest] else "–",
        view.language.percent(shares[largest]) + view.say(en=" of production", fr=" de la production"),
        view.style.ink(SOURCES[largest]),
    )


def _rank(view: View, rows: pl.DataFrame, column: str, value: float | None) -> str:
    known = rows[column].drop_nulls()
    if value is None:
        return ""
    above = int((known > value).sum()) + 1
    return view.say(en=f"rank {above} of {known.len()} regions", fr=f"rang {above} sur {known.len()} régions")


def _through_time(reader: PageReader, view: View, series: Answer, unit: Unit) -> Component:
    title = view.say(en="Generation by source, and load", fr="Production par filière, et consommation")
    if unit is Unit.SHARE:
        title = view.say(en="Generation by source", fr="Production par filière")
    figure, note = region_mix.stack(view, series.rows, unit), parts.partial(view, series.rows, pale=unit is not Unit.MW)
    slots = _slots(reader)
    return parts.chart(reader, "region-mix", title, figure, [series], height=400, wide=True, note=note, slots=slots)


def _balance(reader: PageReader, view: View, series: Answer, unit: Unit) -> Component:
    title = view.say(en="Production against load", fr="Production et consommation")
    rows, label, both = series.rows, unit.value, Balance(Unit(series.more["unit"]))
    if unit is Unit.SHARE:
        # production as a part of the load, so that 100 is the line between deficit and surplus
        label = parts.of_load(view)
        rows = rows.with_columns(
            production_share=percent(both.production, both.load),
            consommation_share=percent(both.load, both.load),
            difference=percent(both.production - both.load, both.load),
        )
    else:
        rows = rows.with_columns(difference=both.difference)
    columns = f"production{unit.suffix}", f"consommation{unit.suffix}"
    figure = balance(rows, *columns, label, view.style)
    return parts.chart(reader, "region-balance", title, figure, [series], slots=_slots(reader))


def _donut(reader: PageReader, view: View, answers: list[Answer], unit: Unit) -> Component:
    totals, shares = answers
    row = totals.rows.row(by_predicate=pl.col("code_insee_region") == view.detail, named=True)
    production = row[f"production{unit.suffix}"]
    energies = [(SOURCES[name], (share or 0) * (production or 0)) for name, share in _sources(view, shares).items()]
    whole = view.language.quantity(production, unit.value)
    title = view.say(en="Share of each source", fr="Part de chaque filière")
    figure = power.donut(energies, unit.value, view.style, whole)
    return parts.chart(reader, "region-donut", title, figure, answers, slots=_slots(reader))


def _yearly(reader: PageReader, view: View) -> Component:
    first, until = reader.snapshot.extent("daily_regional")
    since = max(first, date(max(until.year - _YEARS + 1, 1), 1, 1))
    params = EnergyAsOf(since=since, until=until, interval=Interval.YEAR, unit=Unit.GWH)
    years = reader.ask(REGION_MIX, params, view.detail)
    title = view.say(
        en="Each source by year, all years",
        fr="Chaque filière par an, toutes les années",
    )
    columns = {name: f"{name}_gwh" for name in REGIONAL}
    figure, slots = yearly_sources(years.rows, columns, "GWh", view.style), _slots(reader, (since, until))
    return parts.chart(reader, "region-years", title, figure, [years], slots=slots)


def _rates(reader: PageReader, view: View) -> Component:
    since, until = reader.period
    params = RatesParams(since=since, until=until, region=view.detail)
    answer = reader.ask(RATES, params)
    speak, title = (
        view.language,
        view.say(
            en="Share, coverage (TCO) and load factor (TCH)", fr="Part, taux de couverture (TCO) et de charge (TCH)"
        ),
    )
    heads = [
        view.say(en="Source", fr="Filière"),
        view.say(en="% of production", fr="% de la production"),
        view.say(en="Coverage rate (TCO), % of load", fr="Taux de couverture (TCO), % de la consommation"),
        view.say(en="Load factor (TCH), % of capacity", fr="Taux de charge (TCH), % de la capacité installée"),
    ]
    rows = [
        [
            SOURCES[row["source"]].name(speak),
            speak.percent(row["share"]),
            speak.number(row["tco_pct"], 1),
            speak.number(row["tch_pct"], 1),
        ]
        for row in answer.rows.to_dicts()
        # a source that the region does not have is "-" in published data, null here
        if row["energy_mwh"]
    ]
    content = [parts.table(heads, rows, "rates-table", title)]
    return parts.card(reader, "region-rates", title, content, [answer], slots=_slots(reader))


def _weather(reader: PageReader, view: View, page: Page) -> Component:
    since, until = reader.period
    interval = page.interval(view, reader.period).daily
    params = TemperatureParams(since=since, until=until, interval=interval, region=view.detail)
    answer = reader.ask(DAILY_TEMPERATURE, params)
    title = view.say(en="Temperature: lowest, mean, highest", fr="Température : minimale, moyenne, maximale")
    known = answer.rows.drop_nulls("tmoy_c")
    # one point of a long period is no curve; of one day it is all there is
    if known.height < min(_LINE, (until - since).days + 1):
        words = [parts.nothing(reader, Main("temperature_daily", view.detail))]
        return parts.card(reader, "region-temperature", title, words, [answer], wide=True)
    have, days = (view.language.number(count) for count in (int(known["days"].sum()), (until - since).days + 1))
    note = view.say(en=f"{have} of {days} days have a temperature", fr=f"{have} jours sur {days} ont une température")
    last = known["starts"].max()
    if isinstance(last, date) and (until - last).days > _A_WEEK:
        day = view.language.day(last)
        note += view.say(en=f"; the last one is {day}", fr=f" ; la dernière est du {day}")
    figure = temperature(answer.rows, view.style, (since, until))
    return parts.chart(reader, "region-temperature", title, figure, [answer], note=f"{note}.", wide=True)
