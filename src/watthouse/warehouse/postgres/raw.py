"""The raw tables of a build, how far they follow the lake, and which days changed."""

from collections.abc import Mapping
from typing import Final

from watthouse.catalog import CATALOG, Kind
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


def prepare(session: Session, raw: str) -> None:
    """Create what is missing of the schema ``raw``: an older watthouse had fewer datasets and columns."""
    run = session.run
    run(f"create schema if not exists {raw}")
    run(
        f"create table if not exists {raw}.loads (dataset text primary key, ledger text, lake_version bigint,"
        " observed_until timestamptz, loaded_at timestamptz, observations bigint)"
    )
    run(f"create table if not exists {raw}.changed_days (dataset text, civil_date date)")
    for dataset in CATALOG.values():
        columns = {column.name: _TYPES.get(column.kind, "text") for column in dataset.columns}
        columns[OBSERVED_AT] = "timestamptz"
        declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        run(f"create table if not exists {raw}.{dataset.table} ({declared})")
        for name, kind in columns.items():
            run(f"alter table {raw}.{dataset.table} add column if not exists {name} {kind}")


def loads(session: Session, raw: str) -> dict[str, Loaded]:
    """How far each dataset is loaded, by its id."""
    query = f"select dataset, ledger, lake_version, observed_until, loaded_at, observations from {raw}.loads"
    return {
        name: Loaded(Head(ledger, version, until, rows), at)
        for name, ledger, version, until, at, rows in session.run(query)
        if name in CATALOG
    }
