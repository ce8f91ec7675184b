"""The file of a DuckDB warehouse: opening it, the messages where it cannot be used, and its schema ``raw``.

``raw`` has the lake's tables, how far they follow it, which days changed, and what the last build did.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import duckdb

from watthouse.catalog import CATALOG, Kind
from watthouse.errors import WarehouseError
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.lake.table import Head
from watthouse.warehouse.base import Loaded

T = TypeVar("T")
Settings = dict[str, str | bool | int | float | list[str]]
WRITTEN: Final = "builds.written"
"""The models that a refresh wrote to, and where: the end of a statement that names these rows."""
REBUILD = "`watthouse build --full` rebuilds it from the lake"
_TYPES: Final[Mapping[Kind, str]] = {
    Kind.INSTANT: "TIMESTAMPTZ",
    Kind.DATE: "DATE",
    Kind.WHOLE: "INTEGER",
    Kind.RATE: "DOUBLE",
    Kind.TEMPERATURE: "DECIMAL(9,3)",
    Kind.STOCK: "DECIMAL(18,6)",
}


def connected(path: Path, settings: Settings, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection whose sessions are in UTC, whatever the machine's time zone."""
    connection = duckdb.connect(path, read_only=read_only, config=settings)
    connection.execute("set TimeZone = 'UTC'")
    return connection


@contextmanager
def reading(path: Path, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for reading; raises :class:`WarehouseError` for the engine's errors in the block."""
    try:
        with connected(path, {"threads": threads}, read_only=True) as connection:
            yield connection
    except duckdb.Error as error:
        raise WarehouseError(explain(path, error, REBUILD)) from error


def noted(path: Path, threads: int, read: Callable[[duckdb.DuckDBPyConnection], list[T]]) -> list[T] | None:
    """What a warehouse says of itself; None where it is missing, broken or laid out by another watthouse."""
    if not path.exists():
        return None
    try:
        with reading(path, threads) as connection:
            return read(connection)
    except WarehouseError:
        return None


def explain(path: Path | str, error: Exception, advice: str) -> str:
    """One line for an error of an engine or a disk about a file."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    if "No space left" in reason:
        return f"the disk is full at {Path(path).parent}: free some space and run again; {advice}"
    return f"{path} cannot be used ({reason}): {advice}"


def quoted(path: Path) -> str:
    """The path for a literal in SQL."""
    return str(path).replace("'", "''")


def prepare_raw(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of the schema ``raw``: an older watthouse had fewer datasets and columns."""
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


def catch_up(connection: duckdb.DuckDBPyConnection, published: Path) -> None:
    """Take over all in which the published file differs from this one, its predecessor."""
    run = connection.execute
    run(f"attach '{quoted(published)}' as published (read_only)")
    run("begin")
    for table, where in [*_appended(connection), *run(f"from published.{WRITTEN}").fetchall()]:
        run(f"delete from {table}{where}")
        run(f"insert into {table} by name select * from published.{table}{where}")
    run("create or replace table main.about as from published.main.about")
    run("commit")
    run("detach published")


def _appended(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """The raw tables that were appended to since, and where their new rows are."""
    run, query = connection.execute, "select dataset, observed_until from {}raw.loads"
    before = dict(run(query.format("")).fetchall())
    for dataset, until in run(query.format("published.")).fetchall():
        if dataset in CATALOG and (known := before.get(dataset)) != until:
            since = f" where observed_at > timestamptz '{known.isoformat()}'" if known else ""
            yield f"raw.{CATALOG[dataset].table}", since
    yield "raw.loads", ""


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


def builds(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """The fingerprint of the models that the last full build was made by, and its steps as text; empty before one."""
    return connection.execute("select fingerprint, steps from raw.builds").fetchall()


def _count(connection: duckdb.DuckDBPyConnection, dataset_id: str) -> int:
    ((count,),) = connection.execute(f"select count(*) from raw.{CATALOG[dataset_id].table}").fetchall()
    return int(count)
