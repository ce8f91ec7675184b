"""The sample ODRÉ: the Explore API over a synthetic publisher, with its limits, its quirks, and trouble on demand."""

from collections import Counter
from datetime import UTC, date, datetime
from typing import Final

import polars as pl
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.http import parse_accept_header

from watthouse.catalog import live
from watthouse.clock import PARIS
from watthouse.errors import UsageError
from watthouse.sample.service import control
from watthouse.sample.service.calls import export, metadata, records
from watthouse.sample.service.disk_cache import DiskCache
from watthouse.sample.service.grouping import Grouper
from watthouse.sample.service.quota import Limits, Meter, RateLimit
from watthouse.sample.service.refusals import RefusalError, forbidden, invalid, unknown_dataset
from watthouse.sample.service.replies import Reply, as_json, as_refused, canned, quota_headers, spent
from watthouse.sample.service.serving import serve, serving
from watthouse.sample.service.view import DatasetView, Publication
from watthouse.sample.service.wire import Connection, http_date
from watthouse.sample.service.writing import packed
from watthouse.sample.trouble import Troubles, Turn

__all__ = ["Limits", "Sample", "Troubles", "serve", "serving"]

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_EARLIEST: Final = date(2010, 1, 1)
_KEPT_BYTES: Final = 400 * 2**20
"""Size of the cache of months on disk: thirteen years of everything take about 250 MB."""
_DATASET: Final = "/api/explore/v2.1/catalog/datasets/{dataset_id}"


