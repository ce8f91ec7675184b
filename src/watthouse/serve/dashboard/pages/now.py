"""Now: today's load and its forecasts, the mix, CO₂, exchanges, to the last measured instant."""

from datetime import timedelta
from typing import Any, Final

import polars as pl
from dash import html
from dash.development.base_component import Component

from watthouse.serve.api import national
from watthouse.serve.api.records import RecordsAsked, records_of
from watthouse.serve.asking import Written
from watthouse.serve.dashboard import parts
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.reading import Answer, Reader
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import power
from watthouse.serve.figures.palette import BORDERS, CARBON, LOAD, NATIONAL, SOURCES, Ink, carbon_colour

_MW: Final = "MW"


def body(reader: Reader, view: View) -> list[Component]:
    """The newest measured day, quarter hour by quarter hour."""
    answer = reader.answer("/now", Written(), national.now_of(reader.snapshot))
    measured = answer.rows.filter(pl.col("consommation").is_not_null())
    if measured.is_empty():
        return [parts.card(reader, "now", view.say("Now", "En ce moment"), [parts.nothing(reader)], wide=True)]
    return [_tiles(view, answer.rows, measured), *_charts(reader, view, answer, measured), _records(reader, view)]


def _tiles(view: View, rows: pl.DataFrame, measured: pl.DataFrame) -> Component:
    newest = measured.row(-1, named=True)
    ended = newest["date_heure"] + timedelta(minutes=newest["slot_minutes"])
    speak = view.language
    forecast = newest["prevision_j"] or newest["prevision_j1"]
    away = newest["consommation"] - forecast if forecast else None
    rate = measured.filter(pl.col("taux_co2").is_not_null())["taux_co2"]
    source = _largest(newest)
    net = None if newest["ech_physiques"] is None else -newest["ech_physiques"]
    peak = rows["consommation"].max()
    found = [
        parts.tile(
            "now-load",
            view.say(f"Load at {ended:%H:%M}", f"Consommation à {ended:%H:%M}"),
            speak.quantity(newest["consommation"], _MW),
            view.say("forecast error ", "écart à la prévision ") + speak.quantity(away, _MW, signed=True),
            LOAD.colour(view.dark),
        ),
        parts.tile(
            "now-peak",
            view.say("Peak of the day so far", "Pointe du jour"),
            speak.quantity(peak, _MW),  # type: ignore[arg-type]
            speak.day(ended.date()),
        ),
        *_rate(view, rate),
        *(
            [
                parts.tile(
                    "now-source",
                    view.say("Largest source", "Première source"),
                    SOURCES[source].name(speak),
                    speak.percent(newest[source] / newest["production_mw"])
                    + view.say(" of production", " de la production"),
                    SOURCES[source].colour(view.dark),
                )
            ]
            if source and newest["production_mw"]
            else []
        ),
        parts.tile(
            "now-balance",
            view.say("Net exports", "Exportations nettes"),
            speak.quantity(net, _MW, signed=True),
            view.say("physical balance", "solde physique"),
        ),
    ]
    return parts.tiles(found)


def _rate(view: View, rate: pl.Series) -> list[Component]:
    if rate.is_empty():
        return []
    value = float(rate[-1])
    mean = view.language.number(float(rate.mean() or 0))  # type: ignore[arg-type]
    more = view.say(f"mean of the day {mean}", f"moyenne du jour {mean}")
    label = view.say("CO₂ intensity", "Intensité CO₂")
    return [parts.tile("now-rate", label, view.language.quantity(value, "g/kWh"), more, carbon_colour(value))]


def _largest(row: dict[str, float | None]) -> str | None:
    known = {name: row[name] or 0 for name in NATIONAL if row.get(name) is not None}
    return max(known, key=lambda name: known[name]) if known else None


