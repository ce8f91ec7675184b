"""One build held open for queries: a snapshot of the database, shared by several connections."""

import re
import threading
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from cachetools import LRUCache

from watthouse.catalog import CATALOG
from watthouse.database import Database, Session, quoted
from watthouse.errors import WarehouseError
from watthouse.transform import Step, steps_of
from watthouse.warehouse.base import Build, Tested
from watthouse.warehouse.postgres import builds, checks, raw
from watthouse.warehouse.postgres.builds import Published
from watthouse.warehouse.postgres.held import Held
from watthouse.warehouse.query import BLANKS, STATEMENTS, Prepared, Query, piece_by_piece, to_sql

DIALECT: Final = "postgres"
_COMPILED: Final = {
    "since": "MAKE_DATE(1, 1, 1)",
    "until": "MAKE_DATE(1, 1, 2)",
    "first": "CAST('0001-01-01T00:00:00+00:00' AS TIMESTAMPTZ)",
    "end": "CAST('0001-01-02T00:00:00+00:00' AS TIMESTAMPTZ)",
}
"""The :data:`~watthouse.warehouse.query.BLANKS` as Ibis compiles them for PostgreSQL."""

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
    "time": "time",
}


@dataclass(frozen=True)
class _Compiled:
    """A prepared query in SQL, with the days of ``BLANKS`` where its own go, and the columns it returns."""

    template: str
    schema: pa.Schema

    def filled(self, query: Prepared) -> str:
        # by literals, not by parameters: the planner sees which partitions and indexes serve
        sql = self.template
        for name, literal in _COMPILED.items():
            kind = "date" if name in {"since", "until"} else "timestamptz"
            sql = sql.replace(literal, f"{kind} '{query.days[name].isoformat()}'")
        return sql


class PostgresReader:
    """Closed by :meth:`close`. Every query sees the build that was current when the reader was opened."""

    def __init__(self, database: Database, seconds: float) -> None:
        """Raises :class:`~watthouse.errors.WarehouseError` where there is no build."""
        self._database = database
        self._held = held = Held.of(database, seconds)
        self._lock = threading.Lock()
        self._compiled: LRUCache[Hashable, _Compiled] = LRUCache(STATEMENTS)
        self.renew, self.close = held.renew, held.close
        try:
            self.build = held.ask(lambda session: _build(session, held.build))
        except BaseException:
            held.close()
            raise

    def steps(self) -> tuple[Step, ...]:
        return self._steps

    def table(self, name: str, schema: str) -> ir.Table:
        if (schema, name) not in self._shapes:
            lacks = f"{self._database} has no {schema}.{name}: another version of watthouse built it"
            raise WarehouseError(f"{lacks}; run `watthouse refresh`")
        columns = {column: _dtype(kind, *size) for column, kind, *size in self._shapes[schema, name]}
        shape: ir.Table = ibis.table(columns, name=name, database=self._held.build.schema(schema))
        return shape

    def rows(self, query: Query) -> pa.Table:
        sql, schema = self._in_sql(query)
        return self._held.ask(lambda session: _typed(_table(session, sql), schema))

    @contextmanager
    def batches(self, query: Query) -> Iterator[pa.RecordBatchReader]:
        # A connection a piece, not a download: a slow reader keeps none from others. What is no prepared query has no
        # more rows than an answer may have.
        yield piece_by_piece(query.by_half_month() if isinstance(query, Prepared) else [query], self.rows)

    def table_as_of(self, name: str, schema: str = "marts") -> ir.Table:
        return self.table(name, schema)

    def rows_as_of(
        self, moment: datetime, since: date, until: date, models: Sequence[str], queries: Sequence[Query]
    ) -> tuple[pa.Table, ...]:
        """The build's own SQL, over raw tables that show only what had been observed by then."""
        # What a build is made of becomes common table expressions of the query, by their names in the build.
        instant = moment.astimezone(UTC).isoformat()
        parts = {
            dataset.table: f"select * from {self._held.build.schema('raw')}.{dataset.table}"
            f" where observed_at <= timestamptz '{instant}'"
            f" and date between date '{since}' - 1 and date '{until}' + 1"
            for dataset in CATALOG.values()
        }
        made = {step.title: step.sql for step in self._steps if step.relation}
        parts |= {name: _unqualified(sql) for name, sql in (*self._staging, *((name, made[name]) for name in models))}
        chain = ", ".join(f'"{name}" as ({sql})' for name, sql in parts.items())
        asked = [(_after(chain, _unqualified(sql)), schema) for sql, schema in map(self._in_sql, queries)]
        return self._held.ask(lambda session: tuple(_typed(session.table(sql), schema) for sql, schema in asked))

    def tested(self, steps: Sequence[Step]) -> list[Tested]:
        return self._held.ask(lambda session: [*checks.tested(session, steps)])

    def breaking(self, step: Step, limit: int) -> pa.Table:
        return self._held.ask(lambda session: checks.breaking(session, step, limit))

    @cached_property
    def _steps(self) -> tuple[Step, ...]:
        query = "select steps from watthouse.builds where build = $1"
        ((steps,),) = self._held.ask(lambda session: session.run(query, self._held.build.build))
        return tuple(steps_of(steps))

    @cached_property
    def _staging(self) -> tuple[tuple[str, str], ...]:
        """The views of staging: name and SQL."""
        query = "select viewname, definition from pg_views where schemaname = $1"
        found = self._held.ask(lambda session: session.run(query, self._held.build.schema("staging")))
        return tuple((name, sql.rstrip().rstrip(";")) for name, sql in found)

    @cached_property
    def _shapes(self) -> Mapping[tuple[str, str], Sequence[tuple[str, str, int, int]]]:
        """The columns of every table with their types, by schema and name."""
        # in one query: a page asks for ten tables
        names = {self._held.build.schema(schema): schema for schema in builds.SCHEMAS}
        shapes = defaultdict(list)
        for schema, table, *column in self._held.ask(lambda session: session.run(_SHAPES, *names)):
            shapes[names[schema], table].append(tuple(column))
        return shapes

    def _in_sql(self, query: Query) -> tuple[str, pa.Schema]:
        if not isinstance(query, Prepared):
            schema = _schema(query)
            return _with_texts(to_sql(query, DIALECT), schema), schema
        with self._lock:
            if query.blank not in self._compiled:
                schema = _schema(query.draw(*query.of))
                self._compiled[query.blank] = _Compiled(_with_texts(query.sql(DIALECT, BLANKS), schema), schema)
            compiled = self._compiled[query.blank]
        return compiled.filled(query), compiled.schema


