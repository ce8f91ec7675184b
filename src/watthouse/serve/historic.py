"""The meter service that watthouse replaces: its four calls, byte for byte as its clients know them.

Its GETs that load and fill change state, which a GET should not: they are a setting, and ``POST /api/v1/meters/loads``
is the way that needs a token.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import date, datetime
from functools import wraps
from typing import Any, Final

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed, NotFound, ServiceUnavailable
from werkzeug.http import http_date

from watthouse import inert
from watthouse.errors import WatthouseError
from watthouse.meters import queries
from watthouse.meters.load import LoadReport, load
from watthouse.meters.storage import day_view
from watthouse.meters.storage.database import MeterDatabase
from watthouse.meters.storage.models import EnergyDataView
from watthouse.serve.front import Front
from watthouse.serve.guards import Guarded
from watthouse.serve.kept import KeptAnswers
from watthouse.serve.problems import ProblemError, refusal, told
from watthouse.serve.token import admit
from watthouse.settings import LOOPBACK, Settings

LOADS: Final = "/api/v1/meters/loads"
_ABSENT: Final = {"message": "energy data not present"}
_LOADED: Final = {"message": "Load data complete"}
_FILLED: Final = {"message": "Load data in view complete"}

Answer = Callable[[Request], Response]


class Historic:
    """The calls on one database. Each is answered by a thread, which the database may keep waiting.

    Days that were asked for lately are kept: to give one again takes neither thread nor database.
    """

    def __init__(self, settings: Settings, *, gets_change_state: bool) -> None:
        self._settings, self._gets_change_state = settings, gets_change_state
        self._kept = KeptAnswers()
        self.database = MeterDatabase(settings)

    @property
    def routes(self) -> list[BaseRoute]:
        answers = {
            "/": self.root,
            "/load-data": self.load_data,
            "/populate-view": self.populate_view,
        }
        first = [Route(path, _guarded(answer), methods=["GET"]) for path, answer in answers.items()]
        return [*first, Route("/get-data", self.get_data, methods=["GET"])]

    @property
    def pages(self) -> dict[Any, Any]:
        """What answers where there is no such call."""
        return {404: _nowhere, 405: _not_so}

    def root(self, _request: Request) -> Response:
        return Response("Root Loaded \n", media_type="text/html")

    def load_data(self, _request: Request) -> Response:
        self._refuse_changes()
        self.load()
        return _json(_LOADED)

    def populate_view(self, _request: Request) -> Response:
        self._refuse_changes()
        self.fill()
        return _json(_FILLED)

    async def get_data(self, request: Request) -> Response:
        kept = self._kept.find(request.scope["query_string"])
        if kept is not None:
            return Response(kept, media_type="application/json")
        return await run_in_threadpool(_guarded(self._read_data), request)

    def _read_data(self, request: Request) -> Response:
        civil_date = _date(_first(request, "date_time"))
        codes = {name: _first(request, name) for name in ("meter_code", "serial_code")}
        for name, code in codes.items():
            if not code:
                raise BadRequest(f"{name} is mandatory")
        if any("\0" in code for code in codes.values()):  # which PostgreSQL takes nowhere, so that no meter has it
            return _json(_ABSENT)
        turn = self._kept.turn
        try:
            with self.database.reading() as connection:
                version = queries.version(connection)
                found = queries.historic_day(connection, codes["meter_code"], codes["serial_code"], civil_date)
        except WatthouseError:
            self._kept.forget()
            raise
        answer = _json(_as_json(found) if found else _ABSENT)
        self._kept.keep(request.scope["query_string"], bytes(answer.body), version, turn)
        return answer

    def load(self) -> LoadReport:
        """Load the folder of data files; raises where the database fails."""
        folder = self._settings.meter_folder
        try:
            report = load([folder] if folder.is_dir() else [], self._settings, self.database, _Silent())
        finally:
            self._kept.forget()
        log = structlog.get_logger()
        for name, reason in report.refused.items():
            log.warning("refused", file=inert.line(name), reason=inert.line(reason))
        for name, figures in report.loaded.items():
            log.info("loaded", file=inert.line(name), **asdict(figures))
        return report

    def fill(self) -> None:
        """Count all days of the view again."""
        with self.database.writing() as connection:
            day_view.fill(connection)
        self._kept.forget()

    def _refuse_changes(self) -> None:
        if not self._gets_change_state:
            raise MethodNotAllowed([], f"a GET changes nothing here: use POST {LOADS} with the server's token")


class _Silent:
    def stage(self, what: str) -> None: ...


def create(settings: Settings) -> Starlette:
    """The service alone, as ``watthouse meters serve`` runs it: it loads the folder before it answers."""
    on_loopback = settings.host in LOOPBACK
    is_open = on_loopback if settings.meter_gets is None else settings.meter_gets
    historic = Historic(settings, gets_change_state=is_open)

    @asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        try:
            await run_in_threadpool(historic.load)
        except WatthouseError as error:  # what is held can be served, and a client may ask for another load
            structlog.get_logger().error("not loaded", reason=inert.line(str(error)))
        yield
        historic.database.close()

    routes = [*historic.routes, loads(settings, historic)]
    around = [Middleware(Guarded), Middleware(Front, settings=settings)]
    app = Starlette(routes=routes, lifespan=living, exception_handlers=historic.pages, middleware=around)
    app.router.redirect_slashes = False
    return app


def loads(settings: Settings, historic: Historic) -> Route:
    """``POST /api/v1/meters/loads``: load the folder and fill the view, for whoever has the token.

    It answers and refuses as the same call of the API does, and not as the historic service.
    """

    def answer(request: Request) -> Response:
        try:
            admit(settings, request.headers.get("authorization", ""), "loading")
            report = historic.load()
            historic.fill()
        except (ProblemError, WatthouseError) as error:
            return refusal(request.url.path, error)
        return _json(
            {
                "loaded": {name: asdict(figures) for name, figures in report.loaded.items()},
                "unchanged": report.unchanged,
                "refused": report.refused,
                "left": report.left,
            }
        )

    return Route(LOADS, answer, methods=["POST"])


def _guarded(answer: Answer) -> Answer:
    """Refusals as the pages that Flask makes of them."""

    @wraps(answer)
    def guarded(request: Request) -> Response:
        try:
            return answer(request)
        except HTTPException as refusal:
            return _page(refusal)
        except WatthouseError as error:
            return _page(ServiceUnavailable(told(error)))

    return guarded


def _page(refusal: HTTPException) -> Response:
    headers = {name: value for name, value in refusal.get_headers() if name.lower() != "content-type"}
    return Response(refusal.get_body(), refusal.code or 500, headers, media_type="text/html")


def _nowhere(_request: Request, _error: Exception) -> Response:
    return _page(NotFound())


def _not_so(_request: Request, error: Exception) -> Response:
    allowed = getattr(error, "headers", None) or {}
    return _page(MethodNotAllowed(allowed.get("Allow", "").split(", ")))


def _json(content: Any) -> Response:
    """JSON as Flask's ``jsonify`` writes it."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":")) + "\n"
    return Response(text, media_type="application/json")


def _as_json(found: EnergyDataView) -> dict[str, object]:
    midnight = datetime.combine(found.date_time, datetime.min.time())
    return {
        "id": found.id,
        "meter_code": found.meter_code,
        "serial_code": found.serial_code,
        "plant_code": found.plant_code,
        "date_time": http_date(midnight),
        "min_energy": found.min_energy,
        "max_energy": found.max_energy,
        "avg_energy": found.avg_energy,
    }


def _first(request: Request, name: str) -> str:
    # Flask takes the first of several, Starlette the last
    return next(iter(request.query_params.getlist(name)), "")


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007 - a civil day has no zone
    except ValueError:
        raise BadRequest("date_time should in %d/%m/%Y") from None
