"""How long a query may take: one thread of an engine looks at all that run."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import duckdb
import pyarrow as pa

from watthouse.errors import QueryLimitError, WarehouseError, late

_INTERRUPT_SECONDS: Final = 0.05  # between two interrupts
_OF_FILES: Final = re.compile(r"\b(IO|Serialization|INTERNAL|FATAL) Error")
"""What DuckDB says of a file that was damaged or cut off since it was opened."""
_TOO_LARGE: Final = "the answer takes more memory than is allowed: ask for a shorter period, or for fewer columns"


class TooLargeError(QueryLimitError):
    """A query takes more memory than its engine has."""


@dataclass(eq=False)
class _Running:
    """A session that is to be interrupted at ``due``, by the monotonic clock."""

    session: duckdb.DuckDBPyConnection
    due: float


class Watch:
    """Interrupts sessions whose time is up, again and again until their block has ended; closed by :meth:`close`.

    A thread for each query would take a small one a tenth of its time.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running: set[_Running] = set()
        self._next = float("-inf")
        """When the thread looks again by itself."""
        self._thread: threading.Thread | None = None
        self._is_closed = False

    @contextmanager
    def over(self, session: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
        """Interrupt the session where the block takes longer."""
        running = _Running(session, time.monotonic() + seconds)
        try:
            with self._changed:
                self._running.add(running)
                self._look_by(running.due)
            yield
        finally:
            # under the lock: no interrupt meets what the session does next
            with self._changed:
                self._running.discard(running)

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def _look_by(self, due: float) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._look, daemon=True)
            thread.start()  # where there is no room for one, the next query tries again
            self._thread = thread
        elif due < self._next:
            self._changed.notify()

    def _look(self) -> None:
        with self._changed:
            while not self._is_closed:
                now = time.monotonic()
                for running in self._running:
                    if running.due <= now:
                        with suppress(duckdb.Error):  # one that was closed: the others are to be watched on
                            running.session.interrupt()
                        # once is not enough: DuckDB forgets an interrupt that comes between two statements
                        running.due = now + _INTERRUPT_SECONDS
                self._next = min((running.due for running in self._running), default=float("inf"))
                self._changed.wait(self._next - now if self._running else None)


class Clock:
    """The time of one query: ``seconds`` in all, however many blocks it is computed in."""

    def __init__(self, seconds: float, session: duckdb.DuckDBPyConnection, watch: Watch) -> None:
        self._seconds = self._left = seconds
        self._session = session
        self._watch = watch

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time of the block; raises :class:`QueryLimitError` where it is over the limit."""
        began = time.monotonic()
        try:
            with self._watch.over(self._session, self._left):
                yield
        # Arrow's streams raise OSError and its own exceptions for what DuckDB raises elsewhere, by the same words
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if time.monotonic() - began >= self._left:
                raise late(self._seconds) from error
            if "Out of Memory Error" in str(error):
                raise TooLargeError(_TOO_LARGE) from error
            if _OF_FILES.search(str(error)):
                raise WarehouseError(f"the warehouse cannot be read ({str(error).splitlines()[0]})") from error
            raise
        finally:
            self._left -= time.monotonic() - began
        if self._left < 0:
            raise late(self._seconds)

    def each(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        """The reader's batches; the time to compute each of them counts."""
        while True:
            try:
                with self.running():
                    batch = reader.read_next_batch()
            except StopIteration:
                return
            yield batch