def _table(session: Session, sql: str) -> pa.Table:
    rows = session.table(sql)
    if builds.SHOWN in sql:
        builds.refuse_replaced(session)
    return rows


def _build(session: Session, current: Published) -> Build:
    loads = raw.loads(session, current.schema("raw"))
    heads = {name: load.head for name, load in loads.items()}
    state = sorted((name, head.ledger, head.version, head.observed_until) for name, head in heads.items())
    newest = max([current.built_at, *(load.loaded_at for load in loads.values())])
    versions = {name: head.version for name, head in heads.items()}
    return Build(repr((state, current.fingerprint)), versions, newest)


_SHAPES: Final = (
    "select nspname::text, relname::text, attname::text, typname::text,"
    " ((atttypmod - 4) >> 16) & 65535 as precision, (atttypmod - 4) & 65535 as scale"
    " from pg_namespace join pg_class on relnamespace = pg_namespace.oid"
    " join pg_attribute on attrelid = pg_class.oid join pg_type on pg_type.oid = atttypid"
    f" where nspname in ({', '.join(f'${number}' for number, _ in enumerate(builds.SCHEMAS, 1))})"
    " and relkind in ('r', 'p', 'v') and not relispartition and attnum > 0 and not attisdropped"
    " order by relname, attnum"
)


def _dtype(kind: str, precision: int, scale: int) -> str:
    return f"decimal({precision}, {scale})" if kind == "numeric" else _KINDS[kind]


_QUALIFIED: Final = re.compile(r'"?\b(?:(?:raw|staging|core|marts)_b\d+|energy_consumption)"?\."?(\w+)"?')


def _unqualified(sql: str) -> str:
    """The same SQL, with the names of the build's tables without their schemas."""
    return _QUALIFIED.sub(r'"\1"', sql)


def _after(chain: str, sql: str) -> str:
    """A query that stands on these common table expressions."""
    start, _, rest = sql.lstrip().partition(" ")
    return f"with {chain}, {rest}" if start.strip().lower() == "with" else f"with {chain} {sql}"


def _with_texts(sql: str, schema: pa.Schema) -> str:
    """The query with its decimals as texts: the driver makes texts of them anyway, and takes four times as long."""
    if not any(pa.types.is_decimal(field.type) for field in schema):
        return sql
    names = {field.name: quoted(field.name) for field in schema}
    columns = [
        f"{names[field.name]}::text as {names[field.name]}" if pa.types.is_decimal(field.type) else names[field.name]
        for field in schema
    ]
    return f"select {', '.join(columns)} from ({sql}) as answer"


def _typed(rows: pa.Table, declared: pa.Schema) -> pa.Table:
    """The rows in the types of their expression; instants stay instants, which Ibis forgets where it truncates them."""
    columns = [_column(rows.column(number), field.type) for number, field in enumerate(declared)]
    return pa.table(columns, names=declared.names)


def _column(values: "pa.ChunkedArray[Any]", kind: pa.DataType) -> "pa.Array[Any]":
    is_instant = pa.types.is_timestamp(values.type) and values.type.tz
    column: pa.Array[Any] = pa.concat_arrays(
        (values if is_instant else values.cast(kind)).chunks or [pa.array([], kind)]
    )
    bitmap, *buffers = column.buffers()
    if pa.types.is_boolean(column.type):
        buffers = [_without_rest(buffers[0], len(column))]
    return pa.Array.from_buffers(column.type, len(column), [_without_rest(bitmap, len(column)), *buffers])


def _without_rest(bits: pa.Buffer | None, count: int) -> pa.Buffer | None:
    """The bits of so many values. The driver leaves what was in memory after them, and an ETag promises equal bytes."""
    if bits is None:
        return None
    whole, rest = divmod(count, 8)
    last = [bits[whole] & ((1 << rest) - 1)] if rest else []
    return pa.py_buffer(bits[:whole].to_pybytes() + bytes(last))


def _schema(rows: ir.Expr) -> pa.Schema:
    schema: pa.Schema = rows.as_table().schema().to_pyarrow()
    return schema
