"""The newest slots from the stream: as rows, and as events as they come."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from watthouse.catalog import MAINLAND
from watthouse.serve import live_rows
from watthouse.serve.api.base import TheService, gives_rows
from watthouse.serve.clients import client_of
from watthouse.serve.live import LiveState
from watthouse.serve.problems import ProblemError, documented
from watthouse.serve.queries.params import FormatParams, Params
from watthouse.stream.documents import FRANCE

router = APIRouter(prefix="/live", tags=["live"])

EVENTS: Final = "/live/events"
"""Where a browser listens, below the API's root."""
_RETRY_MS: Final = 2_000
_STREAM: Final = "text/event-stream"

Insee = Annotated[str, Path(description="The INSEE code of a region, or FR for France", examples=["53"])]


@gives_rows(router, "/regions", "The newest measured slots", "The newest measured slot of France or of a region", 404)
def regions(service: TheService, request: Request, params: Annotated[FormatParams, Query()]) -> Response:
    """As the stream's store has them, seconds after they were observed; no warehouse is asked."""
    state = service.live.readable()
    return service.versioned(
        request, params.format, "live-regions", state.version, state.sample, lambda: live_rows.latest(state.documents)
    )


@gives_rows(router, "/regions/{insee}/today", "The newest day of a region by slot", "A slot of the region's day", 404)
def today(service: TheService, request: Request, insee: Insee, params: Annotated[FormatParams, Query()]) -> Response:
    """The civil day (Europe/Paris) of its newest measured slot: 92 slots where clocks go forward, 96 on any other."""
    if insee not in (FRANCE, *MAINLAND):
        detail = f"'{insee[:20]}' is not a region of éCO2mix: there are {', '.join((FRANCE, *MAINLAND))}"
        raise ProblemError(404, detail, parameter="insee")
    state = service.live.readable()
    newest = state.documents.get(insee)
    documents = service.live.day(insee, newest["date"]) if newest else []
    # revised slots of the day are in its rows before they change the newest one
    version = f"{state.run}-{len(documents)}-{max((each['rev'] for each in documents), default=0)}"
    return service.versioned(
        request, params.format, "live-today", version, state.sample, lambda: live_rows.of_day(insee, documents)
    )


_STREAMED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Events without end",
        "content": {
            _STREAM: {"schema": {"type": "string"}, "example": 'event: regions\nid: 5f0c-7\ndata: {"53": …}\n'}
        },
    },
    **documented(404),
}


@router.get("/events", summary="The newest slots as they come", response_class=StreamingResponse, responses=_STREAMED)
async def events(
    service: TheService,
    request: Request,
    _: Annotated[Params, Query()],
    last_event_id: Annotated[
        str,
        Header(
            description="The id of the last event that was received, as browsers send it by themselves",
            examples=["5f0c21ab-7"],
        ),
    ] = "",
) -> Response:
    """Server-sent events: `snapshot` (every region) first, or `regions` (those that changed) where `Last-Event-ID` is
    of this run of the server; then `regions` as they change, null for one without a measured slot; `fault` where the
    store cannot be read, with a `snapshot` once it can; `heartbeat` every ten seconds without news."""
    client = client_of(request.scope)
    service.live.admit(client)
    told = _told(service.live.states(client), last_event_id)
    # a proxy that collects an answer before it passes it on would never pass this one on
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(told, media_type=_STREAM, headers=headers)


async def _told(states: AsyncIterator[LiveState | None], last: str) -> AsyncIterator[str]:
    """The events of a listener who knows what the event ``last`` said."""
    yield f"retry: {_RETRY_MS}\n\n"
    run, _, number = last.rpartition("-")
    known = int(number) if number.isdecimal() else -1
    before: LiveState | None = None
    async for state in states:
        if state is None:
            yield "event: heartbeat\ndata: {}\n\n"
            continue
        if state.fault:
            yield _event("fault", state, {"detail": state.fault})
        elif (before is None and (run != state.run or known > state.number)) or (before is not None and before.fault):
            yield _event("snapshot", state, state.since(-1))
        else:
            yield _event("regions", state, state.since(before.number if before else known))
        before = state


def _event(name: str, state: LiveState, data: Mapping[str, object]) -> str:
    return f"event: {name}\nid: {state.version}\ndata: {json.dumps(data, default=_written, ensure_ascii=False)}\n\n"


def _written(value: object) -> object:
    """What JSON has no form of: instants, as ISO 8601 in UTC."""
    assert isinstance(value, datetime), value
    return value.isoformat().replace("+00:00", "Z")
