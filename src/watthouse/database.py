"""A connection to PostgreSQL, and what its errors mean: one line each, in which no password is ever shown."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from watthouse.errors import DatabaseError, QueryLimitError, UsageError, shown

if TYPE_CHECKING:  # both come with the extra `postgres`
    from adbc_driver_manager.dbapi import Connection

TOO_LONG: Final = "the answer takes longer than is allowed: ask for a shorter period, or for fewer columns"
_UNKNOWN: Final = "the database is not given in a form that PostgreSQL knows"
_CONNECT_SECONDS: Final = 10
_MESSAGE: Final = re.compile(r"(?:ERROR|FATAL|PANIC):\s*(.*?)(?:\n|\. SQLSTATE|$)", re.DOTALL)
_LABEL: Final = re.compile(r"^[A-Z_]+: (\[libpq\] )?(Failed to connect: )?")
_GONE: Final = (
    "server closed the connection",
    "terminating connection",
    "connection not open",
    "no connection to the server",
    "could not receive data",
    "could not send data",
    "SSL connection has been closed",
)
_SILENT: Final = {
    "Connection refused": "the connection was refused",
    "could not translate host name": "its name cannot be resolved",
    "timeout expired": "there was no answer in time",
    "timed out": "there was no answer in time",
    "No such file or directory": "there is no socket of a server",
    "No route to host": "there is no way to it",
    "Network is unreachable": "the network is down",
    "the database system is": "it is starting or stopping",
}
_OF_DATA: Final = "22"
"""How the states begin that blame a value (class "data exception")."""
_BY_STATE: Final = {
    "42501": "RIGHTS",
    "25006": "RIGHTS",  # a role that only reads
    "53": "make room there, and run again",
}
"""What to do, by how the state of an error (SQLSTATE) begins."""
_BY_TEXT: Final = {
    "permission denied": "ask its owner for the right to connect",
    "no password supplied": "put one into ~/.pgpass, or set PGPASSWORD or SETTING",
    "authentication failed": "check ~/.pgpass, PGPASSWORD or SETTING",
    'FATAL:  database "': "create it, or check the URL",
    'FATAL:  role "': "create it, or check the URL",
    "definition of service": "see pg_service.conf and PGSERVICEFILE",
}
"""The same for errors of connecting, which have no state."""


class ValueRefusedError(DatabaseError):
    """A value that PostgreSQL takes nowhere, as a text with a NUL: the database itself is well."""


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
    def _parts(self) -> dict[str, Any]:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict

        try:
            parts = conninfo_to_dict(self.url)
        except ProgrammingError:
            # libpq quotes what it does not understand, and that may be a part of the password
            raise UsageError(f"{_UNKNOWN}: use postgresql://user@host/database") from None
        if not _is_plain(parts):
            raise UsageError(
                f"{_UNKNOWN}: use postgresql://user@host/database, and write / and @ in a password as %2F and %40"
            )
        return parts

    def __str__(self) -> str:
        parts = self._parts
        if service := parts.get("service"):
            return f"the database of service {service}"
        return f"postgresql://{_servers(parts)}/{parts.get('dbname') or ''}"

    def variables(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Variables of libpq by which another program connects as this does, its sessions with these ``settings``.

        What a service, ``.pgpass`` or the environment says already is left to them.
        """
        from psycopg.pq import Conninfo

        known = {option.keyword.decode(): option.envvar for option in Conninfo.get_defaults() if option.envvar}
        parts = {"options": os.environ.get("PGOPTIONS", ""), **self._parts}
        parts["options"] = " ".join([parts["options"], *(f"-c {name}={value}" for name, value in settings.items())])
        return {known[name].decode(): str(value) for name, value in parts.items() if name in known}

    def server(self) -> "Server":
        """The server that answers, services and several hosts resolved."""
        from psycopg import OperationalError, connect

        try:
            with connect(self.url) as connection:
                info = connection.info
                return Server(info.host, info.port, info.user, info.password, info.dbname)
        except OperationalError as error:
            raise DatabaseError(self._line(str(error), error.sqlstate or "")) from None

    @contextmanager
    def connected(self) -> Iterator["Session"]:
        """A session of its own; raises :class:`~watthouse.errors.DatabaseError` where none can be had."""
        from adbc_driver_manager import Error
        from adbc_driver_postgresql.dbapi import connect
        from psycopg.conninfo import make_conninfo

        # An unreachable host is otherwise waited for until TCP gives up, after minutes.
        waiting = {} if self._parts.get("connect_timeout") else {"connect_timeout": _CONNECT_SECONDS}
        with self.errors():
            connection = connect(make_conninfo(self.url, fallback_application_name="watthouse", **waiting))
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
            self._refuse_lost(str(error), state)
            kind = ValueRefusedError if state.startswith(_OF_DATA) else DatabaseError
            raise kind(self._line(str(error), state)) from None

    def _refuse_lost(self, text: str, state: str) -> None:
        if state.startswith(("57P", "08")) or any(sign in text for sign in _GONE):
            raise LostError(f"{self} went away: {self.kept}") from None
        for sign, meaning in _SILENT.items():
            if sign in text:
                raise LostError(f"{self} cannot be reached ({meaning}): check that it runs, and the URL") from None

    def _line(self, text: str, state: str) -> str:
        if state.startswith("57014"):
            raise QueryLimitError(TOO_LONG) from None
        known = [advice for sign, advice in _BY_STATE.items() if state.startswith(sign)]
        known += [advice for sign, advice in _BY_TEXT.items() if not state and sign in text]
        line = ": ".join([str(self), self._said(text), *known[:1]])
        return line.replace("SETTING", self.setting).replace("RIGHTS", self.rights)

    def _said(self, text: str) -> str:
        """The server's own words, without the statement; without the password, should they repeat it."""
        match = _MESSAGE.search(text)
        words = match[1] if match else _LABEL.sub("", text).partition("\n")[0]
        password = self._parts.get("password")
        return shown(words.replace(str(password), "...") if password else words, 200)


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


def _is_plain(parts: Mapping[str, Any]) -> bool:
    """False where a password was cut at a ``/`` or ``@`` of its own, and a piece of it is taken for another part."""
    hosts, ports = _listed(parts, "host"), _listed(parts, "port")
    names = [str(parts.get("dbname") or ""), *(host for host in hosts if not _is_ipv6(host))]
    return not any(set("@:") & set(name) for name in names) and all(port.isdecimal() for port in ports if port)


def _servers(parts: Mapping[str, Any]) -> str:
    """Each host with its port; a port that stands alone is that of all of them."""
    hosts, ports = _listed(parts, "host"), _listed(parts, "port")
    if len(ports) != len(hosts):
        ports = ports[:1] * len(hosts)
    hosts = [f"[{host}]" if _is_ipv6(host) else host for host in hosts]
    return ",".join(f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=True))


def _listed(parts: Mapping[str, Any], name: str) -> list[str]:
    return str(parts.get(name) or "").split(",")


def _is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True
