"""One mart as a table that can be sorted and filtered, and the list of all marts."""

from collections.abc import Sequence
from typing import Any, Final

import dash_ag_grid as dag
import polars as pl
from dash import html
from dash.development.base_component import Component

from watthouse.serve.api.held import RowsAsked, rows_of
from watthouse.serve.asking import Order
from watthouse.serve.dashboard import parts, shell
from watthouse.serve.dashboard.reading import Answer, Reader
from watthouse.serve.dashboard.view import View
from watthouse.serve.dictionary import Mart, MartColumn

dag._js_dist[0]["dynamic"] = True
"""1.3 MB that only tables need: watthouse.js fetches it where there is one, instead of every page."""

_MOST: Final = 5_000
_MOST_CELLS: Final = 60_000
"""Cells of a table in a browser: what a wide mart has beyond them is a download away."""

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
    "gas_daily": "Gaz stocké, une ligne par jour pour lequel un opérateur au moins a publié.",
    "gas_points_daily": "Gaz stocké, une ligne par jour civil et point de stockage qui a publié.",
    "hourly_national": "Électricité nationale, une ligne par heure avec au moins un créneau mesuré.",
    "monthly_regional": "Électricité par région, une ligne par mois civil et région métropolitaine continentale.",
    "records_daily": "Records nationaux au jour où ils sont tombés : une ligne par grandeur, durée (heure ou jour) et"
    " jour civil où une valeur a dépassé toutes les précédentes ; la toute première compte. Seuls comptent les heures"
    " et les jours entièrement mesurés.",
    "temperature_daily": "Températures, une ligne par jour civil et région, Corse comprise.",
    "yearly_regional": "Électricité par région, une ligne par année civile et région métropolitaine continentale.",
}
"""What the marts hold; their English words stand with the models."""


def heading(view: View) -> str | None:
    """The mart's name."""
    return view.detail or None


def body(reader: Reader, view: View) -> list[Component]:
    """The newest rows of the period, the newest first."""
    found = reader.desk.marts.get(view.detail)
    if found is None:
        names = ", ".join(reader.desk.marts)
        said = view.say(f"There are {names}.", f"Il y a {names}.")
        return [_choice(reader, view), shell.notice(view.say("No such mart", "Table inconnue"), said)]
    answer, held = _read(reader, view, found)
    note = html.P(_said(view, answer.rows.height, held), className="note", id="mart-rows")
    about = html.P(described(view, found), className="note")
    grid = _grid(view, found, answer.rows) if answer.rows.height else parts.nothing(reader)
    card = parts.card(reader, "mart", found.name, [about, grid, note], [answer], wide=True)
    return [_choice(reader, view), card]


def described(view: View, mart: Mart) -> str:
    """What a mart holds, in the reader's language."""
    return view.say(mart.description, IN_FRENCH.get(mart.name, mart.description))


def listed(reader: Reader, view: View) -> Component:
    """What marts there are, each a link to its table."""
    title = view.say("The marts", "Les tables")
    heads = [view.say("Mart", "Table"), view.say("What it holds", "Contenu"), view.say("Columns", "Colonnes")]
    rows = [
        [
            html.A(one.name, href=view.href(detail=one.name, more={"dataset": None})),
            html.Span(described(view, one), className="described"),
            view.language.number(len(one.columns)),
        ]
        for one in reader.desk.marts.values()
    ]
    return parts.card(reader, "data-marts", title, [parts.table(heads, rows, "marts", title)], wide=True)


def _choice(reader: Reader, view: View) -> Component:
    whole = ("←", view.href(detail=""), "mart-none", False)
    links = [(name, view.href(detail=name), f"mart-{name}", name == view.detail) for name in reader.desk.marts]
    return shell.choice(view.say("Marts", "Tables"), "mart-choice", [whole, *links])


