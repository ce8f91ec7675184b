"""A build held in one snapshot, and streamed as binary COPY."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from selectors import EVENT_READ, DefaultSelector
from typing import TYPE_CHECKING, Any, Final

from watthouse.database import Database, Session
from watthouse.warehouse.identity import identity
from watthouse.warehouse.postgres import builds, raw
from watthouse.warehouse.postgres.builds import Published

if TYPE_CHECKING:  # psycopg comes with the extra `postgres`
    from psycopg import Connection
    from psycopg.pq.abc import PGconn

_PIECE_BYTES: Final = 1 << 22
_SETTINGS: Final[Mapping[str, str]] = {
    **{name: builds.TUNED[name] for name in ("timezone", "jit", "work_mem")},
    # one query may run for as long as the other server takes to swallow its rows
    "statement_timeout": "0",
    "tcp_keepalives_idle": builds.TUNED["tcp_keepalives_idle"],
    "tcp_keepalives_interval": builds.TUNED["tcp_keepalives_interval"],
    "tcp_keepalives_count": builds.TUNED["tcp_keepalives_count"],
}


@dataclass(frozen=True)
class PostgresExtract:
    """A build, by a connection that shares the snapshot of the session that holds it."""

    database: Database
    build: Published
    identity: str
    kind: str | None
    connection: "Connection[tuple[Any, ...]]"

    @property
    def place(self) -> str:
        return str(self.database)

    def schema(self, name: str) -> str:
        return self.build.schema(name)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.driver_errors():
            return self.connection.execute(query.encode()).fetchall()

    def binary(self, query: str) -> Iterator[bytes]:
        from psycopg.errors import error_from_result
        from psycopg.pq import ExecStatus

        wire = self.connection.pgconn
        with self.database.driver_errors():
            begun = wire.exec_(f"copy ({query}) to stdout (format binary)".encode())
            if begun.status != ExecStatus.COPY_OUT:
                raise error_from_result(begun)
            yield from _pieces(wire)
            while (ended := wire.get_result()) is not None:
                if ended.status != ExecStatus.COMMAND_OK:
                    raise error_from_result(ended)


def _pieces(wire: "PGconn") -> Iterator[bytes]:
    """What a COPY sends, some MB at a time."""
    # A message is a row: psycopg's own iterator takes a microsecond more of each, which is seconds of 13 years. Waiting
    # is left to the selector, which lets other threads go on, and an interrupt through.
    gathered = bytearray()
    with DefaultSelector() as selector:
        selector.register(wire.socket, EVENT_READ)
        while (message := wire.get_copy_data(1))[0] >= 0:
            if message[0]:
                gathered += message[1]
                if len(gathered) >= _PIECE_BYTES:
                    yield bytes(gathered)
                    gathered.clear()
            else:
                selector.select()
                wire.consume_input()
    yield bytes(gathered)


@contextmanager
def extract(database: Database, session: Session, build: Published) -> Iterator[PostgresExtract]:
    """``session`` holds the build in a snapshot, which must last for as long as the block does."""
    ((snapshot,),) = session.run("select pg_export_snapshot()")
    known = identity(build.fingerprint, raw.loads(session, build.schema("raw")))
    with database.linked(**_SETTINGS) as connection:
        connection.commit()
        connection.execute("set transaction isolation level repeatable read read only")
        connection.execute(f"set transaction snapshot '{snapshot}'".encode())
        yield PostgresExtract(database, build, known, builds.kind(session), connection)
