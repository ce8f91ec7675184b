"""A DuckDB of its own in memory, with warehouse files attached: every question has a session and a time limit."""

import threading
import time
import warnings
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
from cachetools import LRUCache

from watthouse.serve.forms import Form, to_sql
from watthouse.serve.problems import ProblemError
from watthouse.settings import Settings

BATCH_ROWS: Final = 8_192
_MEMORY: Final = "256MB"
_FORMS: Final = 512

# A form's answer is a few thousand rows: to copy them costs less than the second parse that relations would cost.
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)


class Engine:
    """Closed by :meth:`close`; several threads may ask it at once."""

    def __init__(self, settings: Settings) -> None:
        self._seconds = settings.query_seconds
        self._lock = threading.Lock()
        self._statements: LRUCache[Hashable, duckdb.Statement] = LRUCache(_FORMS)
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

    def rows(self, question: ir.Expr | Form) -> pa.Table:
        """The whole answer; raises :class:`ProblemError` 503 where it takes too long."""
        if isinstance(question, Form):
            return self._filled(question)
        with self.batches(question) as reader:
            return reader.read_all()

    @contextmanager
    def batches(self, question: ir.Expr | Form) -> Iterator[pa.RecordBatchReader]:
        """The answer in pieces of :data:`BATCH_ROWS`, so that its size in memory does not matter.

        Only the engine's own time counts against its limit: whoever reads may be slow.
        """
        sql = to_sql(question)
        with self._cursor() as (session, clock):
            with clock.running():
                reader = session.sql(sql).to_arrow_reader(BATCH_ROWS)
            yield pa.RecordBatchReader.from_batches(reader.schema, clock.each(reader))

    @contextmanager
    def session(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own; raises :class:`ProblemError` 503 where what is done with it takes too long."""
        with self._cursor() as (session, clock), clock.running():
            yield session

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()

    def _filled(self, form: Form) -> pa.Table:
        statement = self._statement(form)
        days = {name: form.days[name] for name in statement.named_parameters}
        with self.session() as session:
            rows = session.execute(statement, days).to_arrow_table()
        assert rows is not None
        return rows

    def _statement(self, form: Form) -> duckdb.Statement:
        """Compiled and parsed once, by whoever asks first."""
        with self._lock:
            if form.blank not in self._statements:
                (self._statements[form.blank],) = self._connection.extract_statements(form.template())
            return self._statements[form.blank]

    @contextmanager
    def _cursor(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, "_Clock"]]:
        session = self._connection.cursor()
        try:
            yield session, _Clock(self._seconds, session)
        finally:
            session.close()


class _Clock:
    """Interrupts a session when it has run for so many seconds in all."""

    def __init__(self, seconds: float, session: duckdb.DuckDBPyConnection) -> None:
        self._seconds = self._left = seconds
        self._session = session
        self._late = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what is done in the block; raises :class:`ProblemError` 503 where that is too long."""
        alarm, began = threading.Timer(self._left, self._give_up), time.monotonic()
        alarm.daemon = True
        alarm.start()
        try:
            yield
        except (duckdb.Error, pa.ArrowException) as error:
            if not self._late:
                raise
            said = f"the answer takes longer than {self._seconds:g} s: ask for a shorter period, or for fewer columns"
            raise ProblemError(503, said, headers={"retry-after": "60"}) from error
        finally:
            alarm.cancel()
            self._left = max(self._left - (time.monotonic() - began), 0)

    def each(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        """The reader's batches, counting the time that each takes to come."""
        while True:
            try:
                with self.running():
                    batch = reader.read_next_batch()
            except StopIteration:
                return
            yield batch

    def _give_up(self) -> None:
        self._late = True
        self._session.interrupt()
