"""A few connections to one database, for pages that only read: kept open between questions, made anew after a cut."""

import threading
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import polars as pl
from cachetools import LRUCache

from watthouse.database import Database, LostError, Session
from watthouse.errors import QueryLimitError

CONNECTIONS: Final = 4
"""Queries at a time, each on a connection of its own."""
_ANSWERS: Final = 256
"""How many answers are kept: of one region or of all, by the interval, each has a few hundred rows."""


@dataclass(frozen=True)
class _Connection:
    session: Session
    resources: ExitStack


class Connections:
    """Queries of a database that is never written to; each is given up after ``seconds``."""

    def __init__(self, database: Database, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        self._idle: list[_Connection] = []
        self._answers: LRUCache[tuple[object, ...], pl.DataFrame] = LRUCache(_ANSWERS)
        self._lock = threading.Lock()
        self._at_once = threading.BoundedSemaphore(CONNECTIONS)

    def __str__(self) -> str:
        return str(self._database)

    def rows(self, statement: str, *arguments: object) -> pl.DataFrame:
        """The rows that a statement returns; its arguments are ``$1`` and so on.

        Raises :class:`~watthouse.errors.DatabaseError` where the server cannot be reached or refuses, and
        :class:`~watthouse.errors.QueryLimitError` where the answer, or the wait for it, takes too long.
        """
        if not self._at_once.acquire(timeout=self._seconds):
            raise self._late()
        try:
            # that a connection was cut is noticed only by the next question, which a server that is back can answer
            try:
                return self._answer(statement, arguments)
            except LostError:
                self.close()
                return self._answer(statement, arguments)
        except QueryLimitError:
            raise self._late() from None
        finally:
            self._at_once.release()

    def rows_of(self, version: str, statement: str, *arguments: object) -> pl.DataFrame:
        """The same where the answer holds as long as the database is at this ``version``: asked for once."""
        key = (version, statement, *arguments)
        with self._lock:
            known = self._answers.get(key)
        if known is None:
            known = self.rows(statement, *arguments)
            with self._lock:
                self._answers[key] = known
        return known

    def close(self) -> None:
        """Close every connection that is not in use; the next question makes another."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.resources.close()

    def _answer(self, statement: str, arguments: tuple[object, ...]) -> pl.DataFrame:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._connected()
        try:
            with connection.session.transaction():
                rows = pl.DataFrame(connection.session.table(statement, *arguments))
        except BaseException:
            connection.resources.close()  # it may be in the middle of something, and is not used again
            raise
        with self._lock:
            self._idle.append(connection)
        return rows

    def _connected(self) -> _Connection:
        with ExitStack() as resources:
            session = resources.enter_context(self._database.connected())
            milliseconds = max(round(self._seconds * 1000), 1)  # 0 would be no limit at all
            with session.transaction():
                session.run(f"set statement_timeout = {milliseconds}")
                session.run("set time zone 'UTC'")
                session.run("set jit = off")  # compiling takes longer than questions this short
                session.run("set session characteristics as transaction read only")
            return _Connection(session, resources.pop_all())

    def _late(self) -> QueryLimitError:
        return QueryLimitError(f"the answer takes longer than {self._seconds:g} s: ask for a shorter period")
