"""Fixtures for the transform tests."""

import pytest

from tests.support import begun
from tests.transform.lab import Lab
from watthouse.warehouse.duckdb.store import DuckDB


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A warehouse built from no rows at all: what changed can be built on a copy of it without dbt."""
    folder = begun(tmp_path_factory.mktemp("blank"))
    steps = DuckDB(folder / "warehouse.duckdb").steps()
    assert steps is not None
    lab = Lab(folder, steps)
    lab.run("delete from raw.builds")  # a lab's builds are its own
    return lab
