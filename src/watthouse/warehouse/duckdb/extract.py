"""The file of a build held open, and streamed in the form of PostgreSQL's binary COPY."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import duckdb

_PIECE_ROWS: Final = 20_000


@dataclass(frozen=True)
class DuckDBExtract:
    """A build, by a connection to its file, which keeps it whatever is published since."""

    place: str
    identity: str
    kind: str | None
    connection: duckdb.DuckDBPyConnection

    def schema(self, name: str) -> str:
        return name

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def binary(self, query: str) -> Iterator[bytes]:
        from pgpq import ArrowToPostgresBinaryEncoder

        batches = self.connection.sql(query).to_arrow_reader(_PIECE_ROWS)
        encoder = ArrowToPostgresBinaryEncoder(batches.schema)
        yield encoder.write_header()
        for batch in batches:
            yield encoder.write_batch(batch)
        yield encoder.finish()