class Sample:
    """The server's state: the publisher, the clock, the troubles, the quota, and the requests so far.

    ``now`` is the sample's own time, which stands still until :meth:`move`; None is this machine's clock.
    ``key`` is the only valid account key: any other is refused, requests without one are served; None accepts every
    key. ``pace`` is how long, in seconds, the trouble ``slow`` waits, and trickles.
    Raises :class:`~watthouse.errors.UsageError` where the history would begin before 2010, or after ``now``.
    """

    def __init__(
        self,
        publisher: Publication,
        *,
        now: datetime | None = None,
        troubles: Troubles | None = None,
        limits: Limits | None = None,
        key: str | None = None,
        pace: float = 1.0,
    ) -> None:
        self.publisher = publisher
        self.troubles = troubles or Troubles()
        self.meter = Meter(limits or Limits())
        self.key = key
        self.pace = pace
        self.requests: Counter[tuple[str, str]] = Counter()
        self.bytes: Counter[tuple[str, str]] = Counter()
        self.move(now)
        _check_span(publisher.since, self.now)
        self._schemas: dict[str, pl.Schema] = {}
        self._grouper, self._cache = Grouper(), DiskCache(_KEPT_BYTES)
        self.app: ASGIApp = _Signed(self, Starlette(routes=[*self._explore(), *control.routes(self)]))

    @property
    def now(self) -> datetime:
        """The sample's own time, UTC."""
        return self._now or datetime.now(UTC)

    def move(self, now: datetime | None) -> None:
        """Stop the clock at ``now`` (with an offset); None lets it run with this machine's."""
        self._now = now.astimezone(UTC) if now else None

    def reset(self) -> None:
        """Start the counters, the quota and the turns of trouble again."""
        self.requests.clear()
        self.bytes.clear()
        self.meter.clear()
        self.troubles.clear()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request of the Explore API, as an ASGI endpoint."""
        request, wire = Request(scope), Connection(scope, receive, send)
        dataset_id, call = request.path_params["dataset_id"], _call(request)
        turn = self.troubles.turn(call, keyed="authorization" in request.headers)
        self.requests[dataset_id, call] += 1
        try:
            await self._deliver(request, wire, dataset_id, call, turn)
        finally:
            self.bytes[dataset_id, call] += wire.sent

    async def _deliver(self, request: Request, wire: Connection, dataset_id: str, call: str, turn: Turn) -> None:
        if turn.event == "hang":
            await wire.hang()
        elif turn.event == "reset":
            wire.reset()
        else:
            reply = await run_in_threadpool(self._answered, request, dataset_id, call, turn)
            await wire.deliver(reply, turn.event, self.pace, "clock" in turn.states)

    def _explore(self) -> list[Route]:
        paths = (_DATASET, f"{_DATASET}/records", f"{_DATASET}/exports/{{form}}")
        return [Route(path, _Endpoint(self), methods=["GET"]) for path in paths]

    def _answered(self, request: Request, dataset_id: str, call: str, turn: Turn) -> Reply:
        left, forbidden = self.meter.spend(dataset_id if dataset_id in live() else None)
        reply = spent(forbidden) if forbidden else self._troubled(request, dataset_id, call, turn, left)
        return Reply(reply.status, reply.body, {**quota_headers(left), **reply.headers})

    def _troubled(self, request: Request, dataset_id: str, call: str, turn: Turn, left: tuple[RateLimit, ...]) -> Reply:
        if self.key is not None and request.headers.get("authorization", f"Apikey {self.key}") != f"Apikey {self.key}":
            return as_refused(forbidden())
        if reply := canned(turn.event or "", turn.again, left, self.meter.now()):
            return reply
        try:
            return self._called(request, dataset_id, call, turn)
        except RefusalError as refusal:
            return as_refused(refusal)

    def _called(self, request: Request, dataset_id: str, call: str, turn: Turn) -> Reply:
        if dataset_id not in live() or dataset_id in turn.renamed:
            raise unknown_dataset(dataset_id)
        view = self._view(dataset_id, turn)
        gzip = parse_accept_header(request.headers.get("accept-encoding")).quality("gzip") > 0
        if call == "metadata":
            return as_json(metadata(view), gzip=gzip)
        if call == "records":
            return as_json(records(view, self._grouper, request.query_params, turn), gzip=gzip)
        if "no-parquet" in turn.states and call == "exports/parquet":
            raise _no_parquet(turn)
        exported = export(view, self._grouper, request.path_params["form"], request.query_params, turn)
        headers = {"content-type": exported.media, "vary": "accept-encoding"}
        if gzip and exported.is_text:
            return Reply(200, packed(exported.pieces), {**headers, "content-encoding": "gzip"})
        return Reply(200, exported.pieces, headers)

    def _view(self, dataset_id: str, turn: Turn) -> DatasetView:
        if dataset_id not in self._schemas:
            self._schemas[dataset_id] = self.publisher.table(dataset_id, self.now, _EPOCH, _EPOCH).schema
        schema = self._schemas[dataset_id].items()
        shown = pl.Schema({name: kind for name, kind in schema if name not in turn.hidden})
        return DatasetView(self.publisher, dataset_id, self.now, shown, self._cache)


class _Endpoint:
    """The API as Starlette routes to it: an ASGI application, not a function of a request."""

    # Some troubles are done to the connection itself, which a Starlette response does not reach.

    def __init__(self, sample: Sample) -> None:
        self._sample = sample

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._sample.answer(scope, receive, send)


class _Signed:
    """Marks every answer as the sample's, and dates it."""

    def __init__(self, sample: Sample, app: ASGIApp) -> None:
        self._sample, self._app = sample, app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-watthouse-sample"] = f"seed={self._sample.publisher.seed}"
                headers.setdefault("date", http_date())
            await send(message)

        await self._app(scope, receive, signed)


def _check_span(since: date, now: datetime) -> None:
    if since < _EARLIEST:
        raise UsageError(f"the sample cannot begin on {since}: it has no data before {_EARLIEST.year}")
    if since > now.astimezone(PARIS).date():
        raise UsageError(f"the sample cannot begin on {since}: its clock is at {now:%Y-%m-%d %H:%M}Z, before that")


def _call(request: Request) -> str:
    if "form" in request.path_params:
        return f"exports/{request.path_params['form']}"
    return "records" if request.url.path.endswith("/records") else "metadata"


def _no_parquet(turn: Turn) -> RefusalError:
    refusal = invalid("format", "parquet", "one of csv, json, jsonl")
    return refusal if turn.again else RefusalError(404, refusal.body)
