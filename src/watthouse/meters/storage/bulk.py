"""Many rows at once into a table: binary COPY into PostgreSQL, batched inserts into SQLite."""

from collections.abc import Sequence
from typing import Final

import polars as pl
from pgpq import ArrowToPostgresBinaryEncoder
from sqlalchemy import Connection

_ROWS: Final = 50_000
"""Rows that become Python objects at a time, on their way into SQLite."""


def insert(connection: Connection, table: str, rows: pl.DataFrame) -> None:
    """Append rows, whose columns are named and typed as those of the table, in the connection's transaction."""
    if rows.is_empty():
        return
    # most layouts leave half of the columns empty, and to send nothing a million times takes time too
    rows = rows.select(column for column in rows if column.null_count() < rows.height)
    quote = connection.dialect.identifier_preparer
    columns = ", ".join(quote.quote(name) for name in rows.columns)
    target = f"{quote.quote(table)} ({columns})"
    if connection.dialect.name == "postgresql":
        _copy(connection, target, rows)
    else:
        _insert(connection, target, rows)


def _copy(connection: Connection, target: str, rows: pl.DataFrame) -> None:
    # made from whole columns: psycopg's own binary COPY takes a Python object a cell, and ten times as long
    arrow = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
    encoder = ArrowToPostgresBinaryEncoder(arrow.schema)
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(f"copy {target} from stdin with (format binary)") as copy:
        copy.write(encoder.write_header())
        for batch in arrow.to_batches(max_chunksize=_ROWS):
            copy.write(encoder.write_batch(batch))
        copy.write(encoder.finish())


def _insert(connection: Connection, target: str, rows: pl.DataFrame) -> None:
    statement = f"insert into {target} values ({', '.join('?' * rows.width)})"
    plain = rows.with_columns(_plain(rows.schema))
    for part in plain.iter_slices(_ROWS):
        connection.exec_driver_sql(statement, part.rows())


def _plain(schema: pl.Schema) -> Sequence[pl.Expr]:
    """Times as SQLite stores them: see :mod:`watthouse.meters.storage.types`."""
    return [
        pl.col(name).dt.epoch("s") if kind.time_zone else pl.col(name).dt.strftime("%Y-%m-%d %H:%M:%S")
        for name, kind in schema.items()
        if isinstance(kind, pl.Datetime)
    ] + [pl.col(name).dt.strftime("%Y-%m-%d") for name, kind in schema.items() if kind == pl.Date]
