"""A file that takes another's place is whole, follows no link and has no name that can be guessed."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from watthouse.storage import Files
from watthouse.storage.fresh import kind_of, replacing
from watthouse.storage.place import place_of

OTHERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "folder": ("a folder", Path.mkdir),
    "link": ("a link", lambda path: path.symlink_to("/etc/passwd")),
    "link to nowhere": ("a link", lambda path: path.symlink_to("nowhere")),
    "pipe": ("a pipe", os.mkfifo),
    "socket": ("a socket", lambda path: socket.socket(socket.AF_UNIX).bind(str(path))),
}


@pytest.mark.parametrize(("kind", "make"), OTHERS.values(), ids=OTHERS)
def test_what_is_no_regular_file_is_told(kind: str, make: Callable[[Path], object], tmp_path: Path) -> None:
    make(tmp_path / "it")
    assert kind_of(tmp_path / "it") == kind


def test_devices_are_told_and_files_are_none() -> None:
    assert kind_of(Path("/dev/full")) == "a device"
    assert kind_of(Path(__file__)) is None
    assert kind_of(Path("/nowhere/at/all")) is None


def test_until_it_is_whole_the_old_file_stands(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("old")
    with replacing(path) as sink:
        sink.write(b"new")
        sink.flush()
        assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["rows.csv"]
    assert path.read_text() == "new"
    with pytest.raises(ZeroDivisionError), replacing(path) as sink:
        sink.write(b"%d" % (1 // 0))
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("rows.csv", "new")]


def test_a_planted_link_is_replaced_and_what_it_points_to_is_not_touched(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (folder := tmp_path / "folder").mkdir()
    for name in ("rows.csv", ".rows.csv.new"):  # the second is what an older watthouse wrote to first
        (folder / name).symlink_to(precious)
    with replacing(folder / "rows.csv") as sink:
        sink.write(b"rows")
    assert precious.read_text() == "mine"
    assert (folder / "rows.csv").is_symlink() is False
    assert (folder / "rows.csv").read_text() == "rows"


_KILLED = """
import os, signal, sys
from pathlib import Path
from watthouse.storage.fresh import replacing
with replacing(Path(sys.argv[1])) as sink:
    sink.write(b"half")
    sink.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("name", ["2025-01.parquet", "[a]*.parquet", "é" * 120])
def test_what_a_killed_writer_left_goes_when_its_file_is_written_again(name: str, tmp_path: Path) -> None:
    path, source = tmp_path / name, tmp_path / "source"
    source.write_bytes(b"whole")
    token = "0" * 16
    others = [".2025-01.parquet.new", ".2025-01.parquet.0123.new", f".2025-02.parquet.{token}.new", f".{token}.new"]
    for other in others:
        (tmp_path / other).touch()
    subprocess.run([sys.executable, "-c", _KILLED, path], check=False)
    assert len(list(tmp_path.iterdir())) == len(others) + 2
    Files(place_of(tmp_path)).put(name, source)
    assert {one.name for one in tmp_path.iterdir()} == {name, "source", *others}
    assert path.read_bytes() == b"whole"


def test_the_name_meanwhile_differs_each_time(tmp_path: Path) -> None:
    names = set()
    for _ in range(3):
        with replacing(tmp_path / "rows.csv"):
            names |= {one.name for one in tmp_path.iterdir()} - {"rows.csv"}
    assert len(names) == 3


def test_a_new_file_has_the_mode_of_new_files_and_another_keeps_its_own(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        for name, mode in {"new": 0o640, "secret": 0o600, "shared": 0o664}.items():
            if name != "new":
                (tmp_path / name).touch()
                (tmp_path / name).chmod(mode)
            with replacing(tmp_path / name) as sink:
                sink.write(b"rows")
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode, name
    finally:
        os.umask(before)
