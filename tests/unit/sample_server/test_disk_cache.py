"""Months that were read, kept packed on disk."""

import tempfile
from pathlib import Path

import pytest

from tests.unit.sample_server.tiny import everything
from watthouse.sample.service.disk_cache import DiskCache

FRAME = everything("eco2mix-regional-tr", 0)


def test_a_frame_comes_back_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cache = DiskCache(10**6)
    cache.put("2026-08", FRAME)
    found = cache.find("2026-08")
    assert found is not None
    assert found.equals(FRAME)
    assert cache.find("2026-09") is None


def test_files_stay_within_bounds_and_go_with_their_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cache = DiskCache(10**6)
    cache.put(0, FRAME)
    size = sum(file.stat().st_size for file in tmp_path.rglob("*.arrow"))
    bounded = DiskCache(3 * size)
    for key in range(10):
        bounded.put(key, FRAME)
    assert [bounded.find(key) is not None for key in range(10)] == [False] * 7 + [True] * 3
    assert len(list(tmp_path.rglob("*.arrow"))) == 1 + 3
    del cache, bounded
    assert list(tmp_path.iterdir()) == []


def test_what_was_wanted_last_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cache = DiskCache(10**6)
    cache.put("size", FRAME)
    (file,) = tmp_path.rglob("*.arrow")
    cache = DiskCache(2 * file.stat().st_size)
    cache.put("a", FRAME)
    cache.put("b", FRAME)
    assert cache.find("a") is not None
    cache.put("c", FRAME)
    assert [cache.find(key) is not None for key in "abc"] == [True, False, True]


def test_what_is_there_already_or_too_large_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cache, small = DiskCache(10**6), DiskCache(100)
    for _ in range(2):
        cache.put("a", FRAME)
    small.put("a", FRAME)
    assert small.find("a") is None
    assert len(list(tmp_path.rglob("*.arrow"))) == 1