def _charts(reader: Reader, view: View, answer: Answer, measured: pl.DataFrame) -> list[Component]:
    style = view.style
    columns = {"pompage": "pompage", **{name: name for name in NATIONAL}}
    day = view.language.day(reader.held[1])
    return [
        parts.chart(
            reader,
            "load",
            view.say(f"Load and its forecasts, {day}", f"Consommation et prévisions, {day}"),
            power.load(answer.rows, style),
            [answer],
        ),
        parts.chart(
            reader,
            "mix-now",
            view.say(
                "Generation mix to the last measured instant", "Mix de production jusqu'au dernier instant mesuré"
            ),
            power.mix(measured, columns, "date_heure", _MW, style, load="consommation"),
            [answer],
        ),
        parts.chart(
            reader,
            "carbon",
            view.say("CO₂ intensity of production", "Intensité CO₂ de la production"),
            power.carbon(measured["date_heure"], measured["taux_co2"], style),
            [answer],
            height=280,
        ),
        parts.chart(
            reader,
            "borders-now",
            view.say("Commercial exchanges by border", "Échanges commerciaux par frontière"),
            power.borders(measured, "date_heure", _MW, style, balance="ech_physiques"),
            [answer],
            height=280,
            note=view.say(
                f"The line is the physical balance. {_most_sold(measured, view)}",
                f"La ligne est le solde physique. {_most_sold(measured, view)}",
            ),
        ),
    ]


def _most_sold(measured: pl.DataFrame, view: View) -> str:
    newest = measured.row(-1, named=True)
    sold = {border: -(newest[f"ech_comm_{border}"] or 0) for border in BORDERS}
    border = max(sold, key=lambda name: sold[name])
    if sold[border] <= 0:
        return view.say("No border buys at this instant.", "Aucune frontière n'achète en cet instant.")
    name, power_sold = BORDERS[border].name(view.language), view.language.quantity(sold[border], _MW)
    return view.say(f"Most goes to {name}: {power_sold}.", f"Premier acheteur : {name}, {power_sold}.")


def _records(reader: Reader, view: View) -> Component:
    until = reader.held[1]
    asked = RecordsAsked(since=until - timedelta(days=_LATELY), until=until, standing=True)
    answer = reader.answer("/records", asked, records_of(reader.desk, reader.snapshot, asked))
    broken = answer.rows.filter(pl.col("previous_value").is_not_null()).head(_RECORDS)
    title = view.say("Records lately broken", "Records récemment battus")
    if broken.is_empty():
        said = view.say(f"None in the last {_LATELY} days.", f"Aucun ces {_LATELY} derniers jours.")
        return parts.card(reader, "records", title, [html.P(said, className="nothing")], [answer], wide=True)
    heads = [
        view.say("Record", "Record"), view.say("When", "Quand"), view.say("Value", "Valeur"),
        view.say("The one before", "Le précédent"), view.say("of", "du"),
    ]  # fmt: skip
    rows = [_record(view, row) for row in broken.iter_rows(named=True)]
    return parts.card(reader, "records", title, [parts.table(heads, rows, "records-table", title)], [answer], wide=True)


def _record(view: View, row: dict[str, Any]) -> list[str]:
    speak, unit = view.language, "MW" if row["span"] == "hour" and row["unit"] == "MWh" else row["unit"]
    highest = row["extreme"] == "highest"
    extreme = view.say(*(("highest", "maximum") if highest else ("lowest", "minimum")))
    span = view.say(*(("hour", "horaire") if row["span"] == "hour" else ("day", "journalier")))
    name = _MEASURES[row["measure"]].name(speak)
    at = row["date_heure"]
    return [
        view.say(f"{name}, {extreme} {span}", f"{name}, {extreme} {span}"),
        speak.moment(at) if at else speak.day(row["civil_date"]),
        speak.quantity(row["value"], unit),
        speak.quantity(row["previous_value"], unit),
        speak.day(row["previous_date"]),
    ]


_LATELY: Final = 365
_RECORDS: Final = 10
_MEASURES: Final = {
    **SOURCES,
    "consommation": LOAD,
    "production": Ink("Production", "Production", "", ""),
    "net_export": Ink("Net exports", "Exportations nettes", "", ""),
    "taux_co2": CARBON,
}


PAGE: Final = Page("now", "Now", "En direct", body, intervals=(), period=False)
