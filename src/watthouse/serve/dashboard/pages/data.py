"""Data: coverage and freshness of each dataset, recent revisions, and every mart as a table."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from dash import html
from dash.development.base_component import Component
from pyarrow import types

from watthouse.catalog import CATALOG, Dataset
from watthouse.clock import PARIS
from watthouse.serve.dashboard import controls, parts, shell
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.pages import mart, stream_card
from watthouse.serve.dashboard.reading import Answer, PageReader
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import completeness
from watthouse.serve.ledger import DatasetStatus, RevisionsParams, revisions_of, status_of
from watthouse.serve.queries.checks import TEST, warning
from watthouse.serve.queries.completeness import COMPLETENESS, CompletenessParams
from watthouse.serve.queries.fields import DEFAULT_DAYS
from watthouse.serve.queries.params import A_YEAR, FormatParams
from watthouse.warehouse.snapshots import Snapshot

_FIRST: Final = "eco2mix-national-tr"
_YEARS: Final = 13
_LATELY: Final = 20


def body(reader: PageReader, view: View) -> list[Component]:
    """A mart where the address names one, else the datasets and the list of marts."""
    if view.detail:
        return mart.body(reader, view)
    dataset_id = view.more.get("dataset", _FIRST)
    if dataset_id not in CATALOG:
        text = view.say(en=f"There are {', '.join(CATALOG)}.", fr=f"Il y a {', '.join(CATALOG)}.")
        unknown = shell.notice(view.say(en="No such dataset", fr="Jeu de données inconnu"), text)
        return [_datasets(view, ""), unknown]
    dataset = CATALOG[dataset_id]
    return [
        _calendar(reader, view),
        _freshness(reader, view),
        *stream_card.card(reader.service, reader, view),
        _datasets(view, dataset.id),
        _years(reader, view, dataset),
        _revisions(reader, view, dataset),
        _broken(reader, view),
        mart.listed(reader, view),
    ]


def _datasets(view: View, chosen: str) -> Component:
    links = [(name, view.href(more={"dataset": name}), f"dataset-{name}", name == chosen) for name in CATALOG]
    return controls.choice(view.say(en="Dataset", fr="Jeu de données"), "datasets", links)


def _calendar(reader: PageReader, view: View) -> Component:
    since, until = reader.period
    first = max(since, until - timedelta(days=A_YEAR - 1))
    answer = reader.ask(COMPLETENESS, CompletenessParams(since=first, until=until))
    note = view.say(
        en="The days of the period (the last 366 if it is longer). Consolidated and real-time datasets follow each"
        " other: where one ends, the other begins.",
        fr="Les jours de la période, les 366 derniers si elle est plus longue. Les jeux consolidés et temps réel se"
        " succèdent : l'un commence où l'autre finit.",
    )
    return parts.chart(
        reader,
        "data-calendar",
        view.say(en="Coverage", fr="Complétude"),
        completeness.by_dataset(answer.rows, view.style),
        [answer],
        note=" ".join([note, *_absent(reader, view, answer, (until - first).days + 1)]),
        height=350,
        wide=True,
    )


def _absent(reader: PageReader, view: View, answer: Answer, days: int) -> Iterator[str]:
    """A line for every dataset that has none of the days shown: when it ends, or begins."""
    extents, speak = reader.snapshot.once(_extents), view.language
    for name in [name for name in CATALOG if name not in set(answer.rows["dataset"])]:
        none = view.say(en=f"No day of {name} in these {days} days", fr=f"Aucun jour de {name} parmi ces {days} jours")
        if name not in extents:
            yield view.say(en=f"{none}: nothing measured yet.", fr=f"{none} : aucune mesure pour l'instant.")
        elif (last := extents[name][1]) < date.fromisoformat(answer.more["since"]):
            yield view.say(
                en=f"{none}: its last is {speak.day(last)}.", fr=f"{none} : son dernier est le {speak.day(last)}."
            )
        else:
            first = speak.day(extents[name][0])
            yield view.say(en=f"{none}: its first is {first}.", fr=f"{none} : son premier est le {first}.")


def _extents(snapshot: Snapshot) -> dict[str, tuple[date, date]]:
    """The first and the last day of every dataset of which any was measured."""
    table = snapshot.table("completeness_daily")
    ends = table.group_by("dataset").aggregate(first=table.civil_date.min(), last=table.civil_date.max())
    return {row["dataset"]: (row["first"], row["last"]) for row in snapshot.rows(ends).to_pylist()}


def _years(reader: PageReader, view: View, dataset: Dataset) -> Component:
    since, until = reader.period
    first = max(since, date(max(until.year - _YEARS + 1, 1), 1, 1))
    answer = reader.ask(COMPLETENESS, CompletenessParams(since=first, until=until, dataset=dataset.id))
    years = answer.rows["civil_date"].dt.year().n_unique()
    short = answer.rows.filter(~answer.rows["complete"]).height
    speak = view.language
    note = view.say(
        en=f"Incomplete days: {speak.number(short)} of {speak.number(answer.rows.height)}.",
        fr=f"Jours incomplets : {speak.number(short)} sur {speak.number(answer.rows.height)}.",
    )
    return parts.chart(
        reader,
        "data-years",
        view.say(en=f"Days of {dataset.id}", fr=f"Jours de {dataset.id}"),
        completeness.by_year(answer.rows, view.style),
        [answer],
        note=note,
        height=110 + max(years, 4) * 24,
    )


def _freshness(reader: PageReader, view: View) -> Component:
    heads = [
        view.say(en="Dataset", fr="Jeu de données"),
        view.say(en="Newest measured", fr="Dernière mesure"),
        view.say(en="Days missing", fr="Jours manquants"),
        view.say(en="Last refresh", fr="Dernier rafraîchissement"),
        view.say(en="Rows in the ledger", fr="Lignes au registre"),
        view.say(en="Overdue", fr="En retard"),
    ]
    rows = [_line(view, line) for line in status_of(reader.service).datasets]
    title = view.say(en="Freshness", fr="Fraîcheur")
    table = parts.table(heads, rows, "freshness", title)
    built = view.language.moment(reader.snapshot.built_at)
    note = html.P(
        view.say(en=f"Paris time. The marts were last built on {built}.",
                 fr=f"Heures de Paris. Les tables ont été construites le {built}."),
        className="note",
    )  # fmt: skip
    return parts.card(reader, "data-freshness", title, [table, note], wide=True)


def _line(view: View, line: DatasetStatus) -> list[object]:
    speak = view.language
    return [
        html.A(line.dataset, href=view.href(more={"dataset": line.dataset})),
        _when(view, line.newest_measured),
        speak.number(line.missing_days),
        speak.moment(line.last_refresh.astimezone(UTC)) if line.last_refresh else "–",
        speak.number(line.lake_rows),
        view.say(en="yes", fr="oui") if line.overdue else view.say(en="no", fr="non"),
    ]


def _when(view: View, stamp: str | datetime | date | None) -> str:
    """An instant or a civil day as readers write it."""
    if stamp is None:
        return "–"
    if isinstance(stamp, str):
        stamp = datetime.fromisoformat(stamp) if "T" in stamp else date.fromisoformat(stamp)
    return view.language.moment(stamp) if isinstance(stamp, datetime) else view.language.day(stamp)


def _revisions(reader: PageReader, view: View, dataset: Dataset) -> Component:
    answer = _lately(reader, view, dataset)
    title = view.say(en="Recent revisions", fr="Révisions récentes")
    slots = view.language.days(*(date.fromisoformat(answer.more[end]) for end in ("since", "until")))
    if answer.rows.is_empty():
        none = view.say(en=f"No value of {slots} was revised.", fr=f"Aucune valeur du {slots} n'a été révisée.")
        return parts.card(reader, "data-revisions", title, [html.P(none, className="nothing")])
    total = view.language.number(answer.more["found"])
    shown = view.language.number(answer.rows.head(_LATELY).height)
    note = view.say(
        en=f"The {shown} most recent of {total} changes to {slots}.",
        fr=f"Les {shown} plus récentes des {total} modifications du {slots}.",
    )
    table = _changed(view, dataset, answer, title)
    return parts.card(reader, "data-revisions", title, [table, html.P(note, className="note")], [answer])


def _broken(reader: PageReader, view: View) -> Component:
    """What the tests that only warn find, each with the first rows that break it."""
    title = view.say(en="Data tests", fr="Tests des données")
    tests = warning(reader.snapshot)
    broken = [test for test in tests if test.places]
    speak = view.language
    every = view.say(
        en=f"Every build is tested. {speak.number(len(tests))} tests only warn; {speak.number(len(broken))} of them"
        " fail now, over all available data.",
        fr=f"Chaque construction est testée. {speak.number(len(tests))} tests ne font qu'avertir, dont"
        f" {speak.number(len(broken))} en défaut, sur toutes les données disponibles.",
    )
    answers, body = [], [html.P(every, className="note", id="tests-found")]
    for test in broken:
        answer = reader.ask(TEST, FormatParams(), test.name)
        answers.append(answer)
        rows = [[*map(_cell(view), row)] for row in answer.rows.head(_LATELY).iter_rows()]
        places, shown = speak.number(test.places), speak.number(len(rows))
        words = view.say(
            en=f"{test.name}: {places} failing rows, {shown} shown",
            fr=f"{test.name} : {places} lignes en défaut, {shown} affichées",
        )
        body += [html.H3(words), parts.table(answer.rows.columns, rows, f"broken-{test.name}", words)]
    return parts.card(reader, "data-tests", title, body, answers, wide=True)


def _cell(view: View) -> Callable[[object], str]:
    def written(value: object) -> str:
        if isinstance(value, datetime | date):
            return _when(view, value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return view.language.number(value, 0 if isinstance(value, int) else 4)
        return "–" if value is None else str(value)

    return written


def _lately(reader: PageReader, view: View, dataset: Dataset) -> Answer:
    """Of the period where one is asked for, a year at most; else of the newest days that the dataset has measured."""
    # else the newest days that the dataset measured: settled ones lie months back
    if view.since or view.until:
        since, until = reader.period
        since = max(since, until - timedelta(days=A_YEAR - 1))
    else:
        until = _last_day(reader, dataset)
        since = until - timedelta(days=DEFAULT_DAYS - 1)
    params = RevisionsParams(dataset=dataset.id, since=since, until=until)
    return reader.answer("/revisions", params, revisions_of(reader.service, params))


def _last_day(reader: PageReader, dataset: Dataset) -> date:
    """The civil day of the newest measurement: rows of days to come hold forecasts only."""
    # rows of days to come have forecasts only, so the last row is not the last day
    newest = reader.service.home.lake.extent(dataset).newest_measured
    if isinstance(newest, datetime):
        return newest.astimezone(PARIS).date()
    return newest or reader.extent[1]


def _changed(view: View, dataset: Dataset, answer: Answer, title: str) -> Component:
    others = [name for name in dataset.key if name != dataset.time]
    heads = [
        view.say(en="Slot", fr="Créneau"),
        *others,
        view.say(en="Column", fr="Colonne"),
        view.say(en="Before", fr="Avant"),
        view.say(en="After", fr="Après"),
        view.say(en="Seen", fr="Vue"),
    ]
    rows = [
        [
            _when(view, row["slot"]),
            *(str(row[name]) for name in others),
            row["column"],
            value(view, dataset, row["column"], row["from"]),
            value(view, dataset, row["column"], row["to"]),
            _when(view, row["seen"]),
        ]
        for row in answer.rows.head(_LATELY).iter_rows(named=True)
    ]
    return parts.table(heads, rows, "revisions", title)


def value(view: View, dataset: Dataset, column: str, text: str | None) -> str:
    """A value of the ledger as readers write it, with its unit; other than numbers stay as they are."""
    if text is None:
        return view.say(en="withdrawn", fr="retirée")
    of = dataset.by_name[column]
    if not any(is_so(of.kind.arrow) for is_so in (types.is_integer, types.is_floating, types.is_decimal)):
        return text
    # the ledger keeps values as text, so that no digit is lost
    exact = Decimal(text).normalize()
    digits = max(-int(exact.as_tuple().exponent), 0)
    written = view.language.quantity(float(exact), of.unit, digits)
    return written if of.unit else written.strip()


PAGE: Final = Page(
    name="data",
    en="Data",
    fr="Données",
    body=body,
    intervals=(),
    span=None,
    heading=mart.heading,
    marts=lambda _: ("completeness_daily",),
)
