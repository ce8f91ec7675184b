"""The body of a request: none where none is meant, counted as it comes in, and not waited for for ever."""

import asyncio
from collections.abc import Iterable
from typing import Final, NamedTuple

from starlette.types import Message, Receive

from watthouse.serve.problems import ProblemError

SMALL: Final = 64 * 2**10
"""Bytes of a body where nothing else is said: no call but those that take files needs one."""
CALLBACKS: Final = "/_dash-update-component"
"""Where a page in a browser asks for what it shows."""
LARGEST_CALLBACK: Final = 256 * 2**10
"""Bytes of such a request at most: an address and a filter of a table, never a chart."""
_WITHOUT: Final = {"GET", "HEAD", "OPTIONS"}
CLOSES: Final = {"connection": "close"}
"""For an answer before the body has been read: nobody reads it to find the next request behind it."""


class Announced(NamedTuple):
    """What the head of a request says of its body: ``length`` in bytes, None where it comes in chunks."""

    length: int | None

    @property
    def is_none(self) -> bool:
        return self.length == 0


def announced(headers: Iterable[tuple[bytes, bytes]]) -> Announced:
    """What these headers announce; a length that is no number has been refused by the server before."""
    length: int | None = 0
    for name, value in headers:
        if name == b"transfer-encoding":
            return Announced(None)
        if name == b"content-length":
            length = int(value) if value.isdigit() else None
    return Announced(length)


def refuse(method: str, body: Announced, most: int, remedy: str = "") -> None:
    """Raise a problem for a body that is not to be read at all; ``remedy`` follows the cap of one that is too large."""
    if body.is_none:
        return
    if method in _WITHOUT:
        raise ProblemError(400, f"{method} takes no body: send its parameters in the address", headers=CLOSES)
    if body.length is not None and body.length > most:
        raise _too_large(most, remedy)


def counted(receive: Receive, most: int, seconds: float, remedy: str = "") -> Receive:
    """The body as it comes in; raises a problem past ``most`` bytes, and where none has come for ``seconds``."""
    # a header may say anything, and chunks announce nothing
    taken, is_whole = 0, False

    async def counting() -> Message:
        nonlocal taken, is_whole
        if is_whole:  # from here on it is the end of the connection that is waited for
            return await receive()
        try:
            async with asyncio.timeout(seconds):
                message = await receive()
        except TimeoutError:
            raise ProblemError(408, f"nothing came for {seconds:g} s: send it again", headers=CLOSES) from None
        taken += len(message.get("body", b""))
        if taken > most:
            raise _too_large(most, remedy)
        is_whole = not message.get("more_body", False)
        return message

    return counting


def _too_large(most: int, remedy: str) -> ProblemError:
    return ProblemError(413, f"over {most:,} bytes: {remedy or 'no call takes as much'}", headers=CLOSES)
