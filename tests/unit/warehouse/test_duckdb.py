"""A warehouse that is published whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from watthouse.errors import WarehouseError
from watthouse.warehouse.duckdb.store import DuckDB


@pytest.fixture
def published(tmp_path: Path) -> DuckDB:
    """One without rows."""
    warehouse = DuckDB(tmp_path / "warehouse.duckdb")
    with warehouse.draft(empty=True):
        pass
    return warehouse


def test_a_disk_that_refuses_the_copy_late_leaves_what_is_published(
    published: DuckDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, whole = published.path.read_bytes(), os.fsync
    asked: list[int] = []

    def refused_once(file: int) -> None:
        asked.append(file)
        if len(asked) == 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        whole(file)

    monkeypatch.setattr(os, "fsync", refused_once)
    with pytest.raises(WarehouseError, match="the disk is full"), published.draft():
        pass
    assert len(asked) == 2, "the copy, and the file that was to be published"
    assert published.path.read_bytes() == before
    assert [one.name for one in published.path.parent.iterdir()] == [published.path.name]


def test_a_draft_that_fails_leaves_what_is_published(published: DuckDB) -> None:
    before = published.path.read_bytes()
    with pytest.raises(RuntimeError, match="in the middle"), published.draft():
        raise RuntimeError("in the middle")
    assert published.path.read_bytes() == before
    assert [one.name for one in published.path.parent.iterdir()] == [published.path.name]
