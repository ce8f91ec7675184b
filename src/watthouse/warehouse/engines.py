"""Which engine a home's warehouse uses: the one place outside an engine's folder that names it."""

from watthouse.settings import Settings
from watthouse.warehouse.base import Warehouse
from watthouse.warehouse.duckdb.store import DuckDB


def warehouse(settings: Settings) -> Warehouse:
    """The warehouse that the settings ask for: a file in the home."""
    return DuckDB(
        settings.home / "warehouse.duckdb",
        threads=settings.threads,
        memory_limit=settings.memory_limit,
        scratch=settings.scratch,
        project=settings.transform,
    )
