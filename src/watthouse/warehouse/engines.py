"""Which engine a home's warehouse uses: the one place outside an engine's folder that names it."""

from watthouse.errors import UsageError
from watthouse.settings import Settings
from watthouse.warehouse.base import Warehouse
from watthouse.warehouse.duckdb.store import DuckDB


def warehouse(settings: Settings) -> Warehouse:
    """The warehouse that the settings ask for: a file in the home, or a database.

    Raises :class:`~watthouse.errors.UsageError` where its extra is not installed, or the URL is of another kind.
    """
    if settings.warehouse is None:
        return DuckDB(
            settings.home / "warehouse.duckdb",
            threads=settings.threads,
            memory_limit=settings.memory_limit,
            scratch=settings.scratch,
            project=settings.transform,
        )
    url = settings.warehouse.get_secret_value()
    if not url.startswith(("postgresql://", "postgres://")):
        raise UsageError("WATTHOUSE_WAREHOUSE is not valid: use postgresql://user@host/database, or leave it out")
    from watthouse.warehouse.postgres.store import Postgres  # its drivers come with the extra `postgres`

    return Postgres(url, threads=settings.threads, scratch=settings.scratch, project=settings.transform)
