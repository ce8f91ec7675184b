"""A connection to PostgreSQL, and what its errors mean: one line each, in which no password is ever shown."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from watthouse.errors import DatabaseError, QueryLimitError, WatthouseError
from watthouse.storage.postgres import PostgresAddress

if TYPE_CHECKING:  # both come with the extra `postgres`
    from adbc_driver_manager.dbapi import Connection
    from psycopg import Connection as PsycopgConnection

TOO_LONG: Final = "the answer takes longer than is allowed: ask for a shorter period, or for fewer columns"
_CANCELLED: Final = "57014"
_LOCKED: Final = "55P03"
_NO_TABLE: Final = "42P01"
_OF_DATA: Final = "22"
"""How the states begin that blame a value (class "data exception")."""


class ValueRefusedError(DatabaseError):
    """A value that PostgreSQL takes nowhere, as a text with a NUL: the database itself is well."""


class LockedError(DatabaseError):
    """Another session holds a lock for longer than this one would wait."""


class NoTableError(DatabaseError):
    """A table, or the schema that it would be in, is not there."""


class LostError(DatabaseError):
    """The connection was cut, the server went away, or it cannot be reached."""


@dataclass(frozen=True)
class Server:
    """Where a connection ends up, and as whom."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    parameters: Mapping[str, str] = field(repr=False)

    def variables(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Variables of libpq by which another program connects as this did, its sessions with these ``settings``."""
        from psycopg.pq import Conninfo

        # a service is resolved by now, and of several hosts one has answered
        known = {option.keyword.decode(): option.envvar for option in Conninfo.get_defaults() if option.envvar}
        left_out = {"service", "host", "hostaddr", "port", "user", "dbname"}
        parts = {name: value for name, value in self.parameters.items() if name in known and name not in left_out}
        tuned = [parts.get("options", ""), *(f"-c {name}={value}" for name, value in settings.items())]
        return {known[name].decode(): value for name, value in {**parts, "options": " ".join(tuned)}.items()}


@dataclass(frozen=True)
class Database:
    """A database by its libpq URL or connection string: ``.pgpass``, services and the variables of libpq apply.

    ``setting`` is the variable that names it; ``kept`` says what remains where the server goes away, and what to do;
    ``rights`` what to do where the user may not.
    """

    url: str = field(repr=False)
    setting: str = "WATTHOUSE_DUMP_URL"
    kept: str = "the months that were loaded stay, run again for the rest"
    rights: str = "ask its owner for CREATE on the database, and for schema raw_exports where it exists"

    @cached_property
    def _address(self) -> PostgresAddress:
        return PostgresAddress(self.url, self.setting, self.rights, self.kept)

    def __str__(self) -> str:
        return str(self._address)

    def server(self) -> "Server":
        """The server that answers, services and several hosts resolved."""
        with self.linked() as connection:
            info = connection.info
            return Server(info.host, info.port, info.user, info.password, info.dbname, info.get_parameters())

    def encrypted(self, role: str, password: str) -> str:
        """A password as the server stores it."""
        with self.linked() as connection:
            return connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()

    @contextmanager
    def linked(self, **settings: str) -> Iterator["PsycopgConnection[tuple[Any, ...]]"]:
        """A connection of psycopg, for scripts of many statements and binary COPY as it is; one transaction.

        Its session has these settings. Raises :class:`~watthouse.errors.DatabaseError` for every error in the block.
        """
        from psycopg import connect
        from psycopg.sql import SQL, Identifier, Literal

        with self.driver_errors(), connect(self._address.conninfo) as connection:
            for name, value in settings.items():
                connection.execute(SQL("set {} = {}").format(Identifier(name), Literal(value)))
            yield connection

    @contextmanager
    def driver_errors(self) -> Iterator[None]:
        """Turn what psycopg raises into one line."""
        from psycopg import Error

        try:
            yield
        except Error as error:
            raise self._meaning(str(error), error.sqlstate or "") from None

    @contextmanager
    def connected(self) -> Iterator["Session"]:
        """A session of its own; raises :class:`~watthouse.errors.DatabaseError` where none can be had."""
        from adbc_driver_manager import AdbcConnection, Error
        from adbc_driver_manager.dbapi import Connection

        with self.errors():
            known = _known(self._address.conninfo)
            connection = Connection(known, AdbcConnection(known.database))  # type: ignore[arg-type]
        try:
            yield Session(self, connection)
        finally:
            with suppress(Error):  # of a server that is gone
                connection.close()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what the driver raises into one line."""
        from adbc_driver_manager import Error

        try:
            yield
        except Error as error:
            raise self._meaning(str(error), error.sqlstate or "") from None

    def _meaning(self, text: str, state: str) -> WatthouseError:
        if state == _CANCELLED:
            return QueryLimitError(TOO_LONG)
        if state == _LOCKED:
            return LockedError(f"{self}: another session holds what is needed: run again when it has ended")
        line = self._address.line(text, state)
        if self._address.is_lost(text, state):
            return LostError(line)
        if state == _NO_TABLE:
            return NoTableError(line)
        return ValueRefusedError(line) if state.startswith(_OF_DATA) else DatabaseError(line)


class _Known:
    """What the driver knows of a database, its types above all; it outlives the connections that it is given to."""

    def __init__(self, conninfo: str) -> None:
        from adbc_driver_postgresql import connect

        self.database = connect(conninfo)

    def close(self) -> None:
        """Do nothing: a connection calls this when it is closed, and others are open or to come."""


# The driver reads all types before its first connection, and every table is one: with those of 13 years of partitions
# that takes a tenth of a second, ten times a refresh.
_known: Final = lru_cache(maxsize=8)(_Known)


@dataclass(frozen=True)
class Session:
    """One connection. What is done in :meth:`transaction` counts whole or not at all."""

    database: Database
    connection: "Connection"

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end of the block, or take all of it back where it raises."""
        try:
            yield
        except BaseException:
            self._take_back()
            raise
        with self.database.errors():
            self.connection.commit()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """A block that sees the database as it was at its beginning, and changes nothing."""
        with self.transaction():
            self.run("set transaction isolation level repeatable read read only")
            yield

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of a transaction, which is taken back by itself where it raises."""
        self.run("savepoint part")
        try:
            yield
        except Exception:
            with suppress(DatabaseError):  # of a server that is gone
                self.run("rollback to savepoint part")
            raise
        self.run("release savepoint part")

    def run(self, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
        """The rows that a statement returns; its arguments are ``$1`` and so on."""
        with self.database.errors(), self.connection.cursor() as cursor:
            cursor.execute(statement, arguments or None)
            return cursor.fetchall() if cursor.description else []

    def table(self, statement: str, *arguments: object) -> pa.Table:
        """The rows that a statement returns, decimals as decimals where their scale is declared."""
        with self.database.errors(), self.connection.cursor() as cursor:
            cursor.execute(statement, arguments or None)
            rows: pa.Table = cursor.fetch_arrow_table()
        return rows.cast(pa.schema([_declared(field) for field in rows.schema]))

    def copy(self, rows: Any, schema: str, table: str) -> int:
        """Append Arrow batches to a table with the same columns, by a binary COPY; returns how many rows."""
        with self.database.errors(), self.connection.cursor() as cursor:
            return cursor.adbc_ingest(table, rows, mode="append", db_schema_name=schema)

    def cancel(self) -> None:
        """End what another thread is at in this session, with an error there."""
        from adbc_driver_manager import Error

        with suppress(Error):  # where the server is gone there is nothing to end
            self.connection.adbc_cancel()

    def _take_back(self) -> None:
        from adbc_driver_manager import Error

        with suppress(Error):  # a server that is gone took it back itself
            self.connection.rollback()


def _declared(field: "pa.Field[Any]") -> "pa.Field[Any]":
    """A column's type as the server declares it: the driver gives decimals as text."""
    metadata = field.metadata or {}
    kind, modifier = metadata.get(b"POSTGRESQL:type"), int(metadata.get(b"POSTGRESQL:typmod", b"-1"))
    if kind != b"numeric":
        return pa.field(field.name, field.type)
    if modifier < 0:
        return pa.field(field.name, pa.string())
    return pa.field(field.name, pa.decimal128((modifier - 4) >> 16, (modifier - 4) & 0xFFFF))


def quoted(*names: str) -> str:
    """An identifier as SQL writes it."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)
