"""Notes in buckets and folders: replaced whole, and nothing that another machine wrote is lost."""

import threading
from pathlib import Path

import pytest

from tests.servers import Bucket
from watthouse.errors import LakeError
from watthouse.storage import Notes, place_of


def both(bucket: Bucket, folder: Path) -> list[Notes]:
    return [Notes(bucket.place("some/where")), Notes(place_of(folder / "new"))]


def test_a_note_is_empty_then_what_was_written(reached: Bucket, tmp_path: Path) -> None:
    for notes in both(reached, tmp_path):
        assert notes.read("a.json") == {}
        assert not notes.exists("a.json")
        notes.update("a.json", lambda note: {**note, "one": 1})
        notes.update("a.json", lambda note: {**note, "two": "é"})
        assert notes.read("a.json") == {"one": 1, "two": "é"}
        assert notes.exists("a.json")


def test_machines_that_write_at_once_lose_nothing(reached: Bucket) -> None:
    machines, rounds = 4, 5

    def write(machine: int) -> None:
        notes = Notes(reached.place())
        for turn in range(rounds):
            name = f"{machine}-{turn}"
            notes.update("a.json", lambda note, name=name: {**note, name: 1})  # type: ignore[misc]

    threads = [threading.Thread(target=write, args=(machine,)) for machine in range(machines)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Notes(reached.place()).read("a.json")) == machines * rounds


@pytest.mark.parametrize("spoilt", [b"", b"{", b"[1]", b"\x00"])
def test_a_spoilt_note_is_empty_and_there(spoilt: bytes, reached: Bucket, tmp_path: Path) -> None:
    import obstore

    for notes in both(reached, tmp_path):
        if notes.place.is_shared:
            obstore.put(notes.place.objects, "a.json", spoilt)
        else:
            notes.place.path.mkdir()
            (notes.place.path / "a.json").write_bytes(spoilt)
        assert notes.read("a.json") == {}
        assert notes.exists("a.json")
        notes.update("a.json", lambda note: {**note, "one": 1})
        assert notes.read("a.json") == {"one": 1}


def test_a_note_that_others_never_leave_alone_is_given_up(reached: Bucket) -> None:
    notes, other = Notes(reached.place()), Notes(reached.place())
    turns = iter(range(1000))

    def disturbed(note: dict[str, object]) -> dict[str, object]:
        other.update("a.json", lambda now: {**now, f"{next(turns)}": 1})
        return {**note, "mine": 1}

    with pytest.raises(LakeError, match=r"a\.json is being written by others all the time: run again"):
        notes.update("a.json", disturbed)
    assert "mine" not in other.read("a.json")
