"""Fixtures for the transform tests."""

import pytest

from tests.transform.lab import Lab


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A warehouse built from no rows at all: what changed can be built on a copy of it without dbt."""
    lab = Lab(tmp_path_factory.mktemp("blank"))
    lab.build_everything()
    return lab
