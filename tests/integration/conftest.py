"""Fixtures of the tests of the API (one built sample a run, one server a worker) and of those of meter files."""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.integration.meter_store import MeterStore
from tests.integration.serving import TOKEN, Api, served
from tests.support import TODAY, sample_of_the_run

SINCE = TODAY - timedelta(days=75)


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, today: date) -> Path:
    """A folder whose ``sample`` was built from 75 days of the synthetic ODRÉ; to be read only."""
    return sample_of_the_run(tmp_path_factory, request, "sampled", SINCE)


@pytest.fixture(scope="session")
def api(sampled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server of that sample, for whoever only reads."""
    with served(sampled, tmp_path_factory.mktemp("api"), WATTHOUSE_API_TOKEN=TOKEN) as running:
        yield running


@pytest.fixture
def own(sampled: Path, tmp_path: Path) -> Path:
    """A copy of the sample's folder, to be changed."""
    return Path(shutil.copytree(sampled, tmp_path / "home"))


@pytest.fixture(params=["sqlite", "postgresql"])
def meters(request: pytest.FixtureRequest, tmp_path: Path) -> MeterStore:
    """An empty database of meter files, on each engine in turn."""
    url = request.getfixturevalue("database") if request.param == "postgresql" else ""
    return MeterStore(tmp_path / "home", url)
