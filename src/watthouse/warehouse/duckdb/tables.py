"""The tables of a warehouse's file, read a bounded number of rows at a time."""

from typing import Any

import duckdb
import pyarrow as pa

from watthouse.warehouse.duckdb.file import columns_of


class FileMarts:
    """Those of a schema, for :func:`watthouse.warehouse.marts.pieces`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, schema: str) -> None:
        self._connection, self.schema = connection, schema

    def names(self) -> list[str]:
        query = f"select table_name from information_schema.tables where table_schema = '{self.schema}' order by 1"
        return [name for (name,) in self.rows(query)]

    def columns(self, mart: str) -> dict[str, str]:
        return {name: name for name in columns_of(self._connection, f"{self.schema}.{mart}")}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql).fetchall()

    def table(self, sql: str) -> pa.Table:
        rows: pa.Table = self._connection.sql(sql).to_arrow_table()
        return rows
