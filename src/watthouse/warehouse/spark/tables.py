"""The tables of a build as Delta keeps them, read without Spark."""

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from watthouse.transform.dictionary import types_of


class DeltaMarts:
    """Those of a schema, for :func:`watthouse.warehouse.marts.pieces`; ``project`` declares their columns' types."""

    def __init__(self, folder: Path, schema: str, project: Path) -> None:
        self._folder, self.schema, self._project = folder / schema, schema, project

    def names(self) -> list[str]:
        return sorted(path.parent.name for path in self._folder.glob("*/_delta_log"))

    def columns(self, mart: str) -> dict[str, str]:
        return {name: name for name in self._frame(mart).collect_schema().names()}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._answer(sql).rows()

    def table(self, sql: str) -> pa.Table:
        return self._answer(sql).to_arrow(compat_level=pl.CompatLevel.oldest())

    def _answer(self, sql: str) -> pl.DataFrame:
        # to open a table is to read its log: only the one that is asked for
        asked = {f"{self.schema}.{name}": name for name in self.names()}
        frames = {table: self._frame(name) for table, name in asked.items() if f"{table} " in f"{sql} "}
        return pl.SQLContext(frames).execute(sql, eager=True)

    def _frame(self, name: str) -> pl.LazyFrame:
        rows = pl.scan_delta(str(self._folder / name))
        # text on Spark, which has no type for it
        clock = [column for column, kind in types_of(self._project, self.schema, name).items() if kind == "time"]
        return rows.with_columns(pl.col(clock).str.to_time("%H:%M:%S"))
