"""What a browser may send to the callbacks of the pages: anything else is a problem, before Dash reads it.

Dash takes what comes for what its own script sends: a list in place of an object, or an output that there is not, was
an unforeseen error for it, and a status of 500.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

from dash import Dash
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watthouse.serve.bodies import CALLBACKS
from watthouse.serve.line import Line, Turn
from watthouse.serve.problems import ProblemError, refusal
from watthouse.serve.queued import gone_of, turn_of
from watthouse.serve.spool import ReaderGoneError

_LONGEST: Final = 8 * 2**10


class _Sent(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class _ViewSent(_Sent):
    """What the browser says of its address, see :func:`watthouse.serve.dashboard.view.read`."""

    path: str | None = Field(max_length=_LONGEST)
    query: str | None = Field(default="", max_length=_LONGEST)
    language: str = Field(default="", max_length=_LONGEST)
    dark: bool = False


class _Property(_Sent):
    id: str
    name: str = Field(alias="property")
    value: Any = None

    @property
    def key(self) -> str:
        return f"{self.id}.{self.name}"


class _Call(_Sent):
    output: str
    outputs: _Property | list[_Property]
    inputs: list[_Property]
    state: list[_Property] = []
    changedPropIds: list[str] = []  # noqa: N815 - as Dash's script names it


_VALUES: Final[Mapping[str, TypeAdapter[Any]]] = {
    "view.data": TypeAdapter(_ViewSent),
    "mart-grid.getRowsRequest": TypeAdapter(dict[str, Any] | None),
    "live-event.data": TypeAdapter(str | None),
}


class Callbacks:
    """The pages, where only a request that Dash's own script could send reaches its callbacks, in its turn.

    Whoever goes away while it waits in ``line`` is drawn nothing; whoever waits for too long is told so (503).
    """

    def __init__(self, app: ASGIApp, dash: Dash, line: Line) -> None:
        self._app, self._dash, self._line = app, dash, line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != CALLBACKS or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            body = await Request(scope, receive).body()
            self._refuse_malformed(body)
            turn = await self._turn(receive)
        except ProblemError as error:
            await refusal(scope["path"], error)(scope, receive, send)
        except ReaderGoneError:
            return
        else:
            await self._drawn(turn, scope, _again(body, receive), send)

    async def _turn(self, receive: Receive) -> Turn:
        gone = asyncio.ensure_future(gone_of(receive))
        try:
            return await turn_of(self._line, gone)
        finally:
            gone.cancel()

    async def _drawn(self, turn: Turn, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            # drawn by now: whoever takes it slowly holds up nobody
            turn.end()
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            turn.end()

    def _refuse_malformed(self, body: bytes) -> None:
        call = _read(body)
        declared = self._dash.callback_map.get(call.output)
        if declared is None or "callback" not in declared:  # which the browser's own do not have
            raise ProblemError(404, f"there is no callback '{call.output[:60]}'", parameter="output")
        if _output(call.outputs) != call.output:
            raise ProblemError(422, "these are not the outputs of that callback", parameter="outputs")
        for name, sent in (("inputs", call.inputs), ("state", call.state)):
            if [f"{one['id']}.{one['property']}" for one in declared[name]] != [one.key for one in sent]:
                raise ProblemError(422, f"these are not the {name} of that callback", parameter=name)
            for one in sent:
                _refuse_value(one.key, one.value)


def _read(body: bytes) -> _Call:
    try:
        found = json.loads(body)
        # half a character (a lone surrogate) can be written in JSON, and in no answer
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):  # no UTF-8 either, or a number of thousands of digits
        raise ProblemError(400, "the body is no JSON that can be read") from None
    try:
        return _Call.model_validate(found)
    except ValidationError as error:
        raise _refused(error, "the body") from None


def _refuse_value(key: str, value: object) -> None:
    try:
        _VALUES[key].validate_python(value)
    except ValidationError as error:
        raise _refused(error, key) from None


def _refused(error: ValidationError, what: str) -> ProblemError:
    first = error.errors(include_url=False, include_input=False)[0]
    name = ".".join(map(str, first["loc"])) or what
    return ProblemError(422, f"{what} is not one of a page's: {first['msg']}", parameter=name[:60])


def _output(outputs: _Property | list[_Property]) -> str:
    """The name of a callback, which its outputs make."""
    return f"..{'...'.join(one.key for one in outputs)}.." if isinstance(outputs, list) else outputs.key


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, for who reads it next; then whatever comes after it."""
    is_read = False

    async def receiving() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving
