"""One region: what it makes by source, against what it uses, over the years, and its weather."""

from collections.abc import Mapping
from datetime import date
from typing import Final

import polars as pl
from dash import html
from dash.development.base_component import Component

from watthouse.catalog import CORSE, REGIONS
from watthouse.serve.api import mixes, national, regional
from watthouse.serve.api.rates import RatesAsked, rates_of
from watthouse.serve.asking import EnergyAsOf, Interval, Unit
from watthouse.serve.coverage import Main
from watthouse.serve.dashboard import parts, shell
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.reading import Answer, Balance, Reader, percent
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import power
from watthouse.serve.figures.balance import balance
from watthouse.serve.figures.palette import REGIONAL, SOURCES
from watthouse.serve.figures.regional import yearly_sources
from watthouse.serve.figures.weather import temperature

_A_WEEK: Final = 7
_LINE: Final = 2  # points
_YEARS: Final = 30
"""Of the lines over the years, at most: what a reader can tell apart, however long the history."""


def body(reader: Reader, view: View, page: Page) -> list[Component]:
    """What is known of the region that ``view.detail`` names by its INSEE code."""
    code = view.detail
    if code not in REGIONS:
        return [_back(view), _unknown(view)]
    if code == CORSE:
        return [_back(view), _unpublished(view), _weather(reader, view, page)]
    unit = page.unit(view)
    counted = unit.counted
    series, totals, shares = _series(reader, view, page, counted), _totals(reader, counted), _totals(reader, Unit.SHARE)
    parted = series if unit is counted else _series(reader, view, page, unit)
    if not any(row["code_insee_region"] == code for row in totals.rows.to_dicts()):
        missing = parts.card(reader, "region", REGIONS[code], [parts.nothing(reader)], wide=True)
        return [_back(view), missing, _yearly(reader, view), _weather(reader, view, page)]
    return [
        _back(view),
        _tiles(view, counted, totals.rows, _sources(view, shares)),
        _through_time(reader, view, parted, unit),
        _balance(reader, view, series, unit),
        _donut(reader, view, [totals, shares], counted),
        _yearly(reader, view),
        _rates(reader, view),
        _weather(reader, view, page),
    ]


def _back(view: View) -> Component:
    every = view.href(detail="")
    back = html.A(view.say("← All regions", "← Toutes les régions"), href=every, id="all-regions")
    name = REGIONS.get(view.detail)
    return html.P([back, *([" · ", html.Strong(name)] if name else [])], className="lead")


def _unknown(view: View) -> Component:
    codes = ", ".join(f"{code} ({name})" for code, name in REGIONS.items())
    title = view.say(f"There is no region “{view.detail[:20]}”", f"Il n'y a pas de région « {view.detail[:20]} »")
    return shell.notice(title, view.say(f"The INSEE codes are {codes}.", f"Les codes INSEE sont {codes}."))


def _unpublished(view: View) -> Component:
    said = view.say(
        "éCO2mix publishes the twelve other regions; only the temperature of Corse is known here.",
        "éCO2mix publie les douze autres régions ; seule la température de la Corse est connue ici.",
    )
    return shell.notice(view.say("No power figures for Corse", "Pas de chiffres électriques pour la Corse"), said)


def _series(reader: Reader, view: View, page: Page, unit: Unit) -> Answer:
    since, until = reader.period
    asked = EnergyAsOf(since=since, until=until, interval=page.interval(view), unit=unit)
    return _mix(reader, view.detail, asked)


def _mix(reader: Reader, code: str, asked: EnergyAsOf) -> Answer:
    return reader.answer(f"/regions/{code}/mix", asked, regional.mix_of(reader.desk, reader.snapshot, code, asked))


def _totals(reader: Reader, unit: Unit) -> Answer:
    since, until = reader.period
    asked = mixes.MixesAsked(since=since, until=until, unit=unit)
    return reader.answer("/regions/mix", asked, mixes.mixes_of(reader.desk, reader.snapshot, asked))


def _sources(view: View, shares: Answer) -> dict[str, float | None]:
    """Each source's part of the region's production, 0 to 1, over the time in which its whole mix is known."""
    row = shares.rows.row(by_predicate=pl.col("code_insee_region") == view.detail, named=True)
    return {name: row[f"{name}_share"] for name in REGIONAL}


def _tiles(view: View, unit: Unit, totals: pl.DataFrame, shares: Mapping[str, float | None]) -> Component:
    suffix, speak, both = unit.suffix, view.language, Balance(unit)
    rows = totals.with_columns(
        both.difference.alias(f"difference{suffix}"), covered=percent(both.production, both.load) / 100
    )
    row = rows.row(by_predicate=pl.col("code_insee_region") == view.detail, named=True)
    load, production = row[f"consommation{suffix}"], row[f"production{suffix}"]
    largest = max(REGIONAL, key=lambda name: shares[name] or 0)
    covered, share = speak.percent(row["covered"], 0), speak.percent(shares[largest])
    return parts.tiles(
        [
            parts.tile(
                "region-load",
                view.say("Load", "Consommation"),
                speak.quantity(load, unit.value),
                _rank(view, rows, f"consommation{suffix}", load),
            ),
            parts.tile(
                "region-production",
                "Production",
                speak.quantity(production, unit.value),
                _rank(view, rows, f"production{suffix}", production),
            ),
            parts.tile(
                "region-difference",
                view.say("Balance", "Solde"),
                speak.quantity(row[f"difference{suffix}"], unit.value, signed=True),
                view.say(f"production is {covered} of load", f"production : {covered} de la consommation"),
            ),
            parts.tile(
                "region-top",
                view.say("Largest source", "Première filière"),
                SOURCES[largest].name(speak) if shares[largest] else "–",
                share + view.say(" of production", " de la production"),
                SOURCES[largest].colour(view.dark),
            ),
        ]
    )


