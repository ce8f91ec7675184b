"""The newest slots from the stream's store: looked for once, however many listen, and told to each."""

import asyncio
import secrets
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from anyio import to_thread

from watthouse.errors import StreamError
from watthouse.serve.problems import AGAIN_SECONDS, ProblemError, busy, told
from watthouse.settings import Settings
from watthouse.stream.documents import Document

if TYPE_CHECKING:  # what the extra `stream` brings
    from watthouse.stream.store import Store

HEARTBEAT: Final = 10.0
"""Seconds without news after which a listener is told that there are none: it notices a dead connection by that."""
LISTENERS: Final = 500
"""Connections that may listen at a time: each holds a socket of the server."""
OF_A_CLIENT: Final = 100
"""Connections of one client among them."""
_PATIENCE: Final = 5.0
"""Seconds without an answer after which a look is given up: a page waits for it."""
_HELD_UP: Final = 0.5
_WATCHED: Final = 20


@dataclass(frozen=True)
class LiveState:
    """What the store was last seen to hold: the newest measured document of each region, the processor's progress.

    ``number`` grows with each change; ``changed`` says at which one a region last did, also one that is gone since.
    ``fault`` is why the store could not be read: the rest is then what was seen before.
    """

    run: str
    number: int = 0
    documents: Mapping[str, Document] = field(default_factory=dict)
    changed: Mapping[str, int] = field(default_factory=dict)
    progress: Document | None = None
    fault: str = ""

    @property
    def version(self) -> str:
        """The same for the same state of one run of the server, and for no other."""
        return f"{self.run}-{self.number}"

    @property
    def sample(self) -> str | None:
        """The name of the synthetic sample, where the figures are of one."""
        return next((name for each in self.documents.values() if (name := each.get("sample"))), None)

    def since(self, number: int) -> dict[str, Document | None]:
        """The regions that changed after a number; None for one that no longer has a measured slot."""
        return {region: self.documents.get(region) for region, at in self.changed.items() if at > number}

    def seen(self, documents: Mapping[str, Document], progress: Document | None) -> "LiveState":
        """The state after the store was read."""
        regions = [*{**self.documents, **documents}]
        moved = [region for region in regions if self.documents.get(region) != documents.get(region)]
        if not moved and not self.fault:
            return replace(self, progress=progress)
        number = self.number + 1
        changed = {**self.changed, **dict.fromkeys(moved, number)}
        return LiveState(self.run, number, documents, changed, progress)

    def failed(self, fault: str) -> "LiveState":
        """The state after the store could not be read."""
        return self if self.fault == fault else replace(self, number=self.number + 1, fault=fault)


