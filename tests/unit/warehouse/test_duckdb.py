"""A warehouse that is published whole or not at all."""

import errno
import os
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from watthouse.errors import WarehouseError
from watthouse.warehouse import marts
from watthouse.warehouse.duckdb import predecessor
from watthouse.warehouse.duckdb.store import DuckDB

OLDER = {
    "published by the operators": "published",
    "synthetic figures, watthouse's synthetic sample (seed=3): nobody measured them": "seed=3",
    "something else": None,
}


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


def test_a_folder_of_somebody_else_in_the_place_of_a_draft_stays(published: DuckDB) -> None:
    theirs = published.aside.parent / "notes.txt"
    theirs.parent.mkdir()
    theirs.write_text("mine")
    with pytest.raises(WarehouseError), published.draft():
        pass
    assert theirs.read_text() == "mine"


def test_a_file_on_a_disk_that_others_may_share_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published, scratch, target = tmp_path / "published", tmp_path / "scratch", tmp_path / "target"
    published.write_bytes(b"published")
    scratch.mkdir()
    for file_systems in (predecessor._LOCAL, frozenset[str]()):
        predecessor._place(published, scratch).write_bytes(b"the one before")
        monkeypatch.setattr(predecessor, "_LOCAL", file_systems)
        assert predecessor.take(published, scratch, target) is target.exists() is bool(file_systems)
        target.unlink(missing_ok=True)


def test_pieces_of_a_mart_are_its_rows_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    days = [day for day in range(60) if day % 7]  # with holes between them
    rows = [(date(2024, 2, 1) + timedelta(days=day), region, day) for day in days for region in ("11", "53")]
    with duckdb.connect(tmp_path / "warehouse.duckdb") as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.daily (civil_date date, code_insee_region varchar, load_mwh integer)")
        connection.executemany("insert into marts.daily values (?, ?, ?)", rows[::-1])
    warehouse = DuckDB(tmp_path / "warehouse.duckdb")
    monkeypatch.setattr(marts, "_PIECE_ROWS", 10)
    pieces = [list(zip(*piece.to_pydict().values(), strict=True)) for piece in warehouse.pieces("daily")]
    assert len(pieces) > 5
    assert max(map(len, pieces)) <= 2 * 10
    assert [row for piece in pieces for row in piece] == rows
    since, until = date(2024, 2, 9), date(2024, 3, 1)
    wanted = [row for row in rows if since <= row[0] <= until]
    assert list(zip(*warehouse.read("daily", since=since, until=until).to_pydict().values(), strict=True)) == wanted
    (none,) = warehouse.pieces("daily", since=date(2030, 1, 1))
    assert (none.num_rows, none.column_names) == (0, ["civil_date", "code_insee_region", "load_mwh"])


@pytest.mark.parametrize("data", OLDER)
def test_the_kind_of_an_older_warehouse_is_what_its_words_say(data: str, published: DuckDB) -> None:
    with published.draft() as draft:
        draft.describe({"data": data})
    assert published.kind() == OLDER[data]
    with published.draft() as draft:
        draft.describe({"data": data, "kind": "seed=7"})
    assert published.kind() == "seed=7"