def _rank(view: View, rows: pl.DataFrame, column: str, value: float | None) -> str:
    known = rows[column].drop_nulls()
    if value is None:
        return ""
    above = int((known > value).sum()) + 1
    return view.say(f"no. {above} of {known.len()} regions", f"n° {above} sur {known.len()} régions")


def _through_time(reader: Reader, view: View, series: Answer, unit: Unit) -> Component:
    names = REGIONAL if unit is Unit.SHARE else ("pompage", *REGIONAL)
    columns = {name: f"{name}{unit.suffix}" for name in names}
    if unit is Unit.SHARE:
        title = view.say("Generation by source", "Production par filière")
        figure = power.mix(series.rows, columns, "starts", "%", view.style)
    else:
        title = view.say("Generation by source, and load", "Production par filière, et consommation")
        load = f"consommation{unit.suffix}"
        figure = power.mix(series.rows, columns, "starts", unit.value, view.style, load=load)
    note = parts.partial(view, series.rows, pale=unit is not Unit.MW)
    return parts.chart(reader, "region-mix", title, figure, [series], height=400, wide=True, note=note)


def _balance(reader: Reader, view: View, series: Answer, unit: Unit) -> Component:
    title = view.say("Production against load", "Production et consommation")
    rows, label, both = series.rows, unit.value, Balance(unit.counted)
    if unit is Unit.SHARE:
        label = parts.of_load(view)
        rows = rows.with_columns(
            production_share=percent(both.production, both.load),
            consommation_share=percent(both.load, both.load),
            difference=percent(both.production - both.load, both.load),
        )
    else:
        rows = rows.with_columns(difference=both.difference)
    columns = f"production{unit.suffix}", f"consommation{unit.suffix}"
    return parts.chart(reader, "region-balance", title, balance(rows, *columns, label, view.style), [series])


def _donut(reader: Reader, view: View, answers: list[Answer], unit: Unit) -> Component:
    totals, shares = answers
    row = totals.rows.row(by_predicate=pl.col("code_insee_region") == view.detail, named=True)
    production = row[f"production{unit.suffix}"]
    found = [(SOURCES[name], (share or 0) * (production or 0)) for name, share in _sources(view, shares).items()]
    whole = view.language.quantity(production, unit.value)
    title = view.say("Share of each source", "Part de chaque filière")
    return parts.chart(reader, "region-donut", title, power.donut(found, unit.value, view.style, whole), answers)


def _yearly(reader: Reader, view: View) -> Component:
    first, until = reader.snapshot.extent("daily_regional")
    since = max(first, date(max(until.year - _YEARS + 1, 1), 1, 1))
    asked = EnergyAsOf(since=since, until=until, interval=Interval.YEAR, unit=Unit.GWH)
    years = _mix(reader, view.detail, asked)
    title = view.say(
        "Each source over the years, whatever the period", "Chaque filière au fil des ans, quelle que soit la période"
    )
    columns = {name: f"{name}_gwh" for name in REGIONAL}
    return parts.chart(reader, "region-years", title, yearly_sources(years.rows, columns, "GWh", view.style), [years])


def _rates(reader: Reader, view: View) -> Component:
    since, until = reader.period
    asked = RatesAsked(since=since, until=until, region=view.detail)
    found = reader.answer("/regions/rates", asked, rates_of(reader.snapshot, asked))
    speak, title = view.language, view.say("Share, TCO and TCH", "Part, TCO et TCH")
    heads = [
        view.say("Source", "Filière"),
        view.say("% of production", "% de la production"),
        view.say("TCO, % of load", "TCO, % de la consommation"),
        view.say("TCH, % of capacity", "TCH, % de la capacité"),
    ]
    rows = [
        [
            SOURCES[row["source"]].name(speak),
            speak.percent(row["share"]),
            speak.number(row["tco_pct"], 1),
            speak.number(row["tch_pct"], 1),
        ]
        for row in found.rows.to_dicts()
        if row["energy_mwh"]
    ]
    return parts.card(reader, "region-rates", title, [parts.table(heads, rows, "rates-table", title)], [found])


def _weather(reader: Reader, view: View, page: Page) -> Component:
    since, until = reader.period
    asked = national.TemperatureAsked(since=since, until=until, interval=page.interval(view), region=view.detail)
    found = reader.answer("/temperature", asked, national.temperature_of(reader.desk, reader.snapshot, asked))
    title = view.say("Temperature: lowest, mean, highest", "Température : minimale, moyenne, maximale")
    known = found.rows.drop_nulls("tmoy_c")
    if known.height < min(_LINE, (until - since).days + 1):
        words = [parts.nothing(reader, Main("temperature_daily", view.detail))]
        return parts.card(reader, "region-temperature", title, words, [found], wide=True)
    have, days = (view.language.number(count) for count in (int(known["days"].sum()), (until - since).days + 1))
    note = view.say(f"{have} of {days} days have a temperature", f"{have} jours sur {days} ont une température")
    last = known["starts"].max()
    if isinstance(last, date) and (until - last).days > _A_WEEK:
        day = view.language.day(last)
        note += view.say(f"; none of this period is known after {day}", f" ; aucune n'est connue après le {day}")
    figure = temperature(found.rows, view.style, (since, until))
    return parts.chart(reader, "region-temperature", title, figure, [found], note=f"{note}.", wide=True)
