"""Callbacks in line: a few are drawn at a time, for readers who are there, in threads of their own."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import to_thread
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from watthouse.serve.bodies import CALLBACKS
from watthouse.serve.dashboard.app import create
from watthouse.serve.dashboard.callbacks import Callbacks
from watthouse.serve.line import Line
from watthouse.serve.service import Service
from watthouse.settings import Settings

_VALUES = {
    "view": {"path": "/mix", "query": "", "language": "en"},
    "live-event": "1",
    "mart-grid": {"startRow": 0, "endRow": 50, "sortModel": [], "filterModel": {}},
}


class Pages:
    """Draws one thing for as long as it is not let go, and counts; ``callback_map`` is what Dash has declared."""

    callback_map = {"root.children": {"callback": "drawn", "inputs": [], "state": []}}  # noqa: RUF012

    def __init__(self) -> None:
        self.drawn, self.may_end = 0, asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.drawn += 1
        await self.may_end.wait()
        await Response("drawn")(scope, receive, send)


CALL = {"output": "root.children", "outputs": {"id": "root", "property": "children"}, "inputs": []}


def _client(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


def test_who_waits_for_too_long_to_be_drawn_a_page_is_told_when_to_come_again() -> None:
    async def two() -> tuple[httpx.Response, httpx.Response]:
        pages = Pages()
        async with _client(Callbacks(pages, pages, Line(1, 0.05))) as client:  # type: ignore[arg-type]
            first = asyncio.ensure_future(client.post(CALLBACKS, json=CALL))
            await asyncio.sleep(0.01)
            late = await client.post(CALLBACKS, json=CALL)
            pages.may_end.set()
            return await first, late

    first, late = asyncio.run(two())
    assert (first.status_code, late.status_code, late.headers["retry-after"]) == (200, 503, "10")
    assert late.headers["content-type"] == "application/problem+json"


def test_who_has_left_while_waiting_is_drawn_nothing_and_who_takes_slowly_holds_up_nobody() -> None:
    sent = iter([{"type": "http.request", "body": httpx.Request("POST", "/", json=CALL).content}])

    async def leaves() -> Message:
        return next(sent, {"type": "http.disconnect"})

    async def stalls(_: Message) -> None:
        await asyncio.Event().wait()

    async def beside() -> int:
        pages, line = Pages(), Line(1, 5)
        callbacks = Callbacks(pages, pages, line)  # type: ignore[arg-type]
        scope = {"type": "http", "method": "POST", "path": CALLBACKS, "headers": []}
        turn = await line.enter()
        await asyncio.wait_for(callbacks(scope, leaves, stalls), 1)
        turn.end()
        assert pages.drawn == 0
        pages.may_end.set()
        stays = _stays()
        slow = asyncio.ensure_future(callbacks(scope, stays, stalls))
        async with _client(callbacks) as client:
            answer = await asyncio.wait_for(client.post(CALLBACKS, json=CALL), 1)
        slow.cancel()
        return answer.status_code

    assert asyncio.run(beside()) == 200


def _stays() -> Receive:
    sent = iter([{"type": "http.request", "body": httpx.Request("POST", "/", json=CALL).content}])

    async def receive() -> Message:
        if message := next(sent, None):
            return message
        await asyncio.Event().wait()
        raise AssertionError

    return receive


@pytest.mark.parametrize("name", ["view", "live-event", "mart-grid"])
def test_pages_are_drawn_though_every_thread_of_the_calls_waits(name: str, tmp_path: Path) -> None:
    app = create(Service(Settings(home=tmp_path)))
    (declared,) = [one.kwargs["dash"] for one in app.user_middleware if one.cls is Callbacks]
    call = _call(declared.callback_map, name)

    async def drawn() -> int:
        calls = to_thread.current_default_thread_limiter()
        for _ in range(int(calls.total_tokens)):
            calls.acquire_on_behalf_of_nowait(object())
        async with _client(app) as client:
            return (await asyncio.wait_for(client.post(CALLBACKS, json=call), 20)).status_code

    assert asyncio.run(drawn()) in {200, 404, 503}  # there is neither a warehouse nor a stream


def _call(declared: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What a browser sends where the property ``name`` has changed."""
    ((output, callback),) = [
        (output, one) for output, one in declared.items() if "callback" in one and one["inputs"][0]["id"] == name
    ]
    outputs = [dict(zip(("id", "property"), one.split("."), strict=True)) for one in output.strip(".").split("...")]
    inputs, state = ([{**one, "value": _VALUES[one["id"]]} for one in callback[part]] for part in ("inputs", "state"))
    changed = [f"{one['id']}.{one['property']}" for one in inputs]
    return {"output": output, "outputs": outputs, "inputs": inputs, "state": state, "changedPropIds": changed}
