"""One build held: a few connections that all see it, for as long as somebody asks.

PostgreSQL keeps every row version that a snapshot may still see, and a build that somebody reads is not removed. So a
snapshot is let go once nobody has asked for a while, and taken anew by the next question: the build is the same where
the pointer says so.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final, TypeVar

from watthouse.database import Database, LostError, Session
from watthouse.errors import DatabaseError, NoWarehouseError, QueryLimitError, WarehouseError, late
from watthouse.warehouse.postgres import builds
from watthouse.warehouse.postgres.builds import Published, ReplacedError

CONNECTIONS: Final = 4
"""Queries at a time, each on a connection of its own; one more connection holds the snapshot that they share."""
IDLE_SECONDS: Final = 60.0
"""How long after the last question every connection is closed."""
LONGEST_SECONDS: Final = 900.0
"""The age at which a snapshot is let go, though somebody may still be downloading what it shows."""
_RENEWED_SECONDS: Final = 300.0
"""The age from which the next answer begins with a snapshot of its own."""

_WATCH_SECONDS: Final = 5.0
_ATTEMPTS: Final = 3
"""A build may be replaced and removed before it is held: the pointer names another one then."""

T = TypeVar("T")


@dataclass(frozen=True)
class _Anchor:
    """A transaction left open: while it lasts, others may join its snapshot, and the build is not removed."""

    session: Session
    snapshot: str
    build: Published
    since: float
    resources: ExitStack

    @classmethod
    def of(cls, database: Database) -> "_Anchor | None":
        """At the build that is current; None where it was removed before it could be held."""
        with ExitStack() as resources:
            session = resources.enter_context(database.connected())
            session.run("set transaction isolation level repeatable read read only")
            # a client's machine that is gone without a word would else hold the snapshot until TCP gives up, for hours
            session.run(f"set local idle_in_transaction_session_timeout = '{LONGEST_SECONDS + 60:g}s'")
            ((snapshot,),) = session.run("select pg_export_snapshot()")
            build = builds.published(session)
            if build is None:
                raise NoWarehouseError(f"there is no warehouse at {database} yet: run `watthouse refresh`")
            if not builds.hold(session, build):
                return None
            return cls(session, snapshot, build, monotonic(), resources.pop_all())


@dataclass(frozen=True)
class _Connection:
    """A connection that joins a snapshot for one query at a time."""

    session: Session
    resources: ExitStack


class Held:
    """The build that was current when it was made; closed by :meth:`close`. A query is given up after ``seconds``."""

    @classmethod
    def of(cls, database: Database, seconds: float) -> "Held":
        """Raises :class:`~watthouse.errors.WarehouseError` where there is none, or its schemas are gone."""
        database = replace(database, kept="ask again")
        for _ in range(_ATTEMPTS):
            if anchor := _Anchor.of(database):
                return cls(database, seconds, anchor)
        raise WarehouseError(f"{database} lacks schemas of its current build: run `watthouse build --full`")

    def __init__(self, database: Database, seconds: float, anchor: _Anchor) -> None:
        self.build = anchor.build
        self._database = database
        self._seconds = seconds
        self._anchor: _Anchor | None = anchor
        self._idle: list[_Connection] = []
        self._busy = 0
        self._asked = monotonic()
        self._lock = threading.Lock()
        self._at_once = threading.BoundedSemaphore(CONNECTIONS)
        self._closed = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def ask(self, query: Callable[[Session], T]) -> T:
        """What a query says of the build. It may be put twice: that a connection was cut is noticed only then.

        Raises :class:`~watthouse.errors.QueryLimitError` where it takes too long, or waits too long for its turn.
        """
        with self._turn():
            try:
                return self._answer(query)
            except LostError:
                return self._answer(query)

    def renew(self) -> bool:
        """Make sure of a snapshot for an answer that begins now; False where another build has been published."""
        with self._lock:
            self._asked = monotonic()
            if self._anchor and self._asked - self._anchor.since < _RENEWED_SECONDS:
                return True
            try:
                fresh = self._anchored()
            except ReplacedError:
                return False
            self._let_go()
            self._anchor = fresh
            return True

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            self._let_go()
            self._disconnect()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._at_once.acquire(timeout=self._seconds):
            raise late(self._seconds)
        try:
            yield
        except QueryLimitError:
            raise late(self._seconds) from None
        finally:
            self._at_once.release()

    def _answer(self, query: Callable[[Session], T]) -> T:
        with self._lock:
            anchor = self._anchor = self._anchor or self._anchored()
            connection = self._idle.pop() if self._idle else None
            self._asked, self._busy = monotonic(), self._busy + 1
        try:
            connection = connection or self._connected()
            answer = self._joined(connection.session, anchor, query)
        except BaseException as error:
            if connection:
                connection.resources.close()  # it may be in the middle of something, and is not used again
            if isinstance(error, LostError):
                self._lost(anchor)
            raise
        finally:
            with self._lock:
                self._asked, self._busy = monotonic(), self._busy - 1
        self._keep(connection)
        return answer

    def _joined(self, session: Session, anchor: _Anchor, query: Callable[[Session], T]) -> T:
        try:
            session.run(f"set transaction snapshot '{anchor.snapshot}'")
        except DatabaseError as error:  # the connection was cut, or the one that holds the snapshot
            raise LostError(str(error)) from None
        # ended at once: a lock that is kept on a table would make a refresh wait that has to alter it
        with session.transaction():
            return query(session)

    def _anchored(self) -> _Anchor:
        """Another snapshot of the same build."""
        anchor = _Anchor.of(self._database)
        if anchor and anchor.build == self.build:
            return anchor
        if anchor:
            anchor.resources.close()
        raise ReplacedError("the build that this answer began with has been replaced since: ask again")

    def _connected(self) -> _Connection:
        with ExitStack() as resources:
            session = resources.enter_context(self._database.connected())
            milliseconds = max(round(self._seconds * 1000), 1)  # 0 would be no limit at all
            session.run(f"set statement_timeout = {milliseconds}")
            session.run("set time zone 'UTC'")
            session.run("set jit = off")  # compiling takes longer than questions this short
            session.run("set session characteristics as transaction isolation level repeatable read read only")
            with self._database.errors():
                session.connection.commit()
            return _Connection(session, resources.pop_all())

    def _keep(self, connection: _Connection) -> None:
        with self._lock:
            if not self._closed.is_set():
                self._idle.append(connection)
                return
        connection.resources.close()

    def _lost(self, anchor: _Anchor) -> None:
        """Begin anew, unless somebody has already: what was cut is seldom one connection alone."""
        with self._lock:
            if self._anchor is anchor:
                self._let_go()
                self._disconnect()

    def _watch(self) -> None:
        while not self._closed.wait(_WATCH_SECONDS):
            with self._lock:
                self._let_go_of_old(monotonic())

    def _let_go_of_old(self, now: float) -> None:
        is_idle = not self._busy and now - self._asked > IDLE_SECONDS
        if self._anchor and (is_idle or now - self._anchor.since > LONGEST_SECONDS):
            self._let_go()
        if is_idle:
            self._disconnect()

    def _let_go(self) -> None:
        if self._anchor:
            self._anchor.resources.close()
        self._anchor = None

    def _disconnect(self) -> None:
        while self._idle:
            self._idle.pop().resources.close()
