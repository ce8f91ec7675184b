"""Fixtures for every test."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from tests.support import ROOT, TODAY


@pytest.fixture(scope="session")
def today() -> date:
    """The day at which the samples of this run stand: whatever takes it is run as of other days too."""
    return TODAY


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The last of a run, who is no worker, removes what its workers shared."""
    if not hasattr(session.config, "workerinput"):
        run = getattr(session.config.pluginmanager.getplugin("dsession"), "nodemanager", None)
        if run is not None:
            shutil.rmtree(Path(tempfile.gettempdir()) / f"watthouse-blank-{run.testrunuid}", ignore_errors=True)


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if "today" in getattr(item, "fixturenames", ()):
            item.add_marker("dated")


def _real_data() -> Path:
    return Path(os.environ.get("WATTHOUSE_REAL_DATA") or ROOT.parent / "shared" / "data").resolve()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real exports; what needs it is skipped where it is missing."""
    folder = _real_data()
    if not (folder / "odre").is_dir():
        pytest.skip(f"no real exports in {folder}: set WATTHOUSE_REAL_DATA")
    return folder


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder of small inputs that went wrong, beside the folder of real exports."""
    folder = _real_data().parent / "cases"
    if not folder.is_dir():
        pytest.skip(f"no cases in {folder}: they lie beside the folder that WATTHOUSE_REAL_DATA names")
    return folder
