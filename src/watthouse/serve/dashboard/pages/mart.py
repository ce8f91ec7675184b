"""One mart as a table that can be sorted and filtered, and the list of all marts."""

from typing import Final

import pyarrow as pa
from dash import dcc, html
from dash.development.base_component import Component

from watthouse.serve.dashboard import controls, parts, shell
from watthouse.serve.dashboard.pages import block
from watthouse.serve.dashboard.pages.grid import grid
from watthouse.serve.dashboard.reading import Answer, PageReader
from watthouse.serve.dashboard.view import View
from watthouse.serve.queries.params import Order
from watthouse.serve.queries.rows import RowsParams, every_row, rows_of
from watthouse.transform.dictionary import Mart

IN_FRENCH: Final = {
    "completeness_daily": "Ce que chaque jeu de données a mesuré de chaque jour : une ligne par jeu et jour civil, de"
    " son premier jour mesuré au dernier, jours sans mesure compris. Un jour mesuré par les données consolidées n'est"
    " plus compté au temps réel.",
    "daily_merged": "Toute la France sur une ligne par jour civil avec au moins un créneau mesuré : température, mix,"
    " prévisions, échanges, gaz stocké. Une colonne absente du millésime est vide, jamais 0.",
    "daily_mix": "Mix de production national, une ligne par jour civil avec au moins un créneau mesuré.",
    "daily_regional": "Électricité par région, une ligne par jour civil et région métropolitaine continentale avec au"
    " moins un créneau mesuré.",
    "exchanges_daily": "Échanges avec les autres pays, une ligne par jour civil avec au moins un créneau mesuré. Les"
    " soldes ont le signe publié : imports positifs, exports négatifs.",
    "forecast_daily": "Prévisions de consommation et leurs écarts, une ligne par jour civil prévu, jours à venir"
    " compris.",
    "forecast_slots": "Prévisions nationales de consommation telles que publiées, une ligne par instant prévu, jours à"
    " venir compris.",
    "gas_daily": "Gaz stocké, une ligne par jour pour lequel un opérateur au moins a publié.",
    "gas_points_daily": "Gaz stocké, une ligne par jour civil et point de stockage qui a publié.",
    "hourly_national": "Électricité nationale, une ligne par heure avec au moins un créneau mesuré.",
    "monthly_national": "Mix de production national, une ligne par mois civil avec au moins un créneau mesuré.",
    "monthly_regional": "Électricité par région, une ligne par mois civil et région métropolitaine continentale.",
    "national_slots": "Électricité nationale telle que publiée, une ligne par créneau de la meilleure série : un quart"
    " d'heure ou une demi-heure. Une valeur est sur la ligne où elle a été publiée ; une ligne sans slot_minutes ne"
    " porte que des échanges commerciaux.",
    "records_daily": "Records nationaux au jour où ils sont tombés : une ligne par grandeur, durée (heure ou jour) et"
    " jour civil où une valeur a dépassé toutes les précédentes ; la toute première compte. Seuls comptent les heures"
    " et les jours entièrement mesurés.",
    "regional_slots": "Électricité par région telle que publiée, une ligne par créneau de la meilleure série et région"
    " métropolitaine continentale : un quart d'heure ou une demi-heure.",
    "tempo_days": "Couleurs du tarif Tempo, une ligne par jour du calendrier de RTE. Un jour Tempo va de 6 h à 6 h le"
    " lendemain (Europe/Paris) : de minuit à 6 h vaut la couleur de la ligne précédente. Un jour sans ligne n'a pas de"
    " couleur connue.",
    "temperature_daily": "Températures, une ligne par jour civil et région, Corse comprise.",
    "yearly_regional": "Électricité par région, une ligne par année civile et région métropolitaine continentale.",
}
"""What the marts hold; the English descriptions are those of the models."""


def heading(view: View) -> str | None:
    """The mart's name."""
    return view.detail or None


def body(reader: PageReader, view: View) -> list[Component]:
    """The rows of the period, the newest first: the table asks for them when it is there."""
    chosen = reader.snapshot.marts.get(view.detail)
    if chosen is None:
        names = ", ".join(reader.snapshot.marts)
        text = view.say(en=f"There are {names}.", fr=f"Il y a {names}.")
        return [_choice(reader, view), shell.notice(view.say(en="No such mart", fr="Table inconnue"), text)]
    count = _row_count(reader, view)
    about = html.P(described(view, chosen), className="note")
    built = view.language.moment(reader.snapshot.built_at)
    card = parts.card(
        reader,
        "mart",
        chosen.name,
        [about, *_table(reader, view, count)],
        [_every_row(reader, view)] if count else [],
        wide=True,
        fresh=view.say(en=f"built {built}", fr=f"construite le {built}"),
    )
    return [_choice(reader, view), card]


def _row_count(reader: PageReader, view: View) -> int:
    """How many rows of the period there are."""
    _, rows = every_row(reader.snapshot, view.detail, RowsParams(since=view.since, until=view.until))
    (count,) = reader.snapshot.rows(rows.aggregate(count=rows.count())).column("count").to_pylist()
    return int(count or 0)


def _table(reader: PageReader, view: View, count: int) -> list[Component]:
    if not count:
        return [parts.nothing(reader)]
    mart, rows = every_row(reader.snapshot, view.detail, RowsParams(since=view.since, until=view.until))
    return [
        html.P(block.counted(view, count, count), className="note", id="mart-rows", role="status"),
        grid(view, mart, rows.schema()),
        dcc.Store(id="mart-version", data=[view.address, reader.snapshot.version]),
    ]


def described(view: View, mart: Mart) -> str:
    """What a mart holds, in the reader's language."""
    return view.say(en=mart.description, fr=IN_FRENCH.get(mart.name, mart.description))


def listed(reader: PageReader, view: View) -> Component:
    """What marts there are, each a link to its table."""
    title = view.say(en="The marts", fr="Les tables")
    heads = [
        view.say(en="Mart", fr="Table"),
        view.say(en="What it holds", fr="Contenu"),
        view.say(en="Columns", fr="Colonnes"),
    ]
    rows = [
        [
            html.A(each.name, href=view.href(detail=each.name, more={"dataset": None})),
            html.Span(described(view, each), className="described"),
            view.language.number(len(each.columns)),
        ]
        for each in reader.snapshot.marts.values()
    ]
    return parts.card(reader, "data-marts", title, [parts.table(heads, rows, "marts", title)], wide=True)


def _choice(reader: PageReader, view: View) -> Component:
    whole = ("←", view.href(detail=""), "mart-none", False)
    links = [(name, view.href(detail=name), f"mart-{name}", name == view.detail) for name in reader.snapshot.marts]
    return controls.choice(view.say(en="Marts", fr="Tables"), "mart-choice", [whole, *links])


def _every_row(reader: PageReader, view: View) -> Answer:
    """Whose address gives every row of the period; it holds none of them itself."""
    # the newest first, as the table shows them
    params = RowsParams(since=view.since, until=view.until, order=Order.NEWEST)
    row_set = rows_of(reader.snapshot, view.detail, params)
    return reader.answer(f"/marts/{view.detail}/rows", params, row_set.with_rows(pa.table({"of": [view.detail]})))
