"""One build held open for queries: a snapshot of the database, shared by several connections."""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from functools import cached_property
from queue import SimpleQueue
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from watthouse.catalog import CATALOG
from watthouse.database import Database, Session
from watthouse.errors import WarehouseError
from watthouse.transform import Step, steps_of
from watthouse.warehouse.base import Build, Tested
from watthouse.warehouse.postgres import builds, checks, raw
from watthouse.warehouse.postgres.builds import Published
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

    @classmethod
    def of(cls, database: Database, seconds: float) -> "PostgresReader | None":
        """A reader of the build that is current; None where that was removed before it could be held.

        Raises :class:`~watthouse.errors.WarehouseError` where there is none.
        """
        with ExitStack() as resources:
            keeper = resources.enter_context(database.connected())
            # The transaction is left open: as long as it lasts, others may join its snapshot, and the build stays.
            keeper.run("set transaction isolation level repeatable read read only")
            ((snapshot,),) = keeper.run("select pg_export_snapshot()")
            current = builds.published(keeper)
            if current is None:
                raise WarehouseError(f"there is no warehouse at {database} yet: run `watthouse refresh`")
            if not builds.hold(keeper, current):
                return None
            build = _build(keeper, current)
            return cls(database, seconds, snapshot, current, build, resources.pop_all())

    def __init__(
        self,
        database: Database,
        seconds: float,
        snapshot: str,
        current: Published,
        build: Build,
        resources: ExitStack,
    ) -> None:
        self.build = build
        self._database = database
        self._seconds = seconds
        self._snapshot = snapshot
        self._current = current
        self._resources = resources
        self._lock = threading.Lock()
        self._opened = 0
        self._idle: SimpleQueue[Session] = SimpleQueue()

    def steps(self) -> tuple[Step, ...]:
        return self._steps

    def table(self, name: str, schema: str) -> ir.Table:
        with self._session() as session:
            found = session.run(_SHAPE, self._current.schema(schema), name)
        if not found:
            lacks = f"{self._database} has no {schema}.{name}: another version of watthouse built it"
            raise WarehouseError(f"{lacks}; run `watthouse refresh`")
        columns = {column: _dtype(kind, precision, scale) for column, kind, precision, scale in found}
        shape: ir.Table = ibis.table(columns, name=name, database=self._current.schema(schema))
        return shape

    def rows(self, query: Query) -> pa.Table:
        with self._session() as session:
            return session.table(to_sql(query, DIALECT)).cast(_schema(query))

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
        """The build's own SQL, over raw tables that show only what had been observed by then."""
        # What a build is made of becomes common table expressions of the query, by their names in the build.
        instant = moment.astimezone(UTC).isoformat()
        parts = {
            dataset.table: f"select * from {self._current.schema('raw')}.{dataset.table}"
            f" where observed_at <= timestamptz '{instant}'"
            f" and date between date '{since}' - 1 and date '{until}' + 1"
            for dataset in CATALOG.values()
        }
        made = {step.title: step.sql for step in self._steps if step.relation}
        parts |= {name: _unqualified(sql) for name, sql in (*self._staging, *((name, made[name]) for name in models))}
        chain = ", ".join(f'"{name}" as ({sql})' for name, sql in parts.items())
        with self._session() as session:
            return tuple(
                session.table(_after(chain, _unqualified(to_sql(query, DIALECT)))).cast(_schema(query))
                for query in queries
            )

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
        with self._session() as session:
            ((steps,),) = session.run("select steps from watthouse.builds where build = $1", self._current.build)
        return tuple(steps_of(steps))

    @cached_property
    def _staging(self) -> tuple[tuple[str, str], ...]:
        """The views of staging: name and SQL."""
        query = "select viewname, definition from pg_views where schemaname = $1"
        with self._session() as session:
            found = session.run(query, self._current.schema("staging"))
        return tuple((name, sql.rstrip().rstrip(";")) for name, sql in found)

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


def _build(session: Session, current: Published) -> Build:
    loads = raw.loads(session, current.schema("raw"))
    heads = {name: load.head for name, load in loads.items()}
    state = sorted((name, head.ledger, head.version, head.observed_until) for name, head in heads.items())
    newest = max([current.built_at, *(load.loaded_at for load in loads.values())])
    versions = {name: head.version for name, head in heads.items()}
    return Build(repr((state, current.fingerprint)), versions, newest)


_SHAPE: Final = (
    "select attname::text, typname::text,"
    " ((atttypmod - 4) >> 16) & 65535 as precision, (atttypmod - 4) & 65535 as scale"
    " from pg_attribute join pg_type on pg_type.oid = atttypid"
    " where attrelid = to_regclass($1 || '.' || $2) and attnum > 0 and not attisdropped order by attnum"
)


def _dtype(kind: str, precision: int, scale: int) -> str:
    return f"decimal({precision}, {scale})" if kind == "numeric" else _KINDS[kind]


_QUALIFIED: Final = re.compile(r'"?\b(?:raw|staging|core|marts)_b\d+"?\."?(\w+)"?')


def _unqualified(sql: str) -> str:
    """The same SQL, with the names of the build's tables without their schemas."""
    return _QUALIFIED.sub(r'"\1"', sql)


def _after(chain: str, sql: str) -> str:
    """A query that stands on these common table expressions."""
    start, _, rest = sql.lstrip().partition(" ")
    return f"with {chain}, {rest}" if start.strip().lower() == "with" else f"with {chain} {sql}"


def _schema(query: Query) -> pa.Schema:
    rows: Any = query.draw(*query.of) if isinstance(query, Prepared) else query
    schema: pa.Schema = rows.schema().to_pyarrow()
    return schema