class Live:
    """What pages, API and listeners are told; the store is opened when it is first asked for, as most homes have none.

    ``pushed`` is called with the seconds from an observation to the moment at which listeners are told of it.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        listeners: int = LISTENERS,
        of_a_client: int = OF_A_CLIENT,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self._url = settings.stream_store
        self._pause = settings.stream_poll_seconds
        self._most, self._of_a_client, self._heartbeat = listeners, of_a_client, heartbeat
        self.pushed: Callable[[float], None] = lambda _: None
        self._clients: Counter[str] = Counter()
        self.delay: float | None = None
        """Seconds from the newest observation that was pushed to that moment; None before any was."""
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._state = LiveState(secrets.token_hex(4))
        self._read_at = float("-inf")
        self._poller: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._closed = False

    @property
    def _looked(self) -> bool:
        return self._read_at != float("-inf")

    @property
    def listeners(self) -> int:
        """How many connections listen."""
        return self._clients.total()

    @property
    def is_set(self) -> bool:
        """Whether there is a store to look into."""
        return self._url is not None

    def state(self) -> LiveState:
        """As of one pause ago at most; a fault is part of it. Raises a problem where no store is set."""
        self._refuse_unset()
        # one look at a time; where that hangs, the others go on with what was seen before, or a store that does not
        # answer would take every thread of the server
        if self._lock.acquire(timeout=_HELD_UP if self._looked else -1):
            try:
                if time.monotonic() - self._read_at > self._pause:
                    self._look()
            finally:
                self._lock.release()
        return self._state

    def readable(self) -> LiveState:
        """The same; raises :class:`~watthouse.errors.StreamError` where the store cannot be read."""
        state = self.state()
        if state.fault:
            raise StreamError(state.fault)
        return state

    def day(self, region: str, day: str) -> list[Document]:
        """The documents of a region's civil day; raises as :meth:`readable` does."""
        self._refuse_unset()
        try:
            with self._lock:
                store = self._opened()
            return store.day(region, day)
        except StreamError as error:
            # whoever listens is told, and told again by the next look that succeeds
            with self._lock:
                self._state = self._failed(error)
            raise

    def admit(self, client: str = "") -> None:
        """Raises a problem where nobody can listen, or too many do, of all clients or of this one."""
        self._refuse_unset()
        theirs = self._clients[client]
        if self.listeners >= self._most or theirs >= self._of_a_client:
            who = f"{theirs} connections of yours" if theirs >= self._of_a_client else f"{self.listeners} connections"
            detail = f"{who} listen already: retry in {AGAIN_SECONDS} s, or poll /api/v1/live/regions"
            raise busy(detail)

    async def states(self, client: str = "") -> AsyncIterator[LiveState | None]:
        """The state now, then after each change; None where there was none for a heartbeat. Ends with the server.

        ``client`` is who listens, for its share of the connections.
        """
        with self._listening(client):
            seen = await to_thread.run_sync(self.state)
            yield seen
            while not self._closed:
                news = self._news  # before the look: what comes after it is waited for
                if self._state.number != seen.number:
                    seen = self._state
                    yield seen
                elif not await self._heard(news):
                    yield None

    def let_go(self) -> None:
        """End the connections of those who listen."""
        self._closed = True
        self._news.set()
        if self._poller is not None:
            self._poller.cancel()

    def close(self) -> None:
        """Let listeners go, and release the store."""
        self.let_go()
        if self._store is not None:
            self._store.close()

    @contextmanager
    def _listening(self, client: str) -> Iterator[None]:
        """Be one of those for whom the store is polled; nobody polls it for none."""
        self._clients[client] += 1
        if self._poller is None:
            self._poller = asyncio.get_running_loop().create_task(self._poll())
        try:
            yield
        finally:
            self._clients[client] -= 1
            if not self._clients[client]:
                del self._clients[client]
            if not self.listeners and self._poller is not None:
                self._poller.cancel()
                self._poller = None

    async def _poll(self) -> None:
        told = self._state.number
        while not self._closed:
            await to_thread.run_sync(self.state)
            # a page or a call may have looked since the last time, and found the news
            if self._state.number != told:
                told = self._state.number
                self._news.set()
                self._news = asyncio.Event()
            await asyncio.sleep(self._pause)

    async def _heard(self, news: asyncio.Event) -> bool:
        """Wait for news; False where there were none for a heartbeat."""
        try:
            await asyncio.wait_for(news.wait(), self._heartbeat)
        except TimeoutError:
            return False
        return True

    def _look(self) -> None:
        before, watched = self._state, time.monotonic() - self._read_at < _WATCHED * self._pause
        try:
            store = self._opened()
            documents = {each["_id"]: each for each in store.latest()}
            self._state = before.seen(documents, store.progress())
        except StreamError as error:
            self._state = self._failed(error)
        self._read_at = time.monotonic()
        # what is found after nobody has looked for a while was not observed just now
        if watched:
            self._time(self._state.since(before.number))

    def _failed(self, error: StreamError) -> LiveState:
        # the log has it once, however often it is looked again
        return self._state if self._state.fault else self._state.failed(told(error))

    def _time(self, moved: Mapping[str, Document | None]) -> None:
        now = datetime.now(UTC)
        for document in moved.values():
            if document is not None:
                self.delay = max(0.0, (now - document["observed_at"]).total_seconds())
                self.pushed(self.delay)

    def _opened(self) -> "Store":
        if self._store is None:
            assert self._url is not None
            try:
                from watthouse.stream.store import Store
            except ModuleNotFoundError as error:
                missing = StreamError(f"{error.name} is not installed: pip install 'watthouse[stream]'")
                missing.public = None  # it tells nothing of this server but what to do
                raise missing from error
            self._store = Store(self._url.get_secret_value(), patience=_PATIENCE)
        return self._store

    def _refuse_unset(self) -> None:
        if not self.is_set:
            raise ProblemError(404, "no store of the stream is set: set WATTHOUSE_STREAM_STORE (see docs/live.md)")
