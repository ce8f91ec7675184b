"""A connection to PostgreSQL, and what its errors mean: one line each, in which no password is ever shown."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from watthouse.errors import DatabaseError
from watthouse.storage.postgres import PostgresAddress

if TYPE_CHECKING:  # both come with the extra `postgres`
    from adbc_driver_manager.dbapi import Connection

_OF_DATA: Final = "22"
"""How the states begin that blame a value (class "data exception")."""
_RIGHTS: Final = "ask its owner for CREATE on the database, and for schema raw_exports where it exists"
_KEPT: Final = "the months that were loaded stay, run again for the rest"


class ValueRefusedError(DatabaseError):
    """A value that PostgreSQL takes nowhere, as a text with a NUL: the database itself is well."""


@dataclass(frozen=True)
class Database:
    """A database by its libpq URL or connection string: ``.pgpass``, services and the variables of libpq apply."""

    url: str = field(repr=False)

    @property
    def _address(self) -> PostgresAddress:
        return PostgresAddress(self.url, "WATTHOUSE_DUMP_URL", _RIGHTS, _KEPT)

    def __str__(self) -> str:
        return str(self._address)

    @contextmanager
    def connected(self) -> Iterator["Session"]:
        """A session of its own; raises :class:`~watthouse.errors.DatabaseError` where none can be had."""
        from adbc_driver_manager import Error
        from adbc_driver_postgresql.dbapi import connect

        with self.errors():
            connection = connect(self._address.conninfo)
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
            state = error.sqlstate or ""
            kind = ValueRefusedError if state.startswith(_OF_DATA) else DatabaseError
            raise kind(self._address.line(str(error), state)) from None


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

    def run(self, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
        """The rows that a statement returns; its arguments are ``$1`` and so on."""
        with self.database.errors(), self.connection.cursor() as cursor:
            cursor.execute(statement, arguments or None)
            return cursor.fetchall() if cursor.description else []

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


def quoted(*names: str) -> str:
    """An identifier as SQL writes it."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)
