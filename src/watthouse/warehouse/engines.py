"""Which engine a home's warehouse uses: the one place outside an engine's folder that names it."""

from pathlib import Path

from watthouse.errors import UsageError
from watthouse.settings import Settings
from watthouse.warehouse.base import Warehouse
from watthouse.warehouse.duckdb.store import DuckDB


def warehouse(settings: Settings) -> Warehouse:
    """The warehouse that the settings ask for: a file in the home, or a database."""
    return at(settings.warehouse.get_secret_value() if settings.warehouse else str(settings.home), settings)


def at(url: str, settings: Settings) -> Warehouse:
    """The warehouse of a home's folder, or of a database.

    Raises :class:`~watthouse.errors.UsageError` where its extra is not installed, or the URL is of another kind.
    """
    if "://" not in url:
        return DuckDB(
            Path(url) / "warehouse.duckdb",
            threads=settings.threads,
            memory_limit=settings.memory_limit,
            scratch=settings.scratch,
            project=settings.transform,
        )
    if not url.startswith(("postgresql://", "postgres://")):
        raise UsageError("a warehouse's URL begins with postgresql://: leave WATTHOUSE_WAREHOUSE out for a file")
    try:
        from watthouse.warehouse.postgres.store import Postgres
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed: pip install 'watthouse[postgres]'") from None
    return Postgres(url, threads=settings.threads, scratch=settings.scratch, project=settings.transform)
