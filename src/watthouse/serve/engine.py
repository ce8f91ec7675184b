"""A DuckDB of its own in memory, with warehouse files attached: every question has a session and a time limit."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from watthouse.serve.problems import ProblemError
from watthouse.settings import Settings

BATCH_ROWS: Final = 8_192
_MEMORY: Final = "256MB"


class Engine:
    """Closed by :meth:`close`; several threads may ask it at once."""

    def __init__(self, settings: Settings) -> None:
        self._seconds = settings.query_seconds
        self._connection = duckdb.connect(config={"threads": settings.threads, "memory_limit": _MEMORY})
        self.run("set global TimeZone = 'UTC'")

    def attach(self, path: Path, alias: str) -> None:
        """Attach a file to be read as ``alias``; raises :class:`duckdb.Error` where it cannot be."""
        quoted = str(path).replace("'", "''")
        self.run(f"attach '{quoted}' as {alias} (read_only)")

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """A statement of watthouse's own, outside every time limit."""
        return self._connection.execute(sql).fetchall()

    def tables(self) -> ibis.BaseBackend:
        """An Ibis backend that knows the tables; it is for their shapes, not for their rows."""
        return ibis.duckdb.from_connection(self._connection)

    def rows(self, question: ir.Expr) -> pa.Table:
        """The whole answer; raises :class:`ProblemError` 503 where it takes too long."""
        with self.batches(question) as reader:
            return reader.read_all()

    @contextmanager
    def batches(self, question: ir.Expr) -> Iterator[pa.RecordBatchReader]:
        """The answer in pieces of :data:`BATCH_ROWS`, so that its size in memory does not matter."""
        sql = str(ibis.to_sql(question, dialect="duckdb"))
        with self.session() as session:
            yield session.sql(sql).to_arrow_reader(BATCH_ROWS)

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()

    @contextmanager
    def session(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own; raises :class:`ProblemError` 503 where what is done with it takes too long."""
        session, late = self._connection.cursor(), threading.Event()

        def give_up() -> None:
            late.set()
            session.interrupt()

        clock = threading.Timer(self._seconds, give_up)
        clock.daemon = True
        clock.start()
        try:
            yield session
        except (duckdb.Error, pa.ArrowException) as error:
            if not late.is_set():
                raise
            said = f"the answer takes longer than {self._seconds:g} s: ask for a shorter period, or for fewer columns"
            raise ProblemError(503, said, headers={"retry-after": "60"}) from error
        finally:
            clock.cancel()
            session.close()
