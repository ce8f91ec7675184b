"""Dash on the API's server: one layout, one callback that turns an address into a page."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import dash_mantine_components as dmc
import structlog
from anyio import CapacityLimiter, to_thread
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.backends._fastapi import reset_current_request, set_current_request
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate
from fastapi import FastAPI, HTTPException, Request
from starlette.responses import FileResponse, HTMLResponse, Response

from watthouse.errors import QueryLimitError, WatthouseError
from watthouse.serve import deadline, problem_handlers
from watthouse.serve.dashboard import moving, parts, shell, trimming
from watthouse.serve.dashboard.callbacks import Callbacks
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.pages import block, data, exchanges, gas, live, meters, mix, now, questions, regions
from watthouse.serve.dashboard.reading import PageReader
from watthouse.serve.dashboard.view import View, read
from watthouse.serve.figures.geography import OUTLINES
from watthouse.serve.line import Line
from watthouse.serve.problems import ProblemError, told
from watthouse.serve.service import Service

PAGES: Final[Mapping[str, Page]] = {
    page.name: page
    for page in (
        *(now.PAGE, live.PAGE, mix.PAGE, regions.PAGE, gas.PAGE, exchanges.PAGE, questions.PAGE),
        *(meters.PAGE, data.PAGE),
    )
}
ASSETS: Final = Path(__file__).parent / "assets"
PLOTLY: Final = Path(__file__).parent / "plotly" / "plotly.min.js"
"""The part of plotly.js that the charts need, as tools/browser_scripts.py writes it."""

_PLOTLY_AT: Final = "/_dash-component-suites/plotly/package_data/plotly.min.js"  # where Dash has the whole
_FOR_A_DAY: Final = {"cache-control": "public, max-age=86400"}
_VIEW_DEFAULTS: Final = {"path": "/", "query": "", "language": ""}
# French words for parameters that the API refuses: its own messages are English.
_IN_FRENCH: Final = {
    "interval": "Trop de points pour un graphique : choisissez un pas de temps plus long ou une période plus courte."
}
# a page takes some hundred milliseconds of Python: more at once would take the API's threads, and wait all the same
_DRAWN_AT_ONCE: Final = 8
_EVERY: Final = 300_000  # ms between two looks at a page that is left open
_INDEX: Final = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <title>{%title%}</title>
    <link rel="icon" type="image/svg+xml" href="/assets/watthouse.svg">
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer class="plumbing">
      {%config%}
      {%scripts%}
      {%renderer%}
    </footer>
  </body>
</html>
"""


def create(service: Service) -> FastAPI:
    """The pages: they answer every path that is not a call of the API."""
    app = FastAPI(openapi_url=None)
    problem_handlers.install(app)
    # before Dash's own route for the same path: the first one wins
    app.add_api_route(_PLOTLY_AT, _plotly, methods=["GET"], include_in_schema=False)
    dash = Dash(
        "watthouse",
        server=app,
        assets_folder=str(ASSETS),
        title="watthouse",
        update_title="",
        index_string=_INDEX,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
        suppress_callback_exceptions=True,
        assets_ignore=trimming.START,
        add_log_handler=False,
        enable_mcp=False,
    )
    trimming.close_doors(app, dash)
    trimming.lighten(dash)
    dash.layout = _layout()
    _wire(dash, service, CapacityLimiter(_DRAWN_AT_ONCE))
    # Dash finds its assets at the first request for a path of its own: a page that is asked before would lack them
    dash._setup_server()
    app.add_middleware(Callbacks, dash=dash, line=Line(_DRAWN_AT_ONCE, service.settings.wait_seconds))
    # Dash's own catch-all would answer 200 with a page for any path, and hide the 404 below
    dash.backend._setup_catchall = lambda: None
    app.add_api_route(regions.OUTLINES_AT, _outlines, methods=["GET"], include_in_schema=False)
    for name in PAGES:
        for path in (f"/{name}", f"/{name}/{{detail}}"):
            app.add_api_route(path, _index(dash), methods=["GET"], include_in_schema=False)
    app.add_api_route("/{path}", _no_page(dash), methods=["GET"], include_in_schema=False)
    return app


def _outlines() -> FileResponse:
    return FileResponse(OUTLINES, media_type="application/geo+json", headers=_FOR_A_DAY)


def _plotly() -> Response:
    # in place of Dash's whole plotly.js, which every first visit had to wait for
    return Response(PLOTLY.read_bytes(), media_type="text/javascript", headers=_FOR_A_DAY)


def _index(dash: Dash) -> Any:
    async def page(request: Request) -> HTMLResponse:
        # Dash reads the request from a context variable that only its own routes set
        token = set_current_request(request)
        try:
            return HTMLResponse(dash.index())
        finally:
            reset_current_request(token)

    return page


def _no_page(dash: Dash) -> Any:
    """A browser gets the pages' own 404, a program a problem."""
    page = _index(dash)

    async def nothing(request: Request) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            # a program asks for a path that is not there: it gets a problem, not HTML
            raise HTTPException(404)
        shown: HTMLResponse = await page(request)
        shown.status_code = 404
        return shown

    return nothing


def _layout() -> Component:
    waiting = html.Div([html.Div(className="bone") for _ in range(3)], className="bones", **{"aria-busy": "true"})
    return dmc.MantineProvider(
        [
            dcc.Location(id="url", refresh="callback-nav"),
            dcc.Store(id="view"),
            dcc.Store(id="title"),
            dcc.Store(id="gone"),
            dcc.Store(id="chosen"),
            dcc.Store(id="reread"),
            # the state that the server told of last
            dcc.Store(id="live-event"),
            dcc.Store(id="live-chosen"),
            # a page that is left open goes on to show the newest data
            dcc.Interval(id="tick", interval=_EVERY),
            dcc.Loading(
                html.Div(waiting, id="root"),
                custom_spinner=html.Div(className="progress", role="status"),
                overlay_style={"visibility": "visible"},
                # a fast answer should not flash a progress bar
                delay_show=150,
                parent_className="loading",
            ),
        ],
        id="paper",
    )


