"""The process that decodes Parquet and workbooks: started once, gone with whoever reads, and no loss where it dies."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import polars as pl
import psutil
import pyarrow as pa
import pytest

from tests.unit.sources.reading import export, put, read, read_text, rows_of
from tests.unit.sources.test_files import FORMATS, parquet
from watthouse.errors import SourceError
from watthouse.settings import Settings
from watthouse.sources import decoder, decoding, files
from watthouse.sources.archive import Packing

_BEGUN: Final = """
import sys, time
from watthouse.sources import decoder
decoder.begin()
print(decoder._idle[0].process.pid, flush=True)
time.sleep(60)
"""


def decoders() -> list[int]:
    """The processes that decode for this one."""
    return [child.pid for child in psutil.Process().children() if "decoding" in " ".join(child.cmdline())]


def test_a_run_has_one_process_whatever_it_reads(tmp_path: Path) -> None:
    read_text(tmp_path, FORMATS["parquet"])
    before = decoders()
    foreign = put(tmp_path, parquet(pl.DataFrame({"a": [1]})), "foreign.parquet")
    with pytest.raises(SourceError, match="match no dataset"):
        read(foreign)
    with pytest.raises(SourceError, match="damaged"):
        read(put(tmp_path, FORMATS["parquet"][:-30], "cut.parquet"))
    assert rows_of(read_text(tmp_path, FORMATS["parquet"])).equals(rows_of(read_text(tmp_path, export())))
    assert len(before) == 1
    assert decoders() == before


def test_no_setting_makes_it_hold_more_rows_than_it_has_memory_for(tmp_path: Path) -> None:
    day = pl.DataFrame({"date": ["2026-09-01"], "pits": ["x"], "source": ["y"], "stock_fin_de_journee": [1.5]})
    days = parquet(day.select(pl.all().repeat_by(200_001).explode()))
    pieces = read_text(tmp_path, days, "days.parquet", batch_rows=10_000_000, max_ratio=10_000)
    assert [piece.read for piece in pieces] == [200_000, 1]


class Deadly(io.BytesIO):
    """Bytes over which the process that decodes them ends, once more than a few were read."""

    def __init__(self, content: bytes, end: Callable[[int], None]) -> None:
        super().__init__(content)
        self._end = end

    def read(self, size: int | None = -1) -> bytes:
        if decoders() and self.tell() > 100:
            self._end(decoders()[0])
        return super().read(size)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (signal.SIGSEGV, r"crashes the library that decodes it \(exit code -11\)"),
        (signal.SIGABRT, "needs over 1,536 MB to be decoded"),
        (signal.SIGXCPU, "takes over 180 s to decode"),
    ],
)
def test_where_it_dies_that_document_is_refused_and_the_next_has_another(
    how: signal.Signals, says: str, tmp_path: Path
) -> None:
    content = parquet(pl.DataFrame({"date": ["2026-09-01"] * 50, "pits": ["x"] * 50}))

    @contextmanager
    def raw() -> Iterator[IO[bytes]]:
        yield Deadly(content, lambda pid: os.kill(pid, how))

    with pytest.raises(SourceError, match=says) as refused:
        list(files.read(Packing("deadly.parquet", len(content), len(content), raw, Settings())))
    assert str(refused.value).startswith("deadly.parquet: ")
    assert "\n" not in str(refused.value)
    assert rows_of(read_text(tmp_path, FORMATS["parquet"])).num_rows == 2


_FAILING: Final = """
import os, sys, time
from watthouse.parent import end_with_input
end_with_input()
os.close(int(sys.argv[1]))
time.sleep(0.2)
os._exit(3)
"""


def test_what_it_ended_with_is_told_and_not_that_it_was_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "_PROGRAM", _FAILING)
    monkeypatch.setattr(decoder, "_idle", [])
    with pytest.raises(SourceError, match=r"crashes the library that decodes it \(exit code 3\)"):
        read_text(tmp_path, FORMATS["parquet"], "failing.parquet")


@pytest.mark.parametrize("places", [(0, 1), (50, 51), (98, 99), (3, 97)])
def test_rows_are_handed_on_in_parts_that_are_not_too_large_wherever_the_long_ones_stand(
    places: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "BATCH_BYTES", 1_000)
    texts = ["x" * 900 if place in places else "x" for place in range(100)]
    batch = pa.RecordBatch.from_pydict({"text": texts})
    parts = list(decoding._parts(batch))
    assert all(part.nbytes <= 1_000 for part in parts)
    assert [text for part in parts for text in part["text"].to_pylist()] == texts
    assert list(decoding._parts(batch.slice(0, 0))) == []
    with pytest.raises(decoding.TooLargeError):
        list(decoding._parts(pa.RecordBatch.from_pydict({"text": ["x", "x" * 1_000]})))


def test_one_that_died_while_nobody_looked_costs_no_document(tmp_path: Path) -> None:
    read_text(tmp_path, FORMATS["parquet"])
    (before,) = decoders()
    os.kill(before, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(before)], 5)
    assert rows_of(read_text(tmp_path, FORMATS["parquet"])).num_rows == 2
    assert before not in decoders()


def test_it_goes_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", _BEGUN], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.kill()
    until = time.monotonic() + 5
    while psutil.pid_exists(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not psutil.pid_exists(pid)


def test_a_file_beside_it_is_no_module_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyarrow.py").write_text("raise SystemExit('a file of somebody else was run')")
    monkeypatch.chdir(tmp_path)
    for pid in decoders():
        os.kill(pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(pid)], 5)
    assert rows_of(read_text(tmp_path, FORMATS["parquet"])).num_rows == 2
