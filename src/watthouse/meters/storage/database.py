"""The database of meter files, SQLite or PostgreSQL: opened, brought up to date, and its errors in one line."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFreeError

from watthouse.errors import BusyError, DatabaseError, UsageError, WatthouseError, shown
from watthouse.meters.storage.models import EnergyData, EnergyDataView
from watthouse.settings import Settings
from watthouse.storage.postgres import PostgresAddress

_SETTING: Final = "WATTHOUSE_METER_DB"
_KEPT: Final = "files that were loaded stay, nothing of the one under way does; run again for the rest"
_RIGHTS: Final = "ask its owner for CREATE on its schema, and for all rights on the tables of meter files"
_POSTGRES: Final = ("postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2")
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_VERSION_TABLE: Final = "meter_schema_version"
_WRITES: Final = "watthouse_writes"
_LOCK: Final = 0x6D65746572  # "meter", the number under which PostgreSQL knows a load
_LOCK_TAKEN: Final = "55P03"
_POOL: Final[dict[str, Any]] = {"pool_size": 10, "max_overflow": 10, "pool_timeout": 30}
"""Connections at most, and seconds for which one is waited for."""
_SQLITE: Final = {
    "unable to open": "cannot be opened: check that its folder exists and is yours",
    "not a database": "is no SQLite database: name another file in WATTHOUSE_METER_DB",
    "readonly": "cannot be written: check the rights on the file and its folder",
    "malformed": "is damaged: restore it, or move it away and load the files again",
    "disk is full": "has no room on its disk: make some, and run again",
    "disk I/O error": "cannot be read or written (disk I/O error): check the disk",
}


class MeterDatabase:
    """Where readings are kept. Made once a process; its schema is brought up to date when it is first used."""

    def __init__(self, settings: Settings) -> None:
        url = settings.meter_db.get_secret_value() if settings.meter_db else ""
        self._wait = settings.meter_wait_seconds
        self._writer = Lock()
        self._address: PostgresAddress | None = None
        self._path = settings.meter_sqlite
        scheme, _, rest = url.partition("://")
        if scheme in _POSTGRES:
            self._address = PostgresAddress(f"postgresql://{rest}", _SETTING, _RIGHTS, _KEPT)
        elif scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
            self._path = Path(rest[1:])
        elif url:  # which may hold a password, whatever it is
            raise UsageError(f"{_SETTING} is not a database: use postgresql://user@host/database or sqlite:///file")

    def __str__(self) -> str:
        return str(self._address or self._path)

    @property
    def is_postgres(self) -> bool:
        return self._address is not None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state; raises :class:`~watthouse.errors.DatabaseError` where none can be had."""
        # SQLite keeps the state of the first read by itself, PostgreSQL shows what others commit in the meantime
        isolation = {"isolation_level": "REPEATABLE READ"} if self.is_postgres else {}
        with self._errors(), self._ready.connect().execution_options(**isolation) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that counts whole or not at all, alone among those that write.

        Another one is waited for; raises :class:`~watthouse.errors.BusyError` where that takes too long.
        """
        # whoever waits here holds no connection: twenty loads that wait would leave none to readers
        if not self._writer.acquire(timeout=self._wait):
            raise self._busy()
        try:
            with self._errors(), self._locked(self._ready) as connection:
                yield connection
        finally:
            self._writer.release()

    def close(self) -> None:
        self._engine.dispose()

    @cached_property
    def _ready(self) -> Engine:
        """The engine, once the schema is what the models say."""
        engine = self._engine
        newest = max(path.stem for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))[:4]
        with engine.connect() as connection, connection.begin():
            version = _version(connection)
        if version != newest:
            self._migrate(engine, newest)
        return engine

    def _migrate(self, engine: Engine, newest: str) -> None:
        from alembic import command
        from alembic.config import Config

        with self._locked(engine) as connection:
            version = _version(connection)  # another process may have been faster
            tables = {EnergyData.__tablename__, EnergyDataView.__tablename__} & {*inspect(connection).get_table_names()}
            if version is None and tables:
                raise DatabaseError(
                    f"{self} has tables of another program ({', '.join(sorted(tables))}): rename them, or name another"
                    f" database in {_SETTING}"
                )
            if version is not None and version > newest:
                raise DatabaseError(f"{self} was made by a newer watthouse (schema {version}): update this one")
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def _locked(self, engine: Engine) -> Iterator[Connection]:
        with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
            if self.is_postgres:
                connection.execute(text(f"set local lock_timeout = {max(1, round(self._wait * 1000))}"))
                connection.execute(text(f"select pg_advisory_xact_lock({_LOCK})"))
                connection.execute(text("set local lock_timeout = 0"))
            yield connection

    @cached_property
    def _engine(self) -> Engine:
        if self._address is not None:
            conninfo = self._address.conninfo
            # a pooled connection may have been cut since, by a restart of the server: it is tried before it is used
            return create_engine(
                "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), pool_pre_ping=True, **_POOL
            )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(f"sqlite:///{self._path}", connect_args={"timeout": self._wait}, **_POOL)
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)
        return engine

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what the drivers raise into one line."""
        try:
            yield
        except WatthouseError:
            raise
        except DBAPIError as error:
            raise self._meaning(error.orig or error) from None
        except NoneFreeError as error:
            raise DatabaseError(f"{self} is asked by too many at a time: try again in a while") from error
        except (psycopg.Error, sqlite3.Error) as error:
            raise self._meaning(error) from None
        except OSError as error:
            raise DatabaseError(
                f"{self} cannot be opened ({shown(error.strerror or error)}): check its folder"
            ) from error

    def _meaning(self, error: BaseException) -> WatthouseError:
        words = str(error)
        state = (error.sqlstate or "") if isinstance(error, psycopg.Error) else ""
        if state == _LOCK_TAKEN or "database is locked" in words:
            return self._busy()
        if self._address is not None:
            return DatabaseError(self._address.line(words, state))
        known = next((meaning for sign, meaning in _SQLITE.items() if sign in words), "")
        return DatabaseError(f"{self} {known}" if known else f"{self}: {shown(words, 200)}")

    def _busy(self) -> BusyError:
        return BusyError(
            f"another load has been writing into {self} for over {self._wait:g} s: run again when it has ended, or"
            " raise WATTHOUSE_METER_WAIT_SECONDS"
        )


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    return connection.execute(text(f"select version_num from {_VERSION_TABLE}")).scalar()


def _set_up(connection: Any, _record: object) -> None:
    """SQLite as a database that is read while it is written."""
    connection.isolation_level = None  # Python would begin and commit by itself, also before DDL
    for pragma in ("journal_mode=wal", "synchronous=normal", "foreign_keys=on"):
        connection.execute(f"pragma {pragma}")


def _begin(connection: Connection) -> None:
    # a writer that begins as a reader cannot wait for another: SQLite refuses it at its first write
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("begin immediate" if writes else "begin")
