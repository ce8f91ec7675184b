"""The card of recently broken records, on the page Now."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

import polars as pl
from dash import html
from dash.development.base_component import Component

from watthouse.serve.dashboard import parts
from watthouse.serve.dashboard.reading import PageReader
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures.palette import CARBON, LOAD, SOURCES, Ink
from watthouse.serve.queries.coverage import ENOUGH
from watthouse.serve.queries.records import RECORDS, RecordsParams


def card(reader: PageReader, view: View) -> Component:
    """Records broken in the last year, or why none is announced."""
    until = reader.extent[1]
    params = RecordsParams(since=until - timedelta(days=_LATELY), until=until, standing=True)
    answer = reader.ask(RECORDS, params)
    # the very first value of a history breaks nothing
    broken = answer.rows.filter(pl.col("previous_value").is_not_null()).head(_RECORDS)
    title = view.say(en="Recently broken records", fr="Records récemment battus")
    # a record over a history with holes may have been broken where nothing was measured
    if answer.more["history_measured"] < ENOUGH:
        words = html.P(_holes(view, answer.more), className="nothing", id="records-holes")
        return parts.card(reader, "records", title, [words], [answer], wide=True)
    if broken.is_empty():
        text = view.say(en=f"None in the last {_LATELY} days.", fr=f"Aucun ces {_LATELY} derniers jours.")
        return parts.card(reader, "records", title, [html.P(text, className="nothing")], [answer], wide=True)
    heads = [
        view.say(en="Record", fr="Record"), view.say(en="When", fr="Quand"), view.say(en="Value", fr="Valeur"),
        view.say(en="Previous record", fr="Record précédent"), view.say(en="Set on", fr="Établi le"),
    ]  # fmt: skip
    rows = [_record(view, row) for row in broken.iter_rows(named=True)]
    first = view.language.day(reader.extent[0])
    note = view.say(
        en=f"Broken in the last {_LATELY} days; the history starts on {first}.",
        fr=f"Battus ces {_LATELY} derniers jours ; l'historique commence le {first}.",
    )
    content = [parts.table(heads, rows, "records-table", title), html.P(note, className="note")]
    return parts.card(reader, "records", title, content, [answer], wide=True)


def _holes(view: View, more: Mapping[str, Any]) -> str:
    """Why no record is announced: it might have been broken where nothing was measured."""
    speak = view.language
    first = speak.day(date.fromisoformat(more["history_since"]))
    share, enough = speak.percent(more["history_measured"]), speak.percent(ENOUGH, 0)
    return view.say(
        en=f"Records need {enough} of the time since {first} to be measured; only {share} is, so none is announced. The"
        " download has the highest values of the available data.",
        fr=f"Un record suppose {enough} du temps mesuré depuis le {first} ; {share} seulement l'est, aucun n'est donc"
        " annoncé. Le téléchargement contient les valeurs les plus hautes des données disponibles.",
    )


def _record(view: View, row: dict[str, Any]) -> list[str]:
    speak, unit = view.language, "MW" if row["span"] == "hour" and row["unit"] == "MWh" else row["unit"]
    highest = row["extreme"] == "highest"
    extreme = view.say(en="highest", fr="maximum") if highest else view.say(en="lowest", fr="minimum")
    span = view.say(en="hour", fr="horaire") if row["span"] == "hour" else view.say(en="day", fr="journalier")
    name = _MEASURES[row["measure"]].name(speak)
    # records of a day have no instant
    at = row["date_heure"]
    return [
        view.say(en=f"{name}, {extreme} {span}", fr=f"{name}, {extreme} {span}"),
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
