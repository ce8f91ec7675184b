"""What lies between the thread that makes an answer and the reader who takes it: a file without a name.

An answer is made as fast as the machine can, and its build of the warehouse is let go then. A reader who is slow, or
has stopped, holds some room on the disk, for a bounded time.
"""

import asyncio
import os
import threading
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

import structlog
from anyio import CapacityLimiter, to_thread

from watthouse.serve.problems import AGAIN_SECONDS, busy

ROOM: Final = 2**30
"""Bytes that may lie untaken in all answers together; whoever makes more waits for its reader."""
ALWAYS: Final = 2**20
"""Bytes of each answer beyond that: readers who keep up are never held up by those who do not."""
PATIENCE_SECONDS: Final = 30.0
"""How long an answer waits for its reader to make room, where there is none left."""
_MOST: Final = 256
_READING: Final = 8
_SHARES: Final = 4
"""How many clients it takes to fill the room: one alone, with a few readers that are slow, leaves most of it."""
_PIECE: Final = 2**17


class ReaderGoneError(Exception):
    """Nobody takes the answer any more."""


class SlowReaderError(Exception):
    """The reader takes too little for the answer to be kept for it."""


class Spools:
    """The answers on their way, and the ``room`` that they share on the disk of ``folder``."""

    def __init__(self, folder: Path, room: int = ROOM) -> None:
        self._folder, self._most, self.room = folder, room, room
        self.used = self.count = 0
        self.used_by: defaultdict[str, int] = defaultdict(int)
        self.changed = threading.Condition()
        # of their own: threads that wait for a database would keep every reader from what is there already
        self.reading = CapacityLimiter(_READING)

    def spool(self, client: str, on_wait: Callable[[], None]) -> "Spool":
        """An empty one for a client's answer, for the event loop that runs; it calls ``on_wait`` where the answer has
        to wait for its reader.

        Raises a problem where too many are being taken, or no file can be made for it.
        """
        self.refuse_more()
        file = self._file()
        # half of what is free: the rest is for the builds and the lake
        disk = os.fstatvfs(file.fileno())
        self.room = min(self._most, (self.used + disk.f_bavail * disk.f_frsize) // 2)
        return Spool(self, file, client, on_wait)

    def fits(self, count: int, client: str) -> bool:
        """Whether there is room for so many bytes more of this client's; for whoever holds ``changed``."""
        has_share = self.used_by[client] + count <= self.room // _SHARES
        return has_share and self.used + count <= self.room

    def hold(self, count: int, client: str) -> None:
        """Count bytes of this client's, a negative number where room is given back; for whoever holds ``changed``."""
        self.used += count
        self.used_by[client] += count
        if not self.used_by[client]:
            del self.used_by[client]

    def _file(self) -> IO[bytes]:
        """One without a name: nothing stays behind, however the server ends."""
        try:
            with suppress(OSError):
                self._folder.mkdir(parents=True, exist_ok=True)
                return TemporaryFile(dir=self._folder, buffering=0)
            # a home that may only be read is served all the same
            return TemporaryFile(buffering=0)
        except OSError as error:
            structlog.get_logger().error("no file for an answer", folder=str(self._folder), reason=str(error))
            detail = f"the server has no room to write an answer to: its log says why; retry in {AGAIN_SECONDS} s"
            raise busy(detail) from error

    def refuse_more(self) -> None:
        """Raise a problem where too many are being taken already; for whoever is about to compute another."""
        if self.count >= _MOST:
            detail = f"{self.count} answers are being taken already: retry in {AGAIN_SECONDS} s"
            raise busy(detail)


class Spool:
    """One answer: a thread writes, the event loop takes, and what was taken makes room as soon as all is."""

    def __init__(self, spools: Spools, file: IO[bytes], client: str, on_wait: Callable[[], None]) -> None:
        self._spools, self._file, self._client, self._on_wait = spools, file, client, on_wait
        with spools.changed:
            spools.count += 1
        self._written = self._taken = self._held = 0
        self._is_writing = self._is_emptying = self._is_ended = self._is_given_up = False
        # a file that is closed must not be read or emptied: its number may be another's by then
        self._file_lock = threading.Lock()
        self._fault: BaseException | None = None
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def fill(self, pieces: Iterator[bytes], resources: ExitStack) -> None:
        """Write every piece, and let go of what they were made from; for a thread."""
        try:
            with resources:
                for piece in pieces:
                    self._write(memoryview(piece))
        except BaseException as error:  # raised where the pieces are taken
            self._fault = error
        self._is_ended = True
        self._loop.call_soon_threadsafe(self._news.set)

    def fail(self, error: BaseException) -> None:
        """Have ``error`` raised where the pieces are taken, as no thread fills it; for the event loop."""
        self._fault, self._is_ended = error, True
        self._news.set()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """What was written, as soon as it is; raises what went wrong in the making."""
        while not self._is_given_up:
            # before the look: what comes after it is waited for
            self._news.clear()
            is_ended = self._is_ended
            if self._taken < self._written:
                yield await to_thread.run_sync(self._next, limiter=self._spools.reading)
            elif not is_ended:
                await self._news.wait()
            elif self._fault is None:
                return
            else:
                raise self._fault
        raise ReaderGoneError

    def give_up(self) -> None:
        """Have both ends stop; for the event loop."""
        with self._spools.changed:
            self._is_given_up = True
            self._spools.changed.notify_all()
        self._news.set()

    def close(self) -> None:
        """Give the room back, once nobody writes any more; for a thread, as the disk may take its time to free it."""
        with self._file_lock:
            self._file.close()
        with self._spools.changed:
            self._spools.hold(-self._held, self._client)
            self._held = 0
            self._spools.count -= 1
            self._spools.changed.notify_all()

    def _write(self, piece: memoryview) -> None:
        place = self._reserved(len(piece))
        # without the lock, which the event loop takes too
        while piece:
            count = os.pwrite(self._file.fileno(), piece, place)
            piece, place = piece[count:], place + count
        with self._spools.changed:
            self._is_writing, self._written = False, place
        # an empty piece may have kept its reader from doing so
        self._empty_if_taken()
        self._loop.call_soon_threadsafe(self._news.set)

    def _reserved(self, count: int) -> int:
        """Where so many bytes may be written, once there is room for them."""
        with self._spools.changed:
            # one that is being emptied has room in a moment, and a reader who keeps up
            if not self._is_emptying and not self._fits(count):
                self._loop.call_soon_threadsafe(self._on_wait)
            has_room = self._spools.changed.wait_for(lambda: self._is_given_up or self._fits(count), PATIENCE_SECONDS)
            if self._is_given_up:
                raise ReaderGoneError
            if not has_room:
                raise SlowReaderError
            self._spools.hold(count, self._client)
            self._held += count
            self._is_writing = True
            return self._written

    def _fits(self, count: int) -> bool:
        if self._is_emptying:
            return False
        after = self._written + count
        return not self._written or after <= ALWAYS or self._spools.fits(count, self._client)

    def _next(self) -> bytes:
        """The next piece, which makes room as soon as all is taken."""
        with self._file_lock:
            if self._file.closed:  # its reader has given up meanwhile
                raise ReaderGoneError
            # the file may be longer already, while a piece is added to it
            piece = os.pread(self._file.fileno(), min(_PIECE, self._written - self._taken), self._taken)
        with self._spools.changed:
            self._taken += len(piece)
        self._empty_if_taken()
        return piece

    def _empty_if_taken(self) -> None:
        with self._spools.changed:
            if self._is_emptying or self._is_writing or not self._taken == self._written > 0:
                return
            self._is_emptying = True
        # without the lock that the event loop takes too: hundreds of megabytes take a while
        with self._file_lock:
            if not self._file.closed:
                self._file.truncate(0)
        with self._spools.changed:
            self._spools.hold(-self._held, self._client)
            self._written = self._taken = self._held = 0
            self._is_emptying = False
            self._spools.changed.notify_all()