def _read(reader: Reader, view: View, found: Mart) -> tuple[Answer, int]:
    """The rows that are shown, and how many there are; the answer's address gives all of them."""
    asked = RowsAsked(since=view.since, until=view.until, order=Order.NEWEST)
    question = rows_of(reader.desk, reader.snapshot, found.name, asked)
    engine = reader.snapshot.engine
    (counted,) = engine.rows(question.rows.aggregate(rows=question.rows.count())).to_pylist()  # type: ignore[union-attr]
    most = min(_MOST, _MOST_CELLS // len(found.columns))
    shown = question.with_rows(engine.rows(question.rows.limit(most)))  # type: ignore[union-attr]
    return reader.answer(f"/marts/{found.name}/rows", asked, shown), counted["rows"]


def _said(view: View, shown: int, held: int) -> str:
    speak = view.language
    if shown == held:
        return view.say(f"All {speak.number(held)} rows.", f"Les {speak.number(held)} lignes.")
    return view.say(
        f"The newest {speak.number(shown)} of {speak.number(held)} rows: sorting and filtering look at these. The"
        " downloads as CSV and Parquet hold every row, JSON comes in pages; a shorter period shows older ones.",
        f"Les {speak.number(shown)} lignes les plus récentes sur {speak.number(held)} : tri et filtres portent sur"
        " elles. Les fichiers CSV et Parquet ont toutes les lignes, le JSON vient par pages ; une période plus courte"
        " montre les plus anciennes.",
    )


def _grid(view: View, found: Mart, rows: pl.DataFrame) -> Component:
    return html.Div(
        dag.AgGrid(
            id="mart-grid",
            rowData=_plain(rows),
            columnDefs=[
                _column(view, one, str(at), one.name in found.key, rows.schema[one.name])
                for at, one in enumerate(found.columns)
            ],
            defaultColDef={"sortable": True, "filter": True, "resizable": True, "minWidth": 90},
            columnSize="autoSize",
            dashGridOptions={
                "tooltipShowDelay": 300,
                "animateRows": False,
                "enableCellTextSelection": True,
                "localeText": _FRENCH if view.language.value == "fr" else {},
            },
            style={"height": "min(70vh, 44rem)", "width": "100%"},
        ),
        role="region",
        className="grid",
        **{
            "data-ag-theme-mode": "dark" if view.dark else "light",
            "aria-label": view.say(f"Rows of {found.name}", f"Lignes de {found.name}"),
        },
    )


def _column(view: View, one: MartColumn, field: str, is_key: bool, kind: pl.DataType) -> dict[str, Any]:
    unit = f" [{one.unit}]" if one.unit else ""
    said = {
        "colId": one.name,
        "field": field,
        "headerName": f"{one.name}{unit}",
        "headerTooltip": f"{one.meaning}{unit}",
    }
    pinned = {"pinned": "left"} if is_key and one.name.startswith("civil_") else {}
    return said | pinned | _kind(view, kind)


def _kind(view: View, kind: pl.DataType) -> dict[str, Any]:
    if kind.is_numeric():
        said = {"function": f"watthouseNumber(params.value, '{view.language.value}')"}
        return {"filter": "agNumberColumnFilter", "type": "numericColumn", "valueFormatter": said}
    if kind == pl.Date:
        return {"filter": "agDateColumnFilter", "cellDataType": "dateString"}
    return {"filter": "agTextColumnFilter"}


def _plain(rows: pl.DataFrame) -> Sequence[dict[str, Any]]:
    """As JSON has them: by the number of their column, days and instants as text, without what is null."""
    instants = [name for name, kind in rows.schema.items() if isinstance(kind, pl.Datetime)]
    written = rows.with_columns(
        pl.col(pl.Date).cast(pl.String), *(pl.col(name).dt.strftime("%Y-%m-%d %H:%M%:z") for name in instants)
    )
    return [{str(at): cell for at, cell in enumerate(row) if cell is not None} for row in written.iter_rows()]


_FRENCH: Final = {
    "contains": "Contient", "notContains": "Ne contient pas", "equals": "Égal à", "notEqual": "Différent de",
    "startsWith": "Commence par", "endsWith": "Finit par", "blank": "Vide", "notBlank": "Non vide",
    "lessThan": "Inférieur à", "greaterThan": "Supérieur à", "lessThanOrEqual": "Inférieur ou égal à",
    "greaterThanOrEqual": "Supérieur ou égal à", "inRange": "Entre", "inRangeStart": "De", "inRangeEnd": "À",
    "before": "Avant", "after": "Après", "filterOoo": "Filtrer…", "andCondition": "et", "orCondition": "ou",
    "dateFormatOoo": "aaaa-mm-jj", "noRowsToShow": "Aucune ligne", "noMatchingRows": "Aucune ligne ne correspond",
    "pinColumn": "Épingler", "pinLeft": "À gauche", "pinRight": "À droite", "noPin": "Ne pas épingler",
    "sortAscending": "Tri croissant", "sortDescending": "Tri décroissant", "sortUnSort": "Sans tri",
    "autosizeThisColumn": "Ajuster cette colonne", "autosizeAllColumns": "Ajuster toutes les colonnes",
    "resetColumns": "Réinitialiser les colonnes", "chooseColumns": "Choisir les colonnes",
}  # fmt: skip
