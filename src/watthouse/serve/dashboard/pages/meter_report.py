"""What is odd about a channel: gaps, changes of its step, zeros, what gave way, the files behind it, lines rejected."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

import polars as pl
from dash import html
from dash.development.base_component import Component

from watthouse.meters import queries
from watthouse.meters.held import files_of, replaced, unsorted, zero_runs
from watthouse.meters.steps import Stretch
from watthouse.serve.dashboard import parts
from watthouse.serve.dashboard.meter_reading import MeterReader
from watthouse.serve.dashboard.view import View

_NAMED: Final = 3
_REJECTS: Final = 10
_LISTED: Final = 20
"""Rows of a table at most: its download has them all."""


def cards(reader: MeterReader, view: View) -> Iterator[Component]:
    """The gaps, the curve report, and the files of the period."""
    if reader.channel.is_interval:
        yield _gaps(reader, view)
    yield _report(reader, view)
    yield _files(reader, view)


def _gaps(reader: MeterReader, view: View) -> Component:
    title = view.say(en="Gaps", fr="Lacunes")
    gaps = reader.coverage.gaps if reader.coverage else []
    if not gaps:
        none = view.say(en="No interval of this period is missing.", fr="Aucun intervalle de cette période ne manque.")
        return parts.card(reader, "meter-gaps-list", title, [html.P(none, className="nothing")])
    longest = sorted(
        sorted(gaps, key=lambda gap: gap.until - gap.since, reverse=True)[:_LISTED], key=lambda gap: gap.since
    )
    heads = [
        view.say(en="Last reading before", fr="Dernier relevé avant"),
        view.say(en="First after", fr="Premier après"),
        view.say(en="Missing", fr="Manquants"),
    ]
    rows = [[reader.moment(gap.since), reader.moment(gap.until), view.language.number(gap.count)] for gap in longest]
    body: list[Component] = [parts.table(heads, rows, "gaps", title)]
    if len(gaps) > len(longest):
        few, of = view.language.number(len(longest)), view.language.number(len(gaps))
        body.append(
            _note(view.say(en=f"The {few} longest of {of} gaps.", fr=f"Les {few} plus longues des {of} lacunes."))
        )
    # with the readings next to the period: of a gap over its end, the API has to see both sides
    since, until = (reader.local(moment).date() for moment in (gaps[0].since, gaps[-1].until))
    first, last = reader.period
    asked = {"channel": reader.channel.id, "since": min(since, first), "until": max(until, last)}
    found = pl.DataFrame({"missing": [gap.count for gap in gaps]})
    return parts.card(reader, "meter-gaps-list", title, body, [reader.answer("gaps", found, title, asked)])


def _report(reader: MeterReader, view: View) -> Component:
    title = view.say(en="Curve report", fr="Rapport de courbe")
    heads = [
        view.say(en="What", fr="Constat"),
        view.say(en="How many", fr="Nombre"),
        view.say(en="Where", fr="Où"),
    ]
    table = parts.table(heads, [*_findings(reader, view)], "curve-report", title)
    note = view.say(
        en="Of this channel in this period, by the meters' clock. Of a file, the same is told by ",
        fr="De cette voie sur cette période, à l'horloge des compteurs. Pour un fichier, voir ",
    )
    body = [table, html.P([note, html.Code("watthouse meters check"), "."], className="note")]
    return parts.card(reader, "meter-report", title, body)


def _findings(reader: MeterReader, view: View) -> Iterator[Sequence[object]]:
    say, number = view.say, view.language.number
    connection, channel, bounds = reader.connection, reader.channel, reader.bounds
    if channel.is_interval and reader.coverage:
        held = reader.coverage
        usual = view.language.quantity(held.minutes, "min")
        where = "; ".join(
            f"{number(change.before)} → {view.language.quantity(change.after, 'min')}, {reader.moment(change.at)}"
            for change in held.steps[:_NAMED]
        )
        more = " …" if len(held.steps) > _NAMED else ""
        where = html.Span(f"{where}{more}" or usual, className="described")
        yield say(en="Changes of the step", fr="Changements de pas"), number(len(held.steps)), where
        zeros = zero_runs(reader.rows, timedelta(minutes=held.minutes)) if held.minutes else []
        yield (
            say(en="Zeros for 6 hours or more", fr="Zéros pendant 6 heures ou plus"),
            number(len(zeros)),
            html.Span(_longest(reader, zeros), className="described"),
        )
    gave_way = say(en="Readings replaced by another value", fr="Relevés remplacés par une autre valeur")
    yield gave_way, number(replaced(connection, channel, bounds)), ""
    before = say(en="Lines earlier than the one before", fr="Lignes antérieures à la précédente")
    yield before, number(unsorted(connection, channel, bounds)), ""
    units = sorted({one.unit for one in reader.channels if one.data_type == channel.data_type})
    yield say(en="Units of this data type", fr="Unités de ce type de donnée"), number(len(units)), ", ".join(units)


def _longest(reader: MeterReader, stretches: Sequence[Stretch]) -> str:
    if not stretches:
        return ""
    longest = max(stretches, key=lambda stretch: stretch.until - stretch.since)
    words = f"{reader.moment(longest.since)} – {reader.moment(longest.until)}"
    return words if len(stretches) == 1 else reader.view.say(en=f"longest: {words}", fr=f"la plus longue : {words}")


def _files(reader: MeterReader, view: View) -> Component:
    say, number = view.say, view.language.number
    title = say(en="Files of this period", fr="Fichiers de cette période")
    heads = [
        say(en="File", fr="Fichier"),
        say(en="Layout", fr="Format"),
        say(en="Loaded", fr="Chargé"),
        say(en="Readings", fr="Relevés"),
        say(en="Rejected", fr="Rejetées"),
        say(en="Duplicates", fr="Doublons"),
        say(en="Replaced older", fr="Anciens remplacés"),
    ]
    files = files_of(reader.connection, reader.channel, reader.bounds)
    newest = sorted(files, key=lambda file: file.loaded_at, reverse=True)[:_LISTED]
    rows = [
        [file.name, file.layout, reader.moment(file.loaded_at)]
        + [number(count) for count in (file.readings, file.rejected, file.duplicates, file.superseded)]
        for file in newest
    ]
    note = say(en="Counts are those of the whole file, all channels.", fr="Décomptes du fichier entier, toutes voies.")
    if len(files) > len(newest):
        few, of = number(len(newest)), number(len(files))
        note += say(en=f" The {few} loaded last of {of}.", fr=f" Les {few} derniers chargés sur {of}.")
    return parts.card(reader, "meter-files", title, [parts.table(heads, rows, "files", title), _note(note)], wide=True)


def rejects(reader: MeterReader, view: View) -> Component:
    """Lines of any meter's files that are no readings: such a line does not tell whose it was."""
    title = view.say(en="Rejected lines of all files", fr="Lignes rejetées de tous les fichiers")
    found, total = queries.rejects(reader.connection, None, _REJECTS)
    if not found:
        none = view.say(en="No line was rejected.", fr="Aucune ligne n'a été rejetée.")
        return parts.card(reader, "meter-rejects", title, [html.P(none, className="note")], wide=True)
    heads = [
        view.say(en="File", fr="Fichier"),
        view.say(en="Line", fr="Ligne"),
        view.say(en="Why it is no reading", fr="Pourquoi ce n'est pas un relevé"),
        view.say(en="Text of the line", fr="Texte de la ligne"),
    ]
    rows = [
        [
            line.file,
            view.language.number(line.line),
            html.Span(line.reason, className="described"),
            html.Code(line.text, className="described"),
        ]
        for line in found
    ]
    few, of = view.language.number(len(found)), view.language.number(total)
    body = [parts.table(heads, rows, "rejects", title)]
    if total > len(found):
        body.append(
            _note(
                view.say(
                    en=f"{few} of {of}, of the newest files first.", fr=f"{few} sur {of}, fichiers récents d'abord."
                )
            )
        )
    answer = reader.rejects(pl.DataFrame({"line": [line.line for line in found]}), title)
    line = view.say(en="files of this server's owner", fr="fichiers du propriétaire de ce serveur")
    return parts.card(reader, "meter-rejects", title, body, [answer], wide=True, line=line)


def _note(text: str) -> Component:
    return html.P(text, className="note")
