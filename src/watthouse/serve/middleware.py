"""Around every request: health checks, metrics, the request log, security headers, rate limits."""

import logging
import sys
import time
import uuid
from contextlib import nullcontext
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, FastAPI, Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watthouse.errors import WatthouseError
from watthouse.serve import problems
from watthouse.serve.api.base import TheService
from watthouse.serve.api.live import EVENTS
from watthouse.serve.clients import client_of
from watthouse.serve.guards import guard
from watthouse.serve.stream_measures import StreamMeasures
from watthouse.settings import Settings

API: Final = "/api/v1"
router = APIRouter(tags=["operation"])

_EVENTS: Final = f"{API}{EVENTS}"
# a client may make up any other, and each would be a label of a metric for ever
_METHODS: Final = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}
_LOGGED: Final = 500
# of a request whose client left before there was an answer, as nginx has it: an error has a status of its own
_GONE: Final = 499
# a refused probe would take a healthy server out of service
_UNLIMITED: Final = {"/healthz", "/readyz", "/metrics"}


class Measures:
    """The metrics that ``/metrics`` exposes."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "watthouse_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "watthouse_request_seconds",
            "Time to the last byte of an answer",
            ["route"],
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        )
        self.under_way = Gauge("watthouse_requests_under_way", "Requests being answered", registry=self.registry)
        self.stream = StreamMeasures(self.registry)
        self.built = Gauge(
            "watthouse_warehouse_built_timestamp_seconds", "When the warehouse was last built", registry=self.registry
        )


@router.get("/healthz", summary="Liveness", response_class=PlainTextResponse)
async def healthz() -> str:
    """Answers as long as the server runs."""
    return "ok\n"


@router.get(
    "/readyz",
    summary="Readiness",
    response_class=PlainTextResponse,
    responses=problems.documented(),
)
def readyz(service: TheService) -> str:
    """The version of the warehouse and when it was built; 503 with what to do if there is none."""
    with service.snapshots.lease() as snapshot:
        return f"ready: version {snapshot.version}, built {snapshot.built_at:%Y-%m-%d %H:%M:%SZ}\n"


@router.get("/metrics", summary="Metrics for Prometheus", response_class=PlainTextResponse)
def metrics(request: Request, service: TheService) -> Response:
    """Requests, times, the age of the warehouse, and how far the stream is behind."""
    measures: Measures = request.app.state.measures
    measures.stream.read(service.live)
    try:
        with service.snapshots.lease() as snapshot:
            measures.built.set(snapshot.built_at.timestamp())
    except WatthouseError:
        # without a warehouse the other metrics are still of interest
        measures.built.set(0)
    return Response(generate_latest(measures.registry), media_type=CONTENT_TYPE_LATEST)


def install(app: FastAPI, settings: Settings) -> None:
    """Add the outermost middleware."""
    app.state.measures = Measures()
    app.state.service.live.pushed = app.state.measures.stream.delay.observe
    app.add_middleware(Watch, measures=app.state.measures, settings=settings)


class Watch:
    """Gives every request an id, counts, times and logs it, adds security headers, and enforces the rate limit."""

    def __init__(self, app: ASGIApp, measures: Measures, settings: Settings) -> None:
        self._app = app
        self._measures = measures
        self._log = structlog.get_logger()
        self._logs_requests = settings.log_requests
        self._limit = RateLimitItemPerMinute(settings.rate_limit) if settings.rate_limit else None
        # a moving window: a fixed one lets twice the limit through around its edge
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        began, sent, status, begun = time.perf_counter(), 0, _GONE, False

        async def watched(message: Message) -> None:
            nonlocal sent, status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
                _finish(MutableHeaders(scope=message), scope["path"], request_id)
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            await send(message)

        # a listener is there for hours: the gauge of listeners counts it
        under_way = nullcontext() if _listens(scope) else self._measures.under_way.track_inprogress()
        with structlog.contextvars.bound_contextvars(request_id=request_id), under_way:
            try:
                refused = self._refused(scope)
                await (refused or self._app)(scope, receive, watched)
            except Exception as error:
                # the status is on its way: the connection has to break, or half an answer would pass for a whole one
                if begun:
                    raise
                await problems.unexpected(scope["path"], error)(scope, receive, watched)
            finally:
                self._record(scope, status, sent, time.perf_counter() - began)

    def _refused(self, scope: Scope) -> Response | None:
        if self._limit is None or scope["path"] in _UNLIMITED:
            return None
        client = client_of(scope)
        if self._limiter.hit(self._limit, client):
            return None
        # never 0, which clients take for "at once"
        again = max(1, round(self._limiter.get_window_stats(self._limit, client).reset_time - time.time()))
        detail = f"more than {self._limit.amount} requests per minute: retry in {again} s"
        return problems.answer(scope["path"], 429, detail, headers={"retry-after": str(again)})

    def _record(self, scope: Scope, status: int, sent: int, seconds: float) -> None:
        route = _route(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._measures.requests.labels(method, route, str(status)).inc()
        if not _listens(scope):
            self._measures.seconds.labels(route).observe(seconds)
        if self._logs_requests:
            self._log.info(
                "request",
                method=scope["method"][:_LOGGED],
                path=scope["path"][:_LOGGED],
                status=status,
                bytes=sent,
                ms=round(seconds * 1000, 1),
            )


def _listens(scope: Scope) -> bool:
    """Whether it is a connection that stays, for events as they come: how long says nothing of the server."""
    return bool(scope["path"] == _EVENTS)


def _route(scope: Scope) -> str:
    """The route with its parameters' names: a label of a metric must not have many values."""
    # a label by raw path would grow with every address that a scanner tries
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return "unknown"
    return f"{API}{path}" if scope["path"].startswith(f"{API}/") and not path.startswith(API) else str(path)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    # it goes into the log and into a header
    return given if 0 < len(given) <= 64 and given.replace("-", "").isalnum() and given.isascii() else uuid.uuid4().hex


def _finish(headers: MutableHeaders, path: str, request_id: str) -> None:
    headers["x-request-id"] = request_id
    guard(headers, path)
    # Starlette writes where a redirect leads with the scheme of this connection: behind TLS another one leads there
    if (location := headers.get("location", "")).startswith(("http://", "https://")):
        parts = urlsplit(location)
        # two slashes would begin the name of another host: GET //example.org/ would lead there
        headers["location"] = parts._replace(scheme="", netloc="", path="/" + parts.path.lstrip("/")).geturl()


def configure_logs() -> None:
    """Log one line of JSON per event to standard error."""
    logging.basicConfig(format="%(message)s", stream=sys.stderr, level=logging.INFO)
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # the JSON renderer writes no traceback by itself
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=processors,
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
