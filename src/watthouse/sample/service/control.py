"""Calls outside the API that steer the sample: its clock, its troubles, its counters."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watthouse.errors import UsageError
from watthouse.sample.trouble import Troubles

if TYPE_CHECKING:
    from watthouse.sample.server import Sample

_Change = Callable[["Sample", dict[str, object]], None]


def routes(sample: "Sample") -> list[Route]:
    """``GET /sample``; ``POST /sample/clock``, ``/sample/trouble`` and ``/sample/reset``: each returns the state."""

    async def look(_: Request) -> Response:
        return JSONResponse(_state(sample))

    async def reset(_: Request) -> Response:
        sample.reset()
        return JSONResponse(_state(sample))

    return [
        Route("/sample", look),
        Route("/sample/clock", _changing(sample, _move), methods=["POST"]),
        Route("/sample/trouble", _changing(sample, _trouble), methods=["POST"]),
        Route("/sample/reset", reset, methods=["POST"]),
    ]


def _changing(sample: "Sample", change: _Change) -> Callable[[Request], object]:
    async def changed(request: Request) -> Response:
        try:
            change(sample, _object(await request.body()))
        except UsageError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse(_state(sample))

    return changed


def _state(sample: "Sample") -> dict[str, object]:
    counters = [
        {"dataset": dataset_id, "call": call, "requests": count, "bytes": sample.bytes[dataset_id, call]}
        for (dataset_id, call), count in sorted(sample.requests.items())
    ]
    return {
        "now": sample.now.isoformat(),
        "seed": sample.publisher.seed,
        "since": sample.publisher.since.isoformat(),
        "troubles": str(sample.troubles),
        "counters": counters,
    }


def _move(sample: "Sample", body: dict[str, object]) -> None:
    usage = 'clock: send {"now": "2026-09-01T00:00:00+00:00"}, or null for this machine\'s clock'
    match body.get("now", ""):
        case None:
            sample.move(None)
        case str(text) if text:
            sample.move(_moment(text, usage))
        case _:
            raise UsageError(usage)


def _moment(text: str, usage: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(usage) from None


def _trouble(sample: "Sample", body: dict[str, object]) -> None:
    text = body.get("troubles")
    if not isinstance(text, str):
        raise UsageError('trouble: send {"troubles": "429:5,cut:7"}, or "" for none')
    sample.troubles = Troubles.of(text)


def _object(body: bytes) -> dict[str, object]:
    try:
        content = json.loads(body)
    except ValueError:
        raise UsageError("the body is not JSON") from None
    if not isinstance(content, dict):
        raise UsageError("the body is not a JSON object")
    return content
