"""A PostgreSQL database as the warehouse."""

import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import date
from functools import cached_property
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Final, TypeVar

import pyarrow as pa

from watthouse.catalog import Dataset
from watthouse.database import Database, Session
from watthouse.errors import BusyError, DatabaseError, UsageError, WarehouseError
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.transform import Step, fingerprint, steps_of, tests_of
from watthouse.warehouse import marts, steps
from watthouse.warehouse.base import BuildReader, Kept, Loaded, Tested
from watthouse.warehouse.postgres import builds, checks, raw
from watthouse.warehouse.postgres.builds import Published
from watthouse.warehouse.postgres.draft import PostgresDraft
from watthouse.warehouse.postgres.extract import PostgresExtract, extract

SETTING: Final = "WATTHOUSE_WAREHOUSE"
_STAMP_SECONDS: Final = 0.02
"""How old the pointer may be that a server goes by: every answer asks, one after the other, and the way there is a
tenth of what a short answer takes."""
_MODELS_AT_ONCE: Final = 4
"""A model is one query, and most of it one process of the server: the longest must not wait behind others."""
_KEPT: Final = "the warehouse stays as it was, run again: what was fetched is in the lake"
_READ_KEPT: Final = "nothing is lost, try again"
_RIGHTS: Final = "`watthouse init-db` makes the roles that load and read"
_REPLAY: Final = (Path(__file__).with_name("replay.py"), Path(steps.__file__))

T = TypeVar("T")


