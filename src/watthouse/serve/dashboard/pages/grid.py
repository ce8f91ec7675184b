"""The table of a mart in the browser: it asks for its rows block by block, sorted and filtered by the warehouse."""

from typing import Any, Final

import dash_ag_grid as dag
import ibis.expr.schema as sch
from dash import html
from dash.development.base_component import Component

from watthouse.serve.dashboard.grid_filter import CellKind, kind_of
from watthouse.serve.dashboard.view import View
from watthouse.transform.dictionary import Mart, MartColumn

dag._js_dist[0]["dynamic"] = True
"""1.3 MB that only tables need: watthouse.js fetches it where there is one, instead of every page."""

BLOCK: Final = 200
"""Rows of one block: an answer has no more, whatever is asked for."""
_BLOCKS: Final = 20  # that a browser keeps: those out of sight are asked for again


def grid(view: View, mart: Mart, schema: sch.Schema) -> Component:
    """Without its rows: :mod:`~watthouse.serve.dashboard.pages.block` gives them."""
    return html.Div(
        dag.AgGrid(
            id="mart-grid",
            rowModelType="infinite",
            columnDefs=[
                _column(view, column, str(at), column.name in mart.key, kind_of(schema[column.name]))
                for at, column in enumerate(mart.columns)
            ],
            defaultColDef={"sortable": True, "resizable": True, "minWidth": 90},
            dashGridOptions={
                "cacheBlockSize": BLOCK,
                "maxBlocksInCache": _BLOCKS,
                "maxConcurrentDatasourceRequests": 1,  # Dash keeps one question at a time
                "autoSizeStrategy": {"type": "fitCellContents"},
                "tooltipShowDelay": 300,
                "animateRows": False,
                "enableCellTextSelection": True,
                # AG Grid brings English only
                "localeText": _FRENCH if view.language.value == "fr" else {},
            },
            style={"height": "min(70vh, 44rem)", "width": "100%"},
        ),
        role="region",
        className="grid",
        **{
            "data-ag-theme-mode": "dark" if view.dark else "light",
            "aria-label": view.say(en=f"Rows of {mart.name}", fr=f"Lignes de {mart.name}"),
        },
    )


def _column(view: View, column: MartColumn, field: str, is_key: bool, kind: CellKind) -> dict[str, Any]:
    unit = f" [{column.unit}]" if column.unit else ""
    definition = {
        "colId": column.name,
        "field": field,
        "headerName": f"{column.name}{unit}",
        "headerTooltip": f"{column.meaning}{unit}",
    }
    pinned = {"pinned": "left"} if is_key and column.name.startswith("civil_") else {}
    return definition | pinned | _filtered_as(view, kind)


def _filtered_as(view: View, kind: CellKind) -> dict[str, Any]:
    if kind is CellKind.FLAG:  # the grid has its own choice for these
        return {"filter": "agTextColumnFilter", "cellDataType": "boolean"}
    name = {"text": "agTextColumnFilter", "number": "agNumberColumnFilter", "date": "agDateColumnFilter"}[kind.filter]
    definition = {"filter": name, "filterParams": {"filterOptions": list(kind.operators)}, "cellDataType": _CELLS[kind]}
    if kind is CellKind.NUMBER:
        # the cell stays a number; only its text follows the language
        written = {"function": f"watthouseNumber(params.value, '{view.language.value}')"}
        return {**definition, "type": "numericColumn", "valueFormatter": written}
    return definition


_CELLS: Final = {CellKind.TEXT: "text", CellKind.NUMBER: "number", CellKind.DAY: "dateString", CellKind.INSTANT: "text"}

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
    "empty": "Choisir…", "true": "Vrai", "false": "Faux", "loadingOoo": "Lecture…",
    "resetColumns": "Réinitialiser les colonnes", "chooseColumns": "Choisir les colonnes",
}  # fmt: skip
