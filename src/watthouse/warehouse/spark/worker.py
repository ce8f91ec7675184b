"""The process that builds: :mod:`watthouse.transform.worker`, with a Spark that starts while dbt reads its project."""

import json
import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from pyspark.sql import SparkSession

from watthouse.catalog import CATALOG, Dataset, Kind
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.transform import worker
from watthouse.warehouse.base import SCHEMAS
from watthouse.warehouse.spark.draft import ORDER
from watthouse.warehouse.spark.session import session

_TYPES: Final[Mapping[Kind, str]] = {
    Kind.INSTANT: "timestamp",
    Kind.DATE: "date",
    Kind.WHOLE: "int",
    Kind.RATE: "double",
    Kind.TEMPERATURE: "decimal(9,3)",
    Kind.STOCK: "decimal(18,6)",
}


def main(project: str, scratch: str) -> int:
    """Build and test everything in the folder that comes on standard input."""
    with ExitStack() as stack, ThreadPoolExecutor(1) as background:
        started = background.submit(lambda: stack.enter_context(session(Path(scratch) / "spark")))
        return worker.main(project, scratch, prepare=lambda folder: prepare(started.result(), folder))


def prepare(spark: SparkSession, folder: Path) -> None:
    """Make the schemas of a build in ``folder``, and its raw tables: views of the lake, as of what was ordered."""
    for schema in ("raw", "staging", *SCHEMAS):
        spark.sql(f"create database if not exists {schema} location '{folder / schema}'")
    ordered = json.loads((folder / ORDER).read_text(encoding="utf-8"))
    for dataset in CATALOG.values():
        found = _observed(spark, dataset, ordered[dataset.id]) if dataset.id in ordered else _nothing(dataset)
        spark.sql(f"create or replace view raw.{dataset.table} as {found}")


def _observed(spark: SparkSession, dataset: Dataset, order: Mapping[str, Any]) -> str:
    source = f"delta.`{order['uri']}@v{order['version']}`"
    there = set(spark.table(source).columns)
    # a column that the catalog gained after the ledger was begun is empty
    columns = [
        name if name in there else f"cast(null as {kind}) as {name}" for name, kind in _declared(dataset).items()
    ]
    return f"select {', '.join(columns)} from {source} where {OBSERVED_AT} <= timestamp'{order['until']}'"


def _nothing(dataset: Dataset) -> str:
    columns = [f"cast(null as {kind}) as {name}" for name, kind in _declared(dataset).items()]
    return f"select {', '.join(columns)} where false"


def _declared(dataset: Dataset) -> Mapping[str, str]:
    columns = {column.name: _TYPES.get(column.kind, "string") for column in dataset.columns}
    return {**columns, OBSERVED_AT: "timestamp"}


if __name__ == "__main__":
    os._exit(main(sys.argv[1], sys.argv[2]))
