"""Pages as a browser gets them: the callback of an address, over HTTP."""

from typing import Any, Final

import httpx

PAGES: Final = (
    "/", "/live", "/mix", "/regions", "/regions/53", "/gas", "/exchanges", "/questions/3", "/meters", "/data",
    "/data/daily_mix",
)  # fmt: skip
_ROWS: Final = {"startRow": 0, "endRow": 50, "sortModel": [], "filterModel": {}}


def shown(client: httpx.Client, path: str, query: str = "", **more: Any) -> httpx.Response:
    """What the server answers where a browser shows an address."""
    view = {"path": path, "query": query, "language": "en"}
    return client.post("/_dash-update-component", json=_asked(view), **more)


def rows(client: httpx.Client, path: str, query: str = "") -> httpx.Response:
    """The first rows of the table of a mart."""
    names = [
        ("mart-grid", "getRowsResponse"),
        ("mart-rows", "children"),
        ("mart-rows", "className"),
        ("mart-version", "data"),
    ]
    view = {"path": path, "query": query, "language": "en"}
    return client.post(
        "/_dash-update-component",
        json={
            **_outputs(names),
            "inputs": [{"id": "mart-grid", "property": "getRowsRequest", "value": _ROWS}],
            "state": [{"id": "view", "property": "data", "value": view}],
            "changedPropIds": ["mart-grid.getRowsRequest"],
        },
    )


def _asked(view: dict[str, str]) -> dict[str, Any]:
    inputs = [{"id": "view", "property": "data", "value": view}]
    return {**_outputs([("root", "children"), ("title", "data")]), "inputs": inputs, "changedPropIds": ["view.data"]}


def _outputs(names: list[tuple[str, str]]) -> dict[str, Any]:
    """Outputs as Dash's own script names them."""
    return {
        "output": f"..{'...'.join('.'.join(name) for name in names)}..",
        "outputs": [{"id": name, "property": of} for name, of in names],
    }
