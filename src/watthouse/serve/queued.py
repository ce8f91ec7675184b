"""Answers that take much: made by a thread when their turn comes, and sent at the reader's own pace."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, aclosing, suppress
from typing import Any, Final

from anyio import CapacityLimiter, to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from watthouse.serve.clients import client_of
from watthouse.serve.line import Line, Turn
from watthouse.serve.spool import ALWAYS, ReaderGoneError, Spool, Spools

_LONGEST_SECONDS: Final = 3_600.0
"""How long a reader may take over an answer, however steadily."""


class Download(Response):
    """An answer in ``pieces``, which are made as they are asked for; ``resources`` is let go after the last."""

    def __init__(
        self, pieces: Iterator[bytes], resources: ExitStack, media_type: str, headers: Mapping[str, str]
    ) -> None:
        self.status_code, self.media_type, self.background = 200, media_type, None
        self.init_headers(headers)
        self.pieces, self.resources = pieces, resources

    @classmethod
    def of(cls, whole: Response) -> "Download":
        """A body that was made at once, piece by piece."""
        body = memoryview(whole.body)
        pieces = (bytes(body[at : at + ALWAYS]) for at in range(0, len(body), ALWAYS))
        download = cls(pieces, ExitStack(), whole.media_type or "", {})
        download.status_code, download.raw_headers = whole.status_code, whole.raw_headers
        return download


class Queued(Response):
    """What ``make`` answers, in a thread, when its turn in ``line`` comes; what it raises is answered as ever."""

    def __init__(self, line: Line, spools: Spools, make: Callable[[], Response]) -> None:
        self.background = None
        self._line, self._spools, self._make = line, spools, make
        # the line says how many there are: the threads of all other calls stay theirs
        self._thread = CapacityLimiter(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(gone_of(receive))
        try:
            with suppress(ReaderGoneError):
                turn = await turn_of(self._line, gone)
                made = await self._made(turn)
                if isinstance(made, Download):
                    await self._deliver(made, turn, client_of(scope), send, gone)
                else:
                    turn.end()
                    await made(scope, receive, send)
        finally:
            gone.cancel()

    async def _made(self, turn: Turn) -> Response:
        making = asyncio.ensure_future(to_thread.run_sync(self._make, limiter=self._thread))
        try:
            made = await asyncio.shield(making)
        except asyncio.CancelledError:
            # the thread goes on, and nobody will take what it makes
            making.add_done_callback(lambda _: _dropped(making, turn))
            raise
        except BaseException:
            turn.end()
            raise
        # a large body lies on the disk while its reader takes it, not in memory
        is_large = not isinstance(made, Download) and len(made.body) > ALWAYS
        return Download.of(made) if is_large else made

    async def _deliver(self, made: Download, turn: Turn, client: str, send: Send, gone: "asyncio.Future[None]") -> None:
        try:
            # where it goes on at its reader's pace, others have the turn
            spool = self._spools.spool(client, turn.end)
        except BaseException:
            made.resources.close()
            turn.end()
            raise
        making = asyncio.ensure_future(
            to_thread.run_sync(spool.fill, made.pieces, made.resources, limiter=self._thread)
        )
        making.add_done_callback(lambda _: _ended(making, made, spool, turn))
        gone.add_done_callback(lambda _: spool.give_up())
        try:
            async with asyncio.timeout(_LONGEST_SECONDS), aclosing(spool.pieces()) as pieces:
                await send({"type": "http.response.start", "status": made.status_code, "headers": made.raw_headers})
                # who stalls is closed by the worker, and gone then
                async for piece in pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            spool.give_up()
            making.add_done_callback(lambda _: _closed(spool))


async def gone_of(receive: Receive) -> None:
    """Ends when the reader has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def turn_of(line: Line, gone: "asyncio.Future[None]") -> Turn:
    """A turn, when it comes; raises :class:`ReaderGoneError` where its reader goes away before."""
    entering = asyncio.ensure_future(line.enter())
    both: set[asyncio.Future[Any]] = {entering, gone}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not entering.done():
            raise ReaderGoneError
        return entering.result()
    except (asyncio.CancelledError, ReaderGoneError):
        # it may come in this very moment
        entering.add_done_callback(_given_back)
        entering.cancel()
        raise


def _given_back(entering: "asyncio.Future[Turn]") -> None:
    if not entering.cancelled() and entering.exception() is None:
        entering.result().end()


def _ended(making: "asyncio.Future[None]", made: Download, spool: Spool, turn: Turn) -> None:
    """Let the next one have the turn, which does not wait for this one's reader."""
    turn.end()
    error = ReaderGoneError() if making.cancelled() else making.exception()
    # what goes wrong in the thread is told by the spool itself: here no thread could be started
    if error is not None:
        made.resources.close()
        spool.fail(error)


def _closed(spool: Spool) -> None:
    # the event loop does not wait for the disk
    asyncio.get_running_loop().run_in_executor(None, spool.close)


def _dropped(making: "asyncio.Future[Response]", turn: Turn) -> None:
    """Let go of an answer that came too late."""
    turn.end()
    if not making.cancelled() and making.exception() is None and isinstance(made := making.result(), Download):
        made.resources.close()
