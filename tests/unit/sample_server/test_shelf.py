"""Months that were read, kept packed on disk."""

import tempfile
from pathlib import Path

import pytest

from tests.unit.sample_server.tiny import everything
from watthouse.sample.service.shelf import Packed, Shelf

FRAME = everything("eco2mix-regional-tr", 0)


def test_a_frame_comes_back_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    packed = Packed(10**6)
    packed.put("2026-08", FRAME)
    found = packed.find("2026-08")
    assert found is not None
    assert found.equals(FRAME)
    assert packed.find("2026-09") is None


def test_files_stay_within_bounds_and_go_with_their_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    packed = Packed(10**6)
    packed.put(0, FRAME)
    size = sum(file.stat().st_size for file in tmp_path.rglob("*.arrow"))
    bounded = Packed(3 * size)
    for key in range(10):
        bounded.put(key, FRAME)
    assert [bounded.find(key) is not None for key in range(10)] == [False] * 7 + [True] * 3
    assert len(list(tmp_path.rglob("*.arrow"))) == 1 + 3
    del packed, bounded
    assert list(tmp_path.iterdir()) == []


def test_what_was_wanted_last_stays() -> None:
    shelf = Shelf[str](2, len)
    shelf.put("a", "x")
    shelf.put("b", "y")
    assert shelf.find("a") == "x"
    shelf.put("c", "z")
    assert [shelf.find(key) for key in "abc"] == ["x", None, "z"]
