"""One request's connection: replies sent as they should be, or broken on purpose."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

from starlette.concurrency import iterate_in_threadpool
from starlette.types import Receive, Scope, Send

from watthouse.sample.service.replies import Reply

_DROPS: Final = 8
_DROP: Final = 64
_CUTTABLE: Final = 1_024
_OFF: Final = timedelta(hours=3)


class Connection:
    """The connection of one request; counts the bytes of the body.

    It must be served by :mod:`watthouse.sample.service.serving`, which gives access to its transport.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        connections = scope["state"]["connections"]
        self._transport: asyncio.Transport = next(
            connection.transport for connection in connections if connection.client == scope["client"]
        )
        self.sent = 0

    async def deliver(self, reply: Reply, event: str | None = None, pace: float = 0, clock_off: bool = False) -> None:
        """Send ``reply``; ``slow`` makes it wait and trickle for ``pace`` seconds each, ``cut`` truncates it."""
        if event == "slow":
            await asyncio.sleep(pace)
        await self._start(reply, {"date": http_date(clock_off)})
        if event == "cut":
            await self._cut(reply)
            return
        if isinstance(reply.body, bytes) and event != "slow":
            await self._body(reply.body, more=False)
            return
        drops = _DROPS if event == "slow" else 0
        async for piece in _pieces(reply):
            if self._transport.is_closing():
                return  # the client is gone: a year of rows need not be made for it
            drops -= await self._trickle(piece, pace, drops)
        await self._body(b"", more=False)

    async def hang(self) -> None:
        """Send nothing until the client is gone, or the server ends."""
        try:
            while (await self._receive())["type"] != "http.disconnect":
                pass
        finally:
            self._transport.abort()

    def reset(self) -> None:
        """Drop the connection with a TCP reset."""
        # a linger time of 0 turns the close into a RST; a plain close would look like an orderly, empty answer
        self._transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self._transport.abort()

    async def _start(self, reply: Reply, more: Mapping[str, str]) -> None:
        length = {"content-length": str(len(reply.body))} if isinstance(reply.body, bytes) else {}
        headers = {**reply.headers, **more, **length}
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": reply.status, "headers": raw})

    async def _body(self, piece: bytes, more: bool = True) -> None:
        self.sent += len(piece)
        await self._send({"type": "http.response.body", "body": piece, "more_body": more})

    async def _trickle(self, piece: bytes, pace: float, drops: int) -> int:
        """Send ``piece`` in as many drops as are left, with a pause after each; returns how many it took."""
        count = min(drops, max(len(piece) // _DROP, 1))
        step = -(-len(piece) // max(count, 1)) or 1
        for start in range(0, len(piece), step):
            await self._body(piece[start : start + step])
            await asyncio.sleep(pace / _DROPS if count else 0)
        return count if piece else 0

    async def _cut(self, reply: Reply) -> None:
        """Send half of the body (of its first pieces, if it is a stream) and close."""
        begun = b""
        async for piece in _pieces(reply):
            begun += piece
            if len(begun) >= _CUTTABLE and not isinstance(reply.body, bytes):
                break
        await self._body(begun[: len(begun) // 2])
        self._transport.close()


async def _pieces(reply: Reply) -> AsyncIterator[bytes]:
    if isinstance(reply.body, bytes):
        yield reply.body
        return
    async for piece in iterate_in_threadpool(reply.body):
        yield piece


def http_date(off: bool = False) -> str:
    """The HTTP date of this machine's clock, or three hours ahead of it."""
    return format_datetime(datetime.now(UTC) + (_OFF if off else timedelta()), usegmt=True)
