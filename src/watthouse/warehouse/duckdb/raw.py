"""The schema ``raw``: the lake's tables, how far they follow it, which days changed, and what the last build did."""

from collections.abc import Mapping
from typing import Final

import duckdb

from watthouse.catalog import CATALOG, Kind
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.lake.table import Head
from watthouse.warehouse.base import Loaded

_TYPES: Final[Mapping[Kind, str]] = {
    Kind.INSTANT: "TIMESTAMPTZ",
    Kind.DATE: "DATE",
    Kind.WHOLE: "INTEGER",
    Kind.RATE: "DOUBLE",
    Kind.TEMPERATURE: "DECIMAL(9,3)",
    Kind.STOCK: "DECIMAL(18,6)",
}


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of the schema: an older watthouse had fewer datasets and columns."""
    # No migration by version: what is missing is added each time, so that a home of any former version opens.
    run = connection.execute
    run("create schema if not exists raw")
    run(
        "create table if not exists raw.loads"
        " (dataset varchar primary key, ledger varchar, lake_version bigint, observed_until timestamptz,"
        " loaded_at timestamptz, observations bigint)"
    )
    run("alter table raw.loads add column if not exists observations bigint")
    run("create table if not exists raw.builds (fingerprint varchar, steps varchar, built_at timestamptz)")
    run("create table if not exists raw.changed_days (dataset varchar, civil_date date)")
    for dataset in CATALOG.values():
        columns = {column.name: _TYPES.get(column.kind, "VARCHAR") for column in dataset.columns}
        columns[OBSERVED_AT] = "TIMESTAMPTZ"
        declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        run(f"create table if not exists raw.{dataset.table} ({declared})")
        for name in columns.keys() - columns_of(connection, f"raw.{dataset.table}"):
            run(f"alter table raw.{dataset.table} add column {name} {columns[name]}")


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Name → type, in order."""
    return {name: kind for name, kind, *_ in connection.execute(f"describe {table}").fetchall()}


def loads(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, Loaded]]:
    """How far each dataset is loaded, by its id."""
    # A warehouse of an older watthouse has no number of observations: they are counted.
    observations = "observations" if "observations" in columns_of(connection, "raw.loads") else "null"
    query = f"select dataset, ledger, lake_version, observed_until, loaded_at, {observations} from raw.loads"
    return [
        (name, Loaded(Head(ledger, version, until, _count(connection, name) if rows is None else rows), at))
        for name, ledger, version, until, at, rows in connection.execute(query).fetchall()
        if name in CATALOG
    ]


def _count(connection: duckdb.DuckDBPyConnection, dataset_id: str) -> int:
    ((count,),) = connection.execute(f"select count(*) from raw.{CATALOG[dataset_id].table}").fetchall()
    return int(count)
