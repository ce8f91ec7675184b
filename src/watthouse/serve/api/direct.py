"""Calls that are declared once, on a way of their own: past FastAPI where it has nothing to say.

To find a route, solve what it depends on and look at its parameters takes FastAPI longer than a small answer takes to
compute. What is not plainly right goes on to FastAPI's own route for the same call, which says what is wrong.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from anyio import CapacityLimiter, to_thread
from pydantic import ValidationError
from starlette.requests import Request
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from watthouse.serve.api.calls import answered
from watthouse.serve.queries.call import Call
from watthouse.serve.queries.params import FormatParams
from watthouse.serve.service import Service

ASKED: Final = "watthouse.asked"
"""Where a scope has what was asked."""
_THREADS: Final = 2
"""Of a core, which compute at a time. What takes long has a line of its own, and each thread that ever computed keeps
memory: with 32 clients as many of them kept 40 MB more."""
_PLACE: Final = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class _Way:
    """A call, and the path by which metrics name it."""

    call: Call
    path: str


@dataclass(frozen=True)
class _Asked:
    """A call with all that it was asked."""

    call: Call
    params: FormatParams
    place: tuple[str, ...]


class Direct(BaseRoute):
    """The ``calls`` below ``prefix``; everything else is another route's."""

    def __init__(self, service: Service, calls: Iterable[Call], prefix: str) -> None:
        self.service = service
        self._threads = CapacityLimiter(_THREADS * (os.cpu_count() or 1))
        ways = [_Way(call, prefix + call.path) for call in calls]
        self._fixed = {way.path: way for way in ways if way.call.place is None}
        self._placed = [(_pattern(way.path), way) for way in ways if way.call.place is not None]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or scope["method"] != "GET":
            return Match.NONE, {}
        way, place = self._way(scope["path"])
        if way is None or (params := _params(way.call, scope["query_string"])) is None:
            return Match.NONE, {}
        return Match.FULL, {"route": way, ASKED: _Asked(way.call, params, place)}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked, request = scope[ASKED], Request(scope, receive)
        response = await to_thread.run_sync(
            answered, self.service, request, asked.call, asked.params, *asked.place, limiter=self._threads
        )
        await response(scope, receive, send)

    def _way(self, path: str) -> tuple[_Way | None, tuple[str, ...]]:
        if way := self._fixed.get(path):
            return way, ()
        found = ((pattern.fullmatch(path), way) for pattern, way in self._placed)
        return next(((way, (match[1],)) for match, way in found if match), (None, ()))


def _pattern(path: str) -> "re.Pattern[str]":
    before, after = _PLACE.split(path)
    return re.compile(f"{re.escape(before)}([^/]+){re.escape(after)}")


def _params(call: Call, query: bytes) -> FormatParams | None:
    """The parameters of a call; None where something is wrong with them."""
    given = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    named = dict(given)
    if len(named) < len(given):
        return None
    try:
        return call.params.model_validate(named)
    except ValidationError:
        return None
