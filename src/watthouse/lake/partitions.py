"""The files of a table's months, written one by one ahead of the commit that names them all.

delta-rs would write them too, but it keeps every month that it has begun in memory until the last row has come: for 13
years of regional rows that was 2 GB.
"""

import json
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, Schema
from deltalake.transaction import AddAction

from watthouse.catalog import Dataset
from watthouse.lake.integrity import Store, digest_of
from watthouse.lake.revisions import OBSERVED_AT

MONTH: Final = "month"
"""The partition: ``YYYY-MM`` (UTC) of a row."""

_MILLISECONDS: Final = 1000
_AHEAD: Final = 8
"""Months that may wait to be written, while further ones are compared."""


@dataclass(frozen=True)
class Written:
    """A file of one month that no commit names yet."""

    path: str
    size: int
    month: str
    stats: str
    digest: str

    def action(self) -> AddAction:
        """What a commit says of it."""
        now = int(time.time() * _MILLISECONDS)
        return AddAction(self.path, self.size, {MONTH: self.month}, now, data_change=True, stats=self.stats)


@contextmanager
def writing(
    store: Store, dataset: Dataset, schema: pa.Schema, frames: Iterable[pl.DataFrame]
) -> Iterator[list[Written]]:
    """A file of ``schema`` for each month in each frame; a frame without rows has none.

    They are removed where the block fails, as no commit names them then.
    """
    futures: list[Future[Written]] = []
    try:
        with ThreadPoolExecutor(1) as pool:  # beside the comparison of the next rows
            for frame in frames:
                for (month,), rows in frame.partition_by(MONTH, as_dict=True, include_key=False).items():
                    futures.append(pool.submit(_write, store, dataset, schema, str(month), rows))
                if len(futures) > _AHEAD:
                    futures[-_AHEAD].result()
        yield [future.result() for future in futures]
    except BaseException:
        for future in futures:
            with suppress(OSError):
                if not future.exception():
                    store.remove(future.result().path)
        raise


def month_of(dataset: Dataset) -> pl.Expr:
    """The :data:`MONTH` of a row."""
    return pl.col(dataset.time).dt.strftime("%Y-%m").alias(MONTH)


def counted(dataset: Dataset) -> tuple[str, ...]:
    """The columns whose bounds the log has of each file."""
    return OBSERVED_AT, dataset.time


def widen(table: DeltaTable, schema: pa.Schema) -> None:
    """Add the columns that the catalog has gained."""
    known = {field.name for field in table.schema().fields}
    if gained := [field for field in Schema.from_arrow(schema).fields if field.name not in known]:
        table.alter.add_columns(gained)


def _write(store: Store, dataset: Dataset, schema: pa.Schema, month: str, rows: pl.DataFrame) -> Written:
    content = BytesIO()
    pq.write_table(rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema), content)
    path = f"{MONTH}={month}/part-{uuid.uuid4()}.snappy.parquet"
    store.write(path, whole := content.getvalue())
    return Written(path, len(whole), month, _stats(rows, counted(dataset)), digest_of(whole))


def _stats(rows: pl.DataFrame, names: Sequence[str]) -> str:
    bounds = {name: rows.get_column(name) for name in names}
    stats = {
        "numRecords": rows.height,
        "minValues": {name: _text(values.min()) for name, values in bounds.items()},
        "maxValues": {name: _text(values.max()) for name, values in bounds.items()},
        "nullCount": {name: values.null_count() for name, values in bounds.items()},
    }
    return json.dumps(stats)


def _text(value: object) -> str:
    """A bound as Delta writes it: moments to the millisecond, which is why whoever reads them goes a little further."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}Z"
    assert isinstance(value, date)
    return value.isoformat()