class Postgres:
    """The database at ``url`` (libpq's, as ``postgresql://user@host/database``), read by way of ``reader``."""

    engine = "PostgreSQL"
    replays = True
    answers = True

    def __init__(self, url: str, reader: str | None = None, *, threads: int, scratch: Path, project: Path) -> None:
        self.database = Database(url, SETTING, _KEPT, _RIGHTS)
        self._as_reader = Database(reader, f"{SETTING}_READER", _READ_KEPT, _RIGHTS) if reader else self.database
        self._threads = threads
        self._scratch = scratch
        self._project = project
        self._reserved: int | None = None
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._stamped = 0.0
        self._watcher: Session | None = None
        self._watching = ExitStack()

    @property
    def place(self) -> str:
        return str(self.database)

    def loaded(self) -> dict[str, Loaded]:
        return self._read(lambda session, build: raw.loads(session, build.schema("raw"))) or {}

    def kind(self) -> str | None:
        with self._session() as session:
            return builds.kind(session)

    def is_readable(self) -> bool:
        return True

    def steps(self) -> list[Step] | None:
        return self._read(
            lambda session, build: self._steps(session, build) if build.fingerprint == self._fingerprint else None
        )

    def tested(self) -> list[Tested]:
        with self._current() as (session, build):
            return [*checks.tested(session, self._steps(session, build))]

    def breaking(self, test: str) -> pa.Table:
        with self._current() as (session, build):
            if test not in (known := tests_of(self._steps(session, build))):
                raise UsageError(f"unknown test '{test}': there are {', '.join(known)}")
            return checks.breaking(session, known[test])

    def observations(self, dataset: Dataset) -> Iterator[pa.Table]:
        with self._held() as (session, build):
            if build is None or dataset.id not in raw.loads(session, build.schema("raw")):
                return
            table = f"{build.schema('raw')}.{dataset.table}"
            year = f"extract(year from {dataset.time})::integer"
            columns = ", ".join((*dataset.names, OBSERVED_AT))
            for (number,) in session.run(f"select distinct {year} from {table} order by 1"):
                yield session.table(f"select {columns} from {table} where {year} = $1", number)

    def keep(self) -> Kept | None:
        with self._writing_session() as session, session.transaction():
            if (build := builds.published(session)) is None:
                return None
            session.run("update watthouse.builds set state = 'kept' where build = $1", build.build)
            # their names once another build is read
            schemas = ", ".join(builds.aside(name, build.build) for name in builds.SCHEMAS)
            return Kept(f"{self.place}, schemas {schemas}")

    def sweep(self) -> None:
        with self._writing_session() as session:
            if not session.run("select 1 where to_regclass('watthouse.builds') is not null"):
                return
            # what another machine is building is not left behind
            with suppress(BusyError), builds.writing(session):
                builds.sweep(session)

    @contextmanager
    def draft(self, *, empty: bool = False, on_wait: Callable[[str], None] | None = None) -> Iterator[PostgresDraft]:
        with self._writing_session() as session:
            builds.prepare(session)
            builds.tune(session)
            with builds.writing(session, on_wait):
                with session.transaction():
                    current = builds.published(session)
                    known = None if empty or current is None else current.build
                    build = known or self._reserved or builds.reserve(session)
                    draft = PostgresDraft(session, build, current, self._fingerprint, self._scratch / "postgres")
                    yield draft
                    builds.publish(session, build)
                self._reserved = None
                builds.sweep(session)

    def dbt(self) -> Mapping[str, str]:
        """Reserves the number of the next full build, which its profile names."""
        with self._writing_session() as session:
            builds.prepare(session)
            self._reserved = builds.reserve(session)
            settings = builds.tune(session)
        server = self.database.server()
        return {
            **server.variables(settings),
            "WATTHOUSE_DBT_TARGET": "postgres",
            "WATTHOUSE_DBT_HOST": server.host,
            "WATTHOUSE_DBT_PORT": str(server.port),
            "WATTHOUSE_DBT_USER": server.user,
            "WATTHOUSE_DBT_PASSWORD": server.password,
            "WATTHOUSE_DBT_DATABASE": server.database,
            "WATTHOUSE_DBT_SUFFIX": f"_b{self._reserved}",
            "WATTHOUSE_DBT_THREADS": str(max(self._threads, _MODELS_AT_ONCE)),
        }

    def read(
        self, mart: str, *, since: date | None = None, until: date | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Raises :class:`UsageError` for a mart or a column that is not there."""
        return pa.concat_tables(self.pieces(mart, since=since, until=until, columns=columns))

    def pieces(
        self,
        mart: str,
        *,
        since: date | None = None,
        until: date | None = None,
        columns: Sequence[str] | None = None,
        schema: str = "marts",
    ) -> Iterator[pa.Table]:
        """Raises :class:`UsageError` for a mart or a column that is not there."""
        with self._current() as (session, build):
            yield from marts.pieces(_Marts(session, build.schema(schema)), mart, since, until, columns)

    def tables(self, schema: str) -> list[str]:
        return self._read(lambda session, build: _Marts(session, build.schema(schema)).names()) or []

    @contextmanager
    def extract(self) -> Iterator[PostgresExtract]:
        with self._current() as (session, build), extract(self._as_reader, session, build) as held:
            yield held

    def stamp(self) -> Hashable:
        with self._lock:
            if self._stamp is None or monotonic() - self._stamped > _STAMP_SECONDS:
                self._stamp, self._stamped = None, monotonic()
                try:
                    build = self._watched()
                except DatabaseError:
                    self._watching.close()  # the server may have been restarted since: once more, on a new connection
                    build = self._watched()
                self._stamp = build.build, build.changes
            return self._stamp

    def open(self, seconds: float) -> BuildReader:
        from watthouse.warehouse.postgres.reader import PostgresReader  # Ibis comes with the extra `serve`

        return PostgresReader(self._as_reader, seconds)

    def warm_up(self) -> None:
        import_module("ibis.backends.postgres")

    @cached_property
    def _fingerprint(self) -> str:
        """Differs once the models have changed, or the way in which a refresh replays them."""
        return fingerprint(self._project, *_REPLAY)

    def _session(self) -> AbstractContextManager[Session]:
        """For reading."""
        return _utc(self._as_reader)

    def _writing_session(self) -> AbstractContextManager[Session]:
        return _utc(self.database)

    def _read(self, read: Callable[[Session, Published], T]) -> T | None:
        """What the current build says of itself; None where there is none."""
        with self._held() as (session, build):
            return read(session, build) if build else None

    @contextmanager
    def _current(self) -> Iterator[tuple[Session, Published]]:
        """The same as :meth:`_held`; raises where there is no build."""
        with self._held() as (session, build):
            if build is None:
                raise self._nothing()
            yield session, build

    @contextmanager
    def _held(self) -> Iterator[tuple[Session, Published | None]]:
        """A snapshot and the build that is current in it, which is not removed before the block ends."""
        with self._session() as session:
            while True:
                with session.snapshot():
                    build = builds.published(session)
                    # removed since the snapshot was taken: the next one has another build
                    if build is None or builds.hold(session, build):
                        yield session, build
                        return

    def _watched(self) -> Published:
        """The build to read now, by a connection that is kept: a server asks before every answer."""
        if self._watcher is None:
            self._watcher = self._watching.enter_context(self._session())
            self._watching.callback(self._forget_watcher)
        with self._watcher.transaction():
            if (build := builds.published(self._watcher)) is None:
                raise self._nothing()
            return build

    def _forget_watcher(self) -> None:
        self._watcher = None

    def _nothing(self) -> WarehouseError:
        return WarehouseError(f"there is no warehouse at {self.place} yet: run `watthouse refresh` first")

    def _steps(self, session: Session, build: Published) -> list[Step]:
        ((steps,),) = session.run("select steps from watthouse.builds where build = $1", build.build)
        return steps_of(steps)


@contextmanager
def _utc(database: Database) -> Iterator[Session]:
    with database.connected() as session:
        session.run("set time zone 'UTC'")
        session.connection.commit()
        yield session


class _Marts:
    """The marts of a build, for :func:`watthouse.warehouse.marts.pieces`."""

    def __init__(self, session: Session, schema: str) -> None:
        self._session, self.schema = session, schema

    def names(self) -> list[str]:
        query = "select relname::text from pg_class where relnamespace = to_regnamespace($1)"
        return sorted(
            name
            for (name,) in self._session.run(
                f"{query} and relkind in ('r', 'v', 'p') and not relispartition", self.schema
            )
        )

    def columns(self, mart: str) -> dict[str, str]:
        query = "select attname::text, attcollation <> 0 from pg_attribute where attrelid = to_regclass($1)"
        found = self._session.run(
            f"{query} and attnum > 0 and not attisdropped order by attnum", f"{self.schema}.{mart}"
        )
        # a database sorts texts by its own language, and other engines by their bytes
        return {name: f'{name} collate "C"' if is_text else name for name, is_text in found}

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return self._of_its_build(self._session.run(sql))

    def table(self, sql: str) -> pa.Table:
        return self._of_its_build(self._session.table(sql))

    def _of_its_build(self, answer: T) -> T:
        if self.schema == builds.SHOWN:
            builds.refuse_replaced(self._session)
        return answer
