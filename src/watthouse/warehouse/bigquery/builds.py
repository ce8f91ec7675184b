"""Publishing: a build is made in a dataset of its own, and one transaction brings its rows to the dataset that is read.

BigQuery has no way to give a dataset another name, and its transactions change rows, not tables. So every table that
has the same columns as before gets its rows, and the notes about the build theirs, in one transaction: a reader sees
the build before or this one, in all tables at once. A table that is new, or whose columns, partitions or clusters are
others in a new version of watthouse, is copied just before, each by itself; one that was there is missing for a moment.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from itertools import pairwise
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud.bigquery import SchemaField, Table

from watthouse.errors import NoWarehouseError
from watthouse.warehouse.bigquery.project import Project
from watthouse.warehouse.bigquery.raw import LOADS, STAGING

ABOUT: Final = "watthouse_about"
BUILD: Final = "watthouse_build"


@dataclass(frozen=True)
class Published:
    """The build that is read: what made it, the steps that did, as text, and when it was published (UTC)."""

    fingerprint: str
    steps: str
    built_at: datetime


def first_days_of_decades() -> tuple[str, ...]:
    """Where the rows of a table with a partition a day are cut: a job may write to 4,000 partitions.

    `macros/bigquery.sql` cuts them alike.
    """
    return ("2010-01-01", "2020-01-01", "2030-01-01", "2040-01-01")


def aside(target: str) -> str:
    """The dataset in which a build of ``target`` is made."""
    return f"{target}_next"


def begin(project: Project) -> None:
    """Make an empty dataset for a build."""
    project.drop_dataset(aside(project.place.target))
    project.make_dataset(aside(project.place.target))


def note(project: Project, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Write a table of texts about the build that is being made."""
    columns = [SchemaField(name, "STRING") for name in rows[0]]
    file = BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), file)
    file.seek(0)
    project.load(file, Table(f"{project.place.project}.{aside(project.place.target)}.{table}", columns))


def as_shown(steps: str, target: str) -> str:
    """The text of steps, as they name tables once the build is read."""
    return steps.replace(aside(target), target)


def publish(project: Project) -> None:
    """Have readers of the target see the build that was made aside, and remove that."""
    target = project.place.target
    project.make_dataset(target)
    project.run(f"create or replace table {aside(target)}.{LOADS} as select * from {STAGING}.{LOADS}")
    new, old = project.tables(aside(target)), project.tables(target)
    alike = [name for name, table in new.items() if name in old and _shape(table) == _shape(old[name])]
    for name in sorted(new.keys() - set(alike)):
        _replace(project, new[name], old.get(name))
    if alike:
        moved = (statement for name in sorted(alike) for statement in _moves(new[name], target))
        project.run("; ".join(["begin transaction", *moved, "commit transaction"]))
    for name in old.keys() - new.keys():  # of an older watthouse's models
        project.drop_table(f"{target}.{name}")
    project.drop_dataset(aside(target))


def published(project: Project) -> Published | None:
    """The build that is read; None where there is none."""
    try:
        rows = project.run(f"select fingerprint, steps, built_at from {project.place.target}.{BUILD}")
    except NoWarehouseError:
        return None
    return next((Published(print_, steps, datetime.fromisoformat(at)) for print_, steps, at in rows), None)


def about(project: Project) -> dict[str, str]:
    """What the build that is read says about itself, by name."""
    return dict(project.run(f"select name, value from {project.place.target}.{ABOUT}"))


def keep(project: Project, dataset: str) -> None:
    """Copy all that is published, and the raw rows, to another dataset."""
    project.make_dataset(dataset)
    for held in (STAGING, project.place.target):
        for name, table in project.tables(held).items():
            if table.table_type != "VIEW":
                project.copy(table, f"{dataset}.{name}")


def _shape(table: Table) -> str:
    """What must be the same for rows of one to fit into another."""
    columns = [(each.name, each.field_type, each.precision, each.scale, each.mode) for each in table.schema]
    return json.dumps([table.table_type, columns, repr(table.time_partitioning), table.clustering_fields])


def _replace(project: Project, table: Table, before: Table | None) -> None:
    target = project.place.target
    if before is not None:
        project.drop_table(f"{target}.{table.table_id}")  # no job changes how a table is partitioned or clustered
    project.copy(table, f"{target}.{table.table_id}")


def _moves(table: Table, target: str) -> Iterator[str]:
    columns = ", ".join(f"`{column.name}`" for column in table.schema)
    source = f"{table.dataset_id}.{table.table_id}"
    for part in _parts(table):
        yield f"delete from {target}.{table.table_id} where {part}"
        yield f"insert into {target}.{table.table_id} ({columns}) select {columns} from {source} where {part}"


def _parts(table: Table) -> Iterable[str]:
    by_day = table.time_partitioning
    if by_day is None or by_day.type_ != "DAY":
        return ["true"]
    day, decades = by_day.field, first_days_of_decades()
    middle = [f"{day} >= '{since}' and {day} < '{until}'" for since, until in pairwise(decades)]
    return [f"{day} < '{decades[0]}'", *middle, f"{day} >= '{decades[-1]}'"]
