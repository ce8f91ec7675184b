"""Dash without what nothing here needs of it: scripts that every visit would wait for, and doors that stand open."""

from typing import Any, Final

from dash import Dash
from dash.exceptions import DependencyException
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute

from watthouse.serve.problems import answer

START: Final = r"^start\.js$"
"""The asset that starts Dash, and no other script: it comes last, by :func:`lighten`."""
_UNUSED: Final = ("/dash/deps/polyfill@", "/dash/dash_table/")
_RENDERER: Final = '<script id="_dash-renderer" src="/assets/start.js"></script>'


def close_doors(app: FastAPI, dash: Dash) -> None:
    """Close the websocket by which callbacks could run, which none does and nothing bounds; a script that there is not
    is not found, and no error of the server."""
    # no option of Dash leaves it out
    dash.backend.websocket_capability = False
    app.router.routes[:] = [route for route in app.router.routes if not isinstance(route, WebSocketRoute)]
    app.add_exception_handler(DependencyException, _no_script)


def lighten(dash: Dash) -> None:
    """Leave out the scripts that nothing needs, and the one that Dash writes into the page: our policy lets none run
    there."""
    # no option of Dash leaves them out
    whole = dash.interpolate_index

    def needed(scripts: str, **parts: str) -> Any:
        used = [line for line in scripts.splitlines() if not any(name in line for name in _UNUSED)]
        return whole(**{**parts, "scripts": "\n".join(used), "renderer": _RENDERER})

    dash.interpolate_index = needed


def _no_script(request: Request, _error: Exception) -> Response:
    return answer(request.url.path, 404, "there is no such script or style")
