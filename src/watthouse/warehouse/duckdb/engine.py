"""A DuckDB instance in memory, with warehouse files attached: every query has a session and a time limit."""

import os
import threading
import warnings
from collections.abc import Hashable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import ibis
import pyarrow as pa
from cachetools import LRUCache

from watthouse.errors import late
from watthouse.warehouse.duckdb.clock import Clock, TooLargeError, Watch
from watthouse.warehouse.query import BATCH_ROWS, BLANKS, STATEMENTS, Prepared, Query, piece_by_piece, to_sql

DIALECT: Final = "duckdb"
_MEMORY: Final = "192MB"
_THREADS: Final = 1
"""Threads of one query: most of its time is planning, and with many queries at once more threads only wait."""
_COMPILED: Final = {
    "since": "MAKE_DATE(1, 1, 1)",
    "until": "MAKE_DATE(1, 1, 2)",
    "first": "MAKE_TIMESTAMPTZ(1, 1, 1, 0, 0, 0.0, 'UTC')",
    "end": "MAKE_TIMESTAMPTZ(1, 1, 2, 0, 0, 0.0, 'UTC')",
}
"""The same as Ibis compiles them for DuckDB: Ibis has no placeholders for values that are bound later."""

# A prepared query returns a few thousand rows: copying them costs less than the second parse that a relation needs.
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)


class Engine:
    """Closed by :meth:`close`; several threads may query it at once. A query is given up after ``seconds``.

    What does not fit into memory is spilled to ``scratch``. An engine with a ``fallback`` answers one query at a time
    in little ``memory``, and hands a prepared query that does not fit to the fallback.
    """

    def __init__(self, seconds: float, scratch: Path, memory: str = _MEMORY, fallback: "Engine | None" = None) -> None:
        self._seconds = seconds
        self._fallback = fallback
        self._too_large: set[Hashable] = set()
        self._lock = threading.Lock()
        self._watch = Watch()
        self._at_once = threading.BoundedSemaphore(1 if fallback else os.cpu_count() or 1)
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._statements: LRUCache[Hashable, duckdb.Statement] = LRUCache(STATEMENTS)
        self._connection = duckdb.connect(
            config={
                "threads": _THREADS,
                "memory_limit": memory,
                # by default DuckDB spills to `.tmp` in the folder where the server was started; with a fallback it
                # must not spill at all
                "temp_directory": "" if fallback else str(scratch),
            }
        )
        self._parser, self._shapes = self._connection.cursor(), self._connection.cursor()
        self.run("set global TimeZone = 'UTC'")

    def attach(self, path: Path, alias: str) -> None:
        """Attach a file for reading as ``alias``; raises :class:`duckdb.Error` where that fails."""
        quoted = str(path).replace("'", "''")
        self.run(f"attach '{quoted}' as {alias} (read_only)")

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """A statement of watthouse's own, without a time limit."""
        with closing(self._connection.cursor()) as session:
            return session.execute(sql).fetchall()

    def tables(self) -> ibis.BaseBackend:
        """An Ibis backend that knows the tables; it is for their shapes, not for their rows."""
        return ibis.duckdb.from_connection(self._shapes)

    def rows(self, query: Query) -> pa.Table:
        """The whole answer; raises :class:`QueryLimitError` where it takes too long."""
        if isinstance(query, Prepared):
            return self._filled(query)
        with self._turn(), self.batches(query) as reader:
            return reader.read_all()

    @contextmanager
    def batches(self, query: Query) -> Iterator[pa.RecordBatchReader]:
        """The answer in pieces of :data:`BATCH_ROWS`, in memory that does not depend on its size.

        Only the engine's own time counts against the limit: the reader may be slow.
        """
        # Prepared queries are run by half months: sorting 13 years of slots would take more memory than all else.
        if isinstance(query, Prepared):
            yield piece_by_piece(query.by_half_month(), self.rows)
            return
        sql = to_sql(query, DIALECT)
        with closing(self._connection.cursor()) as session:
            clock = Clock(self._seconds, session, self._watch)
            with clock.running():
                reader = session.sql(sql).to_arrow_reader(BATCH_ROWS)
            yield pa.RecordBatchReader.from_batches(reader.schema, clock.each(reader))

    @contextmanager
    def session(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for any use; raises :class:`QueryLimitError` where the block takes too long."""
        with closing(self._connection.cursor()) as session, Clock(self._seconds, session, self._watch).running():
            yield session

    def close(self) -> None:
        """Close all sessions, and with them the files."""
        self._watch.close()
        for session in (*self._idle, self._parser, self._shapes, self._connection):
            session.close()

    def _filled(self, query: Prepared) -> pa.Table:
        if self._fallback is None:
            return self._answered(query)
        if query.blank not in self._too_large:
            try:
                return self._answered(query)
            except TooLargeError:
                self._too_large.add(query.blank)  # the next half month would not fit either
        return self._fallback._answered(query)

    def _answered(self, query: Prepared) -> pa.Table:
        statement = self._statement(query)
        days = {name: query.days[name] for name in statement.named_parameters}
        with self._turn(), self._idle_session() as session, Clock(self._seconds, session, self._watch).running():
            rows = session.execute(statement, days).to_arrow_table()
        assert rows is not None
        return rows

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for one of as many places as there are cores: more queries at once would only slow each other down."""
        if not self._at_once.acquire(timeout=self._seconds):
            raise late(self._seconds)
        try:
            yield
        finally:
            self._at_once.release()

    def _statement(self, query: Prepared) -> duckdb.Statement:
        """The statement of a query, compiled and parsed at its first use."""
        with self._lock:
            if query.blank not in self._statements:
                (self._statements[query.blank],) = self._parser.extract_statements(_template(query))
            return self._statements[query.blank]

    @contextmanager
    def _idle_session(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for exclusive use; kept, as opening one costs as much as a small query."""
        try:
            session = self._idle.pop()
        except IndexError:
            session = self._connection.cursor()
        try:
            yield session
        except BaseException:
            session.close()  # one that failed may be in the middle of something, and is not used again
            raise
        self._idle.append(session)


def _template(query: Prepared) -> str:
    """A query's SQL with ``$since``, ``$until``, ``$first`` and ``$end`` for its days and instants."""
    # Ibis compiles with days of the year 1 in place of the parameters: no data has them, so the text can be replaced.
    sql = query.sql(DIALECT, BLANKS)
    for name, literal in _COMPILED.items():
        sql = sql.replace(literal, f"${name}")
    return sql
