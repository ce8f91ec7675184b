"""One build held open for queries: its file, attached to an engine in memory.

A build is published by renaming a new file into place, and a reader keeps the file it opened.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Final

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.common.exceptions import TableNotFound

from watthouse.catalog import CATALOG
from watthouse.errors import WarehouseError
from watthouse.transform import Step, steps_of
from watthouse.warehouse.base import Build, Tested
from watthouse.warehouse.duckdb import checks
from watthouse.warehouse.duckdb.engine import DIALECT, Engine
from watthouse.warehouse.query import Prepared, Query, to_sql

HELD: Final = "held"
"""The name under which the file is attached."""
_ASIDE: Final = "warehouse"
"""The catalog in memory in which core and marts are set up again; the SQL of builds before this one names it."""
_ADVICE: Final = "run `watthouse refresh`"
_STREAM_MEMORY: Final = "12MB"
"""Half a month of every region by slot fits; what does not goes to the other engine. Too small to cache what is read
once."""


class DuckDBReader:
    """Closed by :meth:`close`. ``engine`` answers queries; long answers come from an engine of little memory."""

    def __init__(self, path: Path, seconds: float, scratch: Path) -> None:
        self._path = path
        self._seconds = seconds
        self._scratch = scratch
        self._lock = threading.Lock()
        self._aside_lock = threading.Lock()
        self.engine = Engine(seconds, scratch)
        self.rows = self.engine.rows
        self._long: Engine | None = None
        try:
            self.engine.attach(path, HELD)
            self.build = self._build_of(self.engine)
        except BaseException:
            self.engine.close()
            raise

    def renew(self) -> bool:
        return True  # a file that was opened stays, whatever its name leads to

    def steps(self) -> tuple[Step, ...]:
        return self._steps

    def table(self, name: str, schema: str) -> ir.Table:
        try:
            return self._backend.table(name, database=(HELD, schema))
        except TableNotFound:
            lacks = f"{self._path} has no {schema}.{name}: another version of watthouse built it"
            raise WarehouseError(f"{lacks}; {_ADVICE}") from None

    def batches(self, query: Query) -> AbstractContextManager[pa.RecordBatchReader]:
        return (self.streams() if isinstance(query, Prepared) else self.engine).batches(query)

    def table_as_of(self, name: str, schema: str = "marts") -> ir.Table:
        shape: ir.Table = ibis.table(self.table(name, schema).schema(), name=name, catalog=_ASIDE, database=schema)
        return shape

    def rows_as_of(
        self, moment: datetime, since: date, until: date, models: Sequence[str], queries: Sequence[Query]
    ) -> tuple[pa.Table, ...]:
        """The build's own SQL, over raw tables that show only what had been observed by then."""
        # The compiled SQL names schemas and no database. So in a catalog of its own, with views of the same names, the
        # statements that made the marts answer for another moment, and there is no second version of them to maintain.
        statements = [to_sql(query, DIALECT) for query in queries]
        with self._session_aside("raw", "staging", "core", "marts") as session:
            instant = moment.astimezone(UTC).isoformat()
            for dataset in CATALOG.values():
                session.execute(
                    f"create view raw.{dataset.table} as select * from {HELD}.raw.{dataset.table}"
                    f" where observed_at <= timestamptz '{instant}'"
                    f" and date between date '{since}' - 1 and date '{until}' + 1"
                )
            for view in self._staging:
                session.execute(view)
            for name in models:
                session.execute(f"create view {self._models[name].relation} as {self._models[name].sql}")
            return tuple(session.sql(sql).to_arrow_table() for sql in statements)

    def tested(self, steps: Sequence[Step]) -> list[Tested]:
        with self._models_aside() as session:
            return [*checks.tested(session, steps)]

    def breaking(self, step: Step, limit: int) -> pa.Table:
        with self._models_aside() as session:
            return checks.breaking(session, step, limit)

    def streams(self) -> Engine:
        """Another engine on the same file, with little memory; the main one where the file has been replaced since."""
        with self._lock:
            if self._long is None:
                self._long = self._second_engine() or self.engine
            return self._long

    def close(self) -> None:
        for engine in {self.engine, self._long or self.engine}:
            engine.close()

    @cached_property
    def _backend(self) -> ibis.BaseBackend:
        return self.engine.tables()

    @cached_property
    def _steps(self) -> tuple[Step, ...]:
        ((steps,),) = self.engine.run(f"select steps from {HELD}.raw.builds")
        return tuple(steps_of(steps))

    @cached_property
    def _models(self) -> dict[str, Step]:
        """The SQL that made the tables, by model."""
        return {step.title: step for step in self._steps if step.relation}

    @cached_property
    def _staging(self) -> tuple[str, ...]:
        """The SQL of staging's views."""
        where = f"database_name = '{HELD}' and schema_name = 'staging'"
        return tuple(sql for (sql,) in self.engine.run(f"select sql from duckdb_views() where {where}"))

    @contextmanager
    def _models_aside(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A session in which tables have the names that the SQL of the tests uses."""
        with self._session_aside("staging", "core", "marts") as session:
            for step in self._models.values():
                session.execute(f"create view {step.relation} as from {HELD}.{step.relation}")
            yield session

    @contextmanager
    def _session_aside(self, *schemas: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """A session in an empty catalog with these schemas; one at a time.

        The catalog is removed without a time limit, however the query ended.
        """
        with self._aside_lock:
            self.engine.run(f"attach ':memory:' as {_ASIDE}")
            try:
                with self.engine.session() as session:
                    session.execute(f"use {_ASIDE}")
                    for schema in schemas:
                        session.execute(f"create schema {schema}")
                    yield session
            finally:
                self.engine.run(f"detach {_ASIDE}")

    def _second_engine(self) -> Engine | None:
        # It is made at the first long download, when another build may have been published under the same path.
        engine = Engine(self._seconds, self._scratch, _STREAM_MEMORY, self.engine)
        try:
            engine.attach(self._path, HELD)
            if self._build_of(engine).mark == self.build.mark:
                return engine
        except (duckdb.Error, WarehouseError):
            pass  # the new build cannot be read, the one held open still can
        engine.close()
        return None

    def _build_of(self, engine: Engine) -> Build:
        raw = f"{HELD}.raw"
        loads = engine.run(f"select dataset, ledger, lake_version, observed_until from {raw}.loads order by dataset")
        builds = engine.run(f"select fingerprint, built_at from {raw}.builds")
        if not builds:
            raise WarehouseError(f"{self._path} was never built completely: {_ADVICE}")
        ((loaded,),) = engine.run(f"select max(loaded_at) from {raw}.loads")
        ((fingerprint, built),) = builds
        versions = {dataset: version for dataset, _, version, _ in loads}
        return Build(repr((loads, fingerprint)), versions, max(built, loaded or built))
