"""Files of a place, as they are listed."""

from tests.servers import Bucket
from watthouse.storage import Files


def test_markers_of_folders_are_no_files(reached: Bucket) -> None:
    for name in ("exports/", "exports/full/", "exports/deep/er/", "exports/lone/", "exports/empty.csv"):
        reached.put(name, b"")
    reached.put("exports/full/a.csv", b"x")
    reached.put("exports/deep/er/b.csv", b"x")
    listed = Files(reached.place("exports")).listed()
    assert [(stored.name, stored.size) for stored in listed] == [
        ("deep/er/b.csv", 1),
        ("empty.csv", 0),
        ("full/a.csv", 1),
    ]
