"""What an answer may cost, and what is not thrown away."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from watthouse.serve.api.calls import answered
from watthouse.serve.formats import AnswerColumn, Format
from watthouse.serve.queries import mix
from watthouse.serve.queries.call import RowSet
from watthouse.serve.queued import Queued
from watthouse.serve.service import Service
from watthouse.settings import Settings

SCOPE = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [], "client": ("127.0.0.2", 1)}


def _slow_rows() -> RowSet:
    time.sleep(0.05)
    return RowSet("Numbers", pa.table({"n": [1, 2]}), (AnswerColumn("n", "", "A number"),), used=(), owner="whoever")


def test_an_answer_that_is_there_is_sent_though_its_time_is_over(tmp_path: Path) -> None:
    service = Service(Settings(home=tmp_path, query_seconds=0.01))
    answer = service.versioned(Request(SCOPE), Format.CSV, "numbers", "1", None, _slow_rows)
    assert bytes(answer.body).startswith(b"n,attribution\n1,")


def test_models_are_run_again_for_one_answer_at_a_time_whose_time_does_not_run_out_meanwhile(tmp_path: Path) -> None:
    service, inside, most, lock = Service(Settings(home=tmp_path)), 0, 0, threading.Lock()
    service.snapshots = _Build()  # type: ignore[assignment]

    def runs_models(*_: object) -> Response:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.02)
        with lock:
            inside -= 1
        return Response(b"known then")

    service.answer = runs_models  # type: ignore[method-assign]
    params = mix.MIX.params(as_of="2024-01-02T00:00:00Z")

    async def several() -> None:
        answers = [answered(service, Request(SCOPE), mix.MIX, params) for _ in range(6)]
        await asyncio.gather(*(answer(SCOPE, _stays, _takes) for answer in answers))

    asyncio.run(several())
    assert most == 1


def test_what_the_caller_has_or_was_computed_before_waits_in_no_line(tmp_path: Path) -> None:
    service = Service(Settings(home=tmp_path))
    service.snapshots = _Build()  # type: ignore[assignment]
    params = mix.MIX.params(as_of="2024-01-02T00:00:00Z")
    assert isinstance(answered(service, Request(SCOPE), mix.MIX, params), Queued)
    first = service.versioned(Request(SCOPE), None, "mix", "1", None, _slow_rows)
    again = answered(service, Request(SCOPE), mix.MIX, params)
    assert (again.body, again.headers) == (first.body, first.headers)
    held = {**SCOPE, "headers": [(b"if-none-match", first.headers["etag"].encode())]}
    assert answered(service, Request(held), mix.MIX, params).status_code == 304


class _Build:
    """A build of version 1, which is read by nobody."""

    version, sample = "1", None

    @contextmanager
    def lease(self) -> Iterator["_Build"]:
        yield self


async def _stays() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def _takes(_: Message) -> None: ...
