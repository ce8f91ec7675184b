"""The raw tables of a build, how far they follow the lake, and which days changed."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Final

import pyarrow as pa

from watthouse.catalog import CATALOG, Dataset, Kind
from watthouse.database import Session
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.lake.table import Head
from watthouse.warehouse.base import Loaded

_TYPES: Final[Mapping[Kind, str]] = {
    Kind.INSTANT: "timestamptz",
    Kind.DATE: "date",
    Kind.WHOLE: "integer",
    Kind.RATE: "double precision",
    Kind.TEMPERATURE: "numeric(9,3)",
    Kind.STOCK: "numeric(18,6)",
}

_PARTITIONED_BELOW: Final = timedelta(days=1)
"""Measurements of a shorter step lie in a partition a month; a daily dataset has a few hundred rows a month."""


def create(session: Session, raw: str) -> None:
    """Create the tables of a new build."""
    run = session.run
    run(
        f"create table {raw}.loads (dataset text primary key, ledger text, lake_version bigint,"
        " observed_until timestamptz, loaded_at timestamptz, observations bigint)"
    )
    run(f"create table {raw}.changed_days (dataset text, civil_date date)")
    for dataset in CATALOG.values():
        columns = {column.name: _TYPES.get(column.kind, "text") for column in dataset.columns}
        columns[OBSERVED_AT] = "timestamptz"
        declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        partitioned = " partition by range (date)" if _is_partitioned(dataset) else ""
        run(f"create table {raw}.{dataset.table} ({declared}){partitioned}")


def make_room(session: Session, raw: str, dataset: Dataset, days: Iterable[date]) -> None:
    """Create the partitions that are missing for these civil days."""
    if not _is_partitioned(dataset):
        return
    table = f"{raw}.{dataset.table}"
    there = {name for (name,) in session.run(_PARTITIONS, table)}
    for first in sorted({day.replace(day=1) for day in days}):
        part = f"{dataset.table}_{first:%Y_%m}"
        if part not in there:
            # not `partition of`: its lock on the table would wait for every reader that has looked into it
            session.run(f"create table {raw}.{part} (like {table}) with ({_UNWATCHED})")
            bounds = f"from ('{first}') to ('{_next_month(first)}')"
            session.run(f"alter table {table} attach partition {raw}.{part} for values {bounds}")


_UNWATCHED: Final = "autovacuum_analyze_threshold = 2000000000, autovacuum_vacuum_insert_threshold = -1"
"""Rows are appended and never updated, and no plan wants their statistics: autovacuum would read all of a new build for
them, beside the models that are being built from it."""
_PARTITIONS: Final = (
    "select relname::text from pg_inherits join pg_class on pg_class.oid = inhrelid where inhparent = $1::regclass"
)


def columns(session: Session, raw: str, dataset: Dataset) -> set[str]:
    """The columns that its table has."""
    query = "select attname::text from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped"
    return {name for (name,) in session.run(query, f"{raw}.{dataset.table}")}


def days(session: Session, raw: str, dataset: Dataset) -> list[date]:
    """The civil days that its table has observations of."""
    return [day for (day,) in session.run(f"select distinct date from {raw}.{dataset.table}")]


def mark(session: Session, raw: str, dataset: Dataset, changed: Collection[date]) -> None:
    """Have the next replay rebuild these days of the models that the dataset feeds."""
    if changed:
        rows = pa.table({"dataset": [dataset.table] * len(changed), "civil_date": sorted(changed)})
        session.copy(rows, raw, "changed_days")


def _is_partitioned(dataset: Dataset) -> bool:
    return dataset.step < _PARTITIONED_BELOW


def _next_month(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def loads(session: Session, raw: str) -> dict[str, Loaded]:
    """How far each dataset is loaded, by its id."""
    query = f"select dataset, ledger, lake_version, observed_until, loaded_at, observations from {raw}.loads"
    return {
        name: Loaded(Head(ledger, version, until, rows), at)
        for name, ledger, version, until, at, rows in session.run(query)
        if name in CATALOG
    }
