"""One build held open for queries: a snapshot of the database, shared by several connections."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from functools import cached_property
from queue import SimpleQueue
from typing import Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from watthouse.database import Database, Session
from watthouse.errors import WarehouseError
from watthouse.transform import Step, steps_of
from watthouse.warehouse.base import Build, Tested
from watthouse.warehouse.postgres import builds, checks, raw
from watthouse.warehouse.query import Prepared, Query, to_sql

DIALECT: Final = "postgres"
BATCH_ROWS: Final = 2_048
_CONNECTIONS: Final = 4
"""Queries at a time: a snapshot is shared by as many sessions, and the others wait for one of them."""

_KINDS: Final = {
    "date": "date",
    "int4": "int32",
    "int8": "int64",
    "int2": "int16",
    "float8": "float64",
    "text": "string",
    "varchar": "string",
    "bool": "boolean",
    "timestamptz": "timestamp('UTC', 6)",
    "timestamp": "timestamp(6)",
}


class PostgresReader:
    """Closed by :meth:`close`. Every query sees the database as it was when the reader was opened."""

    def __init__(self, database: Database, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        self._resources = ExitStack()
        try:
            self._keeper = self._resources.enter_context(database.connected())
            # The transaction is left open: as long as it lasts, others may join its snapshot, and the build stays.
            self._keeper.run("set transaction isolation level repeatable read read only")
            ((self._snapshot,),) = self._keeper.run("select pg_export_snapshot()")
            current = builds.published(self._keeper)
            if current is None:
                raise WarehouseError(f"there is no warehouse at {database} yet: run `watthouse refresh`")
            builds.hold(self._keeper, current.build)
            self._current = current
            self.build = self._build()
        except BaseException:
            self.close()
            raise
        self._lock = threading.Lock()
        self._opened = 0
        self._idle: SimpleQueue[Session] = SimpleQueue()

    def steps(self) -> tuple[Step, ...]:
        return self._steps

    def table(self, name: str, schema: str) -> ir.Table:
        found = self._keeper_run(_SHAPE, self._current.schema(schema), name)
        if not found:
            lacks = f"{self._database} has no {schema}.{name}: another version of watthouse built it"
            raise WarehouseError(f"{lacks}; run `watthouse refresh`")
        columns = {column: _dtype(kind, precision, scale) for column, kind, precision, scale in found}
        shape: ir.Table = ibis.table(columns, name=name, database=self._current.schema(schema))
        return shape

    def rows(self, query: Query) -> pa.Table:
        with self._session() as session:
            return _typed(session.table(to_sql(query, DIALECT)), _schema(query))

    @contextmanager
    def batches(self, query: Query) -> Iterator[pa.RecordBatchReader]:
        pieces = query.by_half_month() if isinstance(query, Prepared) else [query]
        schema = _schema(query)

        def each() -> Iterator[pa.RecordBatch]:
            for piece in pieces:
                # a connection a piece, not a download: a slow reader keeps none from others
                yield from self.rows(piece).to_batches(BATCH_ROWS)

        yield pa.RecordBatchReader.from_batches(schema, each())

    def table_as_of(self, name: str, schema: str = "marts") -> ir.Table:
        return self.table(name, schema)

    def rows_as_of(
        self, moment: datetime, since: date, until: date, models: Sequence[str], queries: Sequence[Query]
    ) -> tuple[pa.Table, ...]:
        raise NotImplementedError

    def tested(self, steps: Sequence[Step]) -> list[Tested]:
        with self._session() as session:
            return [*checks.tested(session, steps)]

    def breaking(self, step: Step, limit: int) -> pa.Table:
        with self._session() as session:
            return checks.breaking(session, step, limit)

    def close(self) -> None:
        self._resources.close()

    @cached_property
    def _steps(self) -> tuple[Step, ...]:
        ((steps,),) = self._keeper_run("select steps from watthouse.builds where build = $1", self._current.build)
        return tuple(steps_of(steps))

    def _build(self) -> Build:
        loads = raw.loads(self._keeper, self._current.schema("raw"))
        state = sorted(
            (name, load.head.ledger, load.head.version, load.head.observed_until) for name, load in loads.items()
        )
        versions = {name: load.head.version for name, load in loads.items()}
        newest = max([self._current.built_at, *(load.loaded_at for load in loads.values())])
        return Build(repr((state, self._current.fingerprint)), versions, newest)

    def _keeper_run(self, statement: str, *arguments: object) -> list[tuple[object, ...]]:
        with self._session() as session:
            return session.run(statement, *arguments)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """A session in the reader's snapshot."""
        session = self._take()
        try:
            yield session
        except BaseException:
            session.connection.rollback()
            self._join(session)
            raise
        finally:
            self._idle.put(session)

    def _take(self) -> Session:
        with self._lock:
            fresh = self._idle.empty() and self._opened < _CONNECTIONS
            self._opened += fresh
        if not fresh:
            return self._idle.get()
        session = self._resources.enter_context(self._database.connected())
        self._join(session)
        return session

    def _join(self, session: Session) -> None:
        session.run("set transaction isolation level repeatable read read only")
        session.run(f"set transaction snapshot '{self._snapshot}'")
        session.run(f"set local statement_timeout = {int(self._seconds * 1000)}")
        session.run("set local time zone 'UTC'")


_SHAPE: Final = (
    "select attname::text, typname::text,"
    " ((atttypmod - 4) >> 16) & 65535 as precision, (atttypmod - 4) & 65535 as scale"
    " from pg_attribute join pg_type on pg_type.oid = atttypid"
    " where attrelid = to_regclass($1 || '.' || $2) and attnum > 0 and not attisdropped order by attnum"
)


def _dtype(kind: str, precision: int, scale: int) -> str:
    return f"decimal({precision}, {scale})" if kind == "numeric" else _KINDS[kind]


def _schema(query: Query) -> pa.Schema:
    rows = query.draw(*query.of) if isinstance(query, Prepared) else query
    return rows.schema().to_pyarrow()


def _typed(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    return rows.cast(schema)
