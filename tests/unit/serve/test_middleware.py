"""What goes wrong unforeseen is told like everything else, and found again in the log."""

import asyncio
import json

import httpx
import pytest
from prometheus_client import generate_latest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from watthouse.serve.middleware import Measures, Watch
from watthouse.settings import Settings


async def _breaks(scope: Scope, receive: Receive, send: Send) -> None:
    raise ZeroDivisionError("nobody foresaw this")


async def _breaks_on_the_way(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise ZeroDivisionError("nobody foresaw this")


def asked(app: object) -> httpx.Response:
    watch = Watch(app, Measures(), Settings())  # type: ignore[arg-type]

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(watch), base_url="http://here") as client:
            return await client.get("/api/v1/mix", headers={"x-request-id": "mine"})

    return asyncio.run(ask())


def test_an_unforeseen_error_is_a_problem_with_an_id_that_the_log_knows() -> None:
    with capture_logs() as lines:
        answer = asked(_breaks)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "mine"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "nobody foresaw" not in json.dumps(answer.json())
    (line,) = [one for one in lines if one["event"] == "unexpected"]
    assert line["exc_info"][2] is not None
    assert [one["status"] for one in lines if one["event"] == "request"] == [500]


def test_an_answer_that_breaks_on_its_way_does_not_pass_for_whole() -> None:
    with pytest.raises(ZeroDivisionError):
        asked(_breaks_on_the_way)


def test_a_client_who_leaves_before_there_is_an_answer_is_no_error_of_the_server() -> None:
    async def answers_nobody(scope: Scope, receive: Receive, send: Send) -> None:
        """As a request in line whose client hangs up."""

    measures = Measures()
    scope = {"type": "http", "method": "GET", "path": "/api/v1/mix", "headers": []}
    with capture_logs() as lines:
        asyncio.run(Watch(answers_nobody, measures, Settings())(scope, _nothing, _nowhere))
    assert [one["status"] for one in lines if one["event"] == "request"] == [499]
    assert 'status="499"} 1.0' in generate_latest(measures.registry).decode()


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("http://here/api/v1/mix?interval=day", "/api/v1/mix?interval=day"),
        ("http://here//evil.example/mix", "/evil.example/mix"),
        ("https://here///evil.example", "/evil.example"),
        ("http://here", "/"),
        ("/api/v1/status", "/api/v1/status"),
    ],
)
def test_a_redirect_stays_on_this_server(written: str, sent: str) -> None:
    assert asked(Response(status_code=307, headers={"location": written})).headers["location"] == sent


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def _nowhere(message: Message) -> None:
    raise AssertionError(message)
