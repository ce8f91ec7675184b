"""An answer in line: whatever becomes of its reader or its thread, nothing that it held stays held."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import ExitStack
from io import FileIO
from itertools import repeat
from pathlib import Path
from typing import Any, ClassVar

import pytest
from anyio import to_thread
from starlette.requests import Request
from starlette.types import Message

from watthouse.serve import spool
from watthouse.serve.formats import Format
from watthouse.serve.line import Line
from watthouse.serve.problems import ProblemError
from watthouse.serve.queued import Download, Queued, turn_of
from watthouse.serve.service import Service
from watthouse.serve.spool import ALWAYS, Spools
from watthouse.settings import Settings

SCOPE = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [], "client": ("127.0.0.2", 1)}


class Reader:
    """One who stays, and takes all that is sent."""

    def __init__(self) -> None:
        self.body = b""

    async def receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError("nothing ends the wait but the end of the request")

    async def send(self, message: Message) -> None:
        self.body += message.get("body", b"")


class File(FileIO):
    """One that knows which threads had the disk free it."""

    freed_by: ClassVar[set[threading.Thread]] = set()

    def truncate(self, size: int | None = None) -> int:
        self.freed_by.add(threading.current_thread())
        return super().truncate(size)

    def close(self) -> None:
        self.freed_by.add(threading.current_thread())
        super().close()


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0.001)


def _download(resources: ExitStack) -> Download:
    return Download(iter([b"some ", b"rows"]), resources, "text/csv", {})


def test_an_answer_that_no_thread_can_fill_breaks_off_and_lets_go_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = to_thread.run_sync

    async def short_of_threads(work: Callable[..., Any], *args: Any, **options: Any) -> Any:
        if work.__name__ == "fill":
            raise RuntimeError("can't start new thread")
        return await start(work, *args, **options)

    monkeypatch.setattr(to_thread, "run_sync", short_of_threads)
    let_go: list[str] = []

    async def answered() -> None:
        line, spools, reader, resources = Line(1, 5), Spools(tmp_path), Reader(), ExitStack()
        resources.callback(let_go.append, "the build")
        answer = Queued(line, spools, lambda: _download(resources))
        with pytest.raises(RuntimeError, match="new thread"):
            await asyncio.wait_for(answer(SCOPE, reader.receive, reader.send), 2)
        await asyncio.wait_for(line.enter(), 1)
        await _until(lambda: spools.count == 0)

    asyncio.run(answered())
    assert let_go == ["the build"]


def test_a_request_that_is_cancelled_as_its_turn_comes_gives_the_turn_back() -> None:
    async def cancelled() -> None:
        line, gone = Line(1, 5), asyncio.get_running_loop().create_future()
        before = await line.enter()
        waiting = asyncio.ensure_future(turn_of(line, gone))
        await asyncio.sleep(0.01)
        before.end()
        # the turn is given in the next round of the loop, and seen in the one after it
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait_for(line.enter(), 1)

    asyncio.run(cancelled())


def test_one_more_download_than_may_be_taken_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    service = Service(Settings(home=tmp_path))
    service._spools.count = 256
    with pytest.raises(ProblemError, match="256 answers are being taken"):
        service.stream(Request(SCOPE), Format.CSV, lambda _: pytest.fail("computed"), "rows")


def test_the_event_loop_does_not_wait_for_the_disk_to_free_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "TemporaryFile", lambda **_: File(tmp_path / "answer", "w+b"))

    async def answered() -> bytes:
        spools, reader = Spools(tmp_path), Reader()
        await Queued(Line(1, 5), spools, lambda: _download(ExitStack()))(SCOPE, reader.receive, reader.send)
        await _until(lambda: spools.count == 0)
        return reader.body

    assert asyncio.run(answered()) == b"some rows"
    assert File.freed_by
    assert threading.current_thread() not in File.freed_by


def test_a_download_whose_reader_is_slow_leaves_its_turn_to_the_next(tmp_path: Path) -> None:
    stalled = Reader()

    async def stalls(_: Message) -> None:
        await asyncio.Event().wait()

    async def beside() -> bytes:
        line, spools, next_one = Line(1, 5), Spools(tmp_path, room=ALWAYS), Reader()
        endless = Download(repeat(b"x" * 100_000), ExitStack(), "text/csv", {})
        slow = asyncio.ensure_future(Queued(line, spools, lambda: endless)(SCOPE, stalled.receive, stalls))
        await asyncio.sleep(0.05)
        answer = Queued(line, spools, lambda: _download(ExitStack()))
        await asyncio.wait_for(answer(SCOPE, next_one.receive, next_one.send), 2)
        slow.cancel()
        await asyncio.wait({slow})
        await _until(lambda: spools.count == 0)
        return next_one.body

    assert asyncio.run(beside()) == b"some rows"
