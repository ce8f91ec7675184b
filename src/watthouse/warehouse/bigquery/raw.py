"""The raw tables in dataset ``staging``, and how far they follow the lake.

A load job writes to one table alone. So new rows arrive in a table of their own, and one transaction moves them to the
others and notes how far the lake was followed: a load that is killed leaves the old state or the new one.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from google.cloud.bigquery import SchemaField, Table, TimePartitioning

from watthouse.catalog import CATALOG, Dataset, Kind
from watthouse.lake.ledger import Lake
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.lake.table import Head
from watthouse.warehouse.base import Loaded
from watthouse.warehouse.bigquery.project import Project

STAGING: Final = "staging"
LOADS: Final = "watthouse_loads"
"""The table with a row a dataset; every dataset of the project that holds a build has a copy of its own."""
_LOADS_COLUMNS: Final = (
    "dataset string, ledger string, lake_version int64, observed_until timestamp, loaded_at timestamp,"
    " observations int64"
)
_TYPES: Final = {
    Kind.INSTANT: "TIMESTAMP",
    Kind.DATE: "DATE",
    Kind.WHOLE: "INT64",
    Kind.RATE: "FLOAT64",
    Kind.TEMPERATURE: "NUMERIC",
    Kind.STOCK: "NUMERIC",
}


def prepare(project: Project) -> None:
    """Make dataset ``staging`` and its tables, as far as they are missing.

    A month a partition: a job may write to 4,000 of them, and thirteen years have more days.
    """
    project.make_dataset(STAGING)
    project.run(f"create table if not exists {STAGING}.{LOADS} ({_LOADS_COLUMNS})")
    for dataset in CATALOG.values():
        table = _table(project, dataset, dataset.table)
        table.time_partitioning = TimePartitioning("MONTH", field="date")
        with project.errors():
            made = project.client.create_table(table, exists_ok=True)
        known = {column.name for column in made.schema}
        for column in table.schema:
            if column.name not in known:  # an older watthouse made it
                project.run(f"alter table {STAGING}.{dataset.table} add column {column.name} {column.field_type}")


def loads(project: Project, dataset: str) -> dict[str, Loaded]:
    """How far what that dataset of the project holds follows the lake, by the id of each dataset of the catalog."""
    rows = project.run(
        "select dataset, ledger, lake_version, observed_until, loaded_at, observations"
        f" from {dataset}.{LOADS} order by dataset"
    )
    return {
        name: Loaded(Head(ledger, version, until, count), at)
        for name, ledger, version, until, at, count in rows
        if name in CATALOG
    }


def arrive(project: Project, lake: Lake, dataset: Dataset, until: datetime, since: datetime | None, file: Path) -> int:
    """Load what was observed after ``since``, and not after ``until``, into a table of its own; returns the rows."""
    table = _table(project, dataset, arrivals(dataset))
    count = _written(lake, dataset, until, since, file)
    with file.open("rb") as content:
        project.load(content, table)
    return count


def _written(lake: Lake, dataset: Dataset, until: datetime, since: datetime | None, file: Path) -> int:
    last, count = pa.scalar(until, pa.timestamp("us", "UTC")), 0
    with lake.rows(dataset, since=since) as batches, pq.ParquetWriter(file, batches.schema) as writer:
        for batch in batches:
            known = batch.filter(pc.less_equal(batch.column(OBSERVED_AT), last))
            writer.write_batch(known)
            count += known.num_rows
    return count


def settle(project: Project, dataset: Dataset, head: Head, *, anew: bool) -> None:
    """Move what arrived to the raw table, instead of what it held where it is ``anew``, and note how far that goes."""
    table, columns = f"{STAGING}.{dataset.table}", ", ".join((*dataset.names, OBSERVED_AT))
    project.run(
        "begin transaction;"
        + (f" delete from {table} where true;" if anew else "")
        + f" insert into {table} ({columns}) select {columns} from {STAGING}.{arrivals(dataset)};"
        f" delete from {STAGING}.{LOADS} where dataset = {_literal(dataset.id)};"
        f" insert into {STAGING}.{LOADS} values ({_literal(dataset.id)}, {_literal(head.ledger)},"
        f" {head.version:d}, timestamp '{_stamp(head.observed_until)}', timestamp '{_stamp(datetime.now(UTC))}',"
        f" {head.rows:d});"
        " commit transaction"
    )
    project.drop_table(f"{STAGING}.{arrivals(dataset)}")


def arrivals(dataset: Dataset) -> str:
    """The table that new rows arrive in."""
    return f"{dataset.table}__arriving"


def _table(project: Project, dataset: Dataset, name: str) -> Table:
    columns = [SchemaField(column.name, _TYPES.get(column.kind, "STRING")) for column in dataset.columns]
    return Table(f"{project.place.project}.{STAGING}.{name}", [*columns, SchemaField(OBSERVED_AT, "TIMESTAMP")])


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")
