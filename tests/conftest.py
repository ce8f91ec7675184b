"""Fixtures for every test."""

import os
from pathlib import Path

import pytest

from tests.support import ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real exports; what needs it is skipped where it is missing."""
    folder = Path(os.environ.get("WATTHOUSE_REAL_DATA") or ROOT.parent / "shared" / "data").resolve()
    if not (folder / "odre").is_dir():
        pytest.skip(f"no real exports in {folder}: set WATTHOUSE_REAL_DATA")
    return folder
