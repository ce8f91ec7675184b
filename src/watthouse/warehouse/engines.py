"""Which engine a home's warehouse uses: the one place outside an engine's folder that names it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from watthouse.database import Database
from watthouse.errors import UsageError
from watthouse.settings import Settings
from watthouse.warehouse.base import Warehouse
from watthouse.warehouse.duckdb.store import DuckDB
from watthouse.warehouse.spark.place import SCHEME, place_of
from watthouse.warehouse.spark.store import Spark


def warehouse(settings: Settings) -> Warehouse:
    """The warehouse that the settings ask for: a file in the home, or a database."""
    if settings.warehouse is None:
        if settings.warehouse_reader:
            raise UsageError(
                "WATTHOUSE_WAREHOUSE_READER is set alone: set WATTHOUSE_WAREHOUSE, to the same URL to only read"
            )
        return at(str(settings.home), settings)
    reader = settings.warehouse_reader.get_secret_value() if settings.warehouse_reader else None
    return at(settings.warehouse.get_secret_value(), settings, reader)


def at(url: str, settings: Settings, reader: str | None = None) -> Warehouse:
    """The warehouse of a home's folder, or of a database.

    Raises :class:`~watthouse.errors.UsageError` where its extra is not installed, or the URL is of another kind.
    """
    if "://" not in url:
        return DuckDB(
            Path(url) / "warehouse.duckdb",
            threads=settings.threads,
            memory_limit=settings.memory_limit,
            project=settings.transform,
        )
    if url.startswith(SCHEME):
        return Spark(place_of(url), settings)
    if url.startswith("bigquery://"):
        return _bigquery(url, settings)
    if not _is_postgres(url):
        raise UsageError(
            "a warehouse's URL begins with postgresql://, spark:// or bigquery://: leave WATTHOUSE_WAREHOUSE out for a"
            " file"
        )
    with _extra("postgres"):
        from watthouse.warehouse.postgres.store import Postgres
    return Postgres(url, reader, threads=settings.threads, scratch=settings.scratch, project=settings.transform)


def _bigquery(url: str, settings: Settings) -> Warehouse:
    with _extra("bigquery"):
        from watthouse.warehouse.bigquery.store import BigQuery
    return BigQuery(
        url,
        location=settings.bigquery_location,
        cap=settings.bigquery_bytes,
        endpoint=settings.bigquery_endpoint,
        seconds=settings.store_seconds,
        threads=settings.threads,
        scratch=settings.scratch,
        project=settings.transform,
    )


def initialise(settings: Settings, url: str | None) -> tuple[Database, Mapping[str, str]]:
    """Make roles, schema and grants in the database at ``url``, or in that of the settings.

    Returns it, and what each role does.

    Raises :class:`~watthouse.errors.UsageError` where neither names a database.
    """
    url = url or (settings.warehouse.get_secret_value() if settings.warehouse else "")
    if not _is_postgres(url):
        raise UsageError("no database is named: use postgresql://admin@host/database, or set WATTHOUSE_WAREHOUSE")
    with _extra("postgres"):
        from watthouse.warehouse.postgres import roles
        from watthouse.warehouse.postgres.store import SETTING
    database = Database(
        url, SETTING, "nothing was changed, run again", "use a superuser, or the database's owner with CREATEROLE"
    )
    passwords = (settings.loader_password, settings.reader_password)
    roles.initialise(database, roles.Passwords(*(each.get_secret_value() if each else None for each in passwords)))
    return database, roles.TASKS


def _is_postgres(url: str) -> bool:
    return url.startswith(("postgresql://", "postgres://"))


@contextmanager
def _extra(name: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed: pip install 'watthouse[{name}]'") from None