def _wire(dash: Dash, service: Service, drawing: CapacityLimiter) -> None:
    dash.clientside_callback(
        ClientsideFunction("watthouse", "view"),
        Output("view", "data"),
        Output("paper", "forceColorScheme"),
        Input("url", "pathname"),
        Input("url", "search"),
        Input("tick", "n_intervals"),
    )
    dash.clientside_callback(
        ClientsideFunction("watthouse", "title"), Output("gone", "data"), Input("title", "data"), Input("view", "data")
    )

    dash.clientside_callback(
        ClientsideFunction("watthouse", "region"),
        Output("chosen", "data"),
        Input("regions-map", "clickData"),
        prevent_initial_call=True,
    )

    async def show(state: Mapping[str, Any]) -> tuple[list[Component], str]:
        # reading is blocking work: in the event loop one page would stop all others
        return await to_thread.run_sync(rendered, service, state, limiter=drawing)

    dash.callback(Output("root", "children"), Output("title", "data"), Input("view", "data"))(show)
    _wire_table(dash, service, drawing)
    moving.wire(dash, service, _view_of, drawing)


def _wire_table(dash: Dash, service: Service, drawing: CapacityLimiter) -> None:
    async def rows(request: Mapping[str, Any] | None, state: Mapping[str, Any]) -> tuple[Any, ...]:
        if not request:
            raise PreventUpdate
        return await to_thread.run_sync(block_for, service, request, state, limiter=drawing)

    dash.callback(
        Output("mart-grid", "getRowsResponse"),
        Output("mart-rows", "children"),
        Output("mart-rows", "className"),
        Output("mart-version", "data"),
        Input("mart-grid", "getRowsRequest"),
        State("view", "data"),
        prevent_initial_call=True,
    )(rows)
    dash.clientside_callback(
        ClientsideFunction("watthouse", "rows"), Output("reread", "data"), Input("mart-version", "data")
    )


def block_for(service: Service, request: Mapping[str, Any], state: Mapping[str, Any]) -> tuple[Any, ...]:
    """A block of rows for the table at an address, the line above it, its look, and the version of the data."""
    view = _view_of(state)
    update = block.shown(service, view, request)
    # the browser reads the table again where a new build has replaced the one it shows
    version = [view.address, update.version] if update.version else no_update
    return update.rows, update.line, update.look, version


def _view_of(state: Mapping[str, Any]) -> View:
    path, query, language = (str(state.get(name, fallback)) for name, fallback in _VIEW_DEFAULTS.items())
    return read(path, query, language, bool(state.get("dark")))


def rendered(service: Service, state: Mapping[str, Any]) -> tuple[list[Component], str]:
    """Everything shown at an address, and its title; ``state`` is what the browser reports: path, query, language."""
    import_module("pandas")  # Arrow loads it for its first rows: Plotly must not meet it half loaded
    view = _view_of(state)
    page = PAGES.get(view.page)
    title = (page.heading(view) or page.title(view)) if page else view.page
    with deadline.within(service.settings.query_seconds):
        return _whole_page(service, view, page), f"{title} · watthouse"


def _whole_page(service: Service, view: View, page: Page | None) -> list[Component]:
    pages = list(PAGES.values())
    if page is None:
        words = view.say(en=f"There is no page “{view.page[:40]}”.", fr=f"Il n'y a pas de page « {view.page[:40]} ».")
        return shell.whole(pages, None, view, [shell.notice("404", words)], None)
    if (apart := page.apart) is not None:
        made = _guarded(page, view, lambda: apart(service, view))
        return shell.whole(pages, page, view, made, None, page.clock(service))
    try:
        with service.snapshots.lease() as snapshot:
            reader = PageReader(service, snapshot, view, page.span, page.marts(view), page.main(view))
            # within the lease: a body reads, and the shell names what was read
            return shell.whole(pages, page, view, _guarded(page, view, lambda: _page_body(page, reader, view)), reader)
    except WatthouseError as error:
        nothing = view.say(en="There is nothing to show yet", fr="Il n'y a encore rien à montrer")
        return shell.whole(pages, page, view, [shell.notice(nothing, told(error))], None)


def _page_body(page: Page, reader: PageReader, view: View) -> list[Component]:
    if page.period and reader.outside:
        return [parts.outside(reader)]
    assert page.body is not None, page.name
    return [*parts.uncovered(reader), *page.body(reader, view)]


def _guarded(page: Page, view: View, made: Callable[[], list[Component]]) -> list[Component]:
    """What is shown of a page, or why it cannot be."""
    try:
        return made()
    except (ProblemError, QueryLimitError) as error:
        faults = error.faults if isinstance(error, ProblemError) else []
        text = view.say(en=str(error), fr=_IN_FRENCH.get(faults[0].parameter if faults else "", str(error)))
        return [shell.notice(view.say(en="This cannot be shown", fr="Affichage impossible"), text)]
    except WatthouseError:
        raise
    except Exception:
        # one broken page must neither take the shell down nor show a traceback
        structlog.get_logger().exception("page", page=page.name, address=view.address)
        words = view.say(
            en="An unexpected error occurred; the server log has the details.",
            fr="Une erreur inattendue s'est produite ; le journal du serveur donne les détails.",
        )
        return [shell.notice(view.say(en="This page failed", fr="Cette page a échoué"), words)]
