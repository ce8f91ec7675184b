"""A line for what takes much: a few places, and everybody else waits for a turn without holding a thread."""

import asyncio
from dataclasses import dataclass
from typing import Final

from watthouse.serve.problems import AGAIN_SECONDS, ProblemError, busy

_LONGEST: Final = 512
"""How many may wait: each of them holds a connection of the server."""


@dataclass
class Turn:
    """A place that was given; it is given back once, however often that is said."""

    _places: asyncio.Semaphore
    _is_over: bool = False

    def end(self) -> None:
        """Let the next one have it."""
        if not self._is_over:
            self._is_over = True
            self._places.release()


class Line:
    """So many ``places``; whoever finds none free waits, in the order of coming, for ``seconds`` at most."""

    def __init__(self, places: int, seconds: float) -> None:
        self.places = places
        self._seconds = seconds
        self._free = asyncio.Semaphore(places)
        self._waiting = 0

    async def enter(self) -> Turn:
        """A turn, when it comes; raises a problem (503, with ``Retry-After``) where that takes too long."""
        if self._waiting >= _LONGEST:
            raise self._busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._seconds):
                await self._free.acquire()
        except TimeoutError:
            raise self._busy() from None
        finally:
            self._waiting -= 1
        return Turn(self._free)

    def _busy(self) -> ProblemError:
        detail = f"{self._waiting} answers of this kind wait already: retry in {AGAIN_SECONDS} s, or ask for less"
        return busy(detail)
