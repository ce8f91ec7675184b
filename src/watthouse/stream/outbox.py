"""The lake as an outbox: how far each cluster was told what is in it, and what it has not been told yet."""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from watthouse.catalog import Dataset
from watthouse.home import Home
from watthouse.lake.ledger import Lake
from watthouse.lake.revisions import OBSERVED_AT
from watthouse.storage import Lease
from watthouse.storage.lock import taken
from watthouse.storage.notes import disk

ROWS: Final = 25_000
"""Observations that are held at a time."""

_NOTE: Final = "stream.json"
_ADVICE: Final = "set WATTHOUSE_HOME to a folder of yours with room in it"


class Marks:
    """The stamps up to which everything was published to one topic of one cluster, in a note beside the lake."""

    def __init__(self, home: Home, cluster: str, topic: str) -> None:
        self._notes, self._lake = home.notes, home.lake
        self._name = f"{cluster}/{topic}"

    def of(self, dataset: Dataset) -> datetime | None:
        """The stamp (UTC); None where nothing of this ledger was published there."""
        mark, head = self._noted(self._notes.read(_NOTE)).get(dataset.id, {}), self._lake.head(dataset)
        try:
            ledger, until = str(mark["ledger"]), datetime.fromisoformat(mark["published_until"])
            # a lake that was lost, or an older one restored: what is in it now is published from its beginning
            return until if head and ledger == head.ledger and until <= head.observed_until else None
        except (KeyError, TypeError, ValueError):
            return None

    def keep(self, dataset: Dataset, until: datetime) -> None:
        """Note that everything up to this stamp is there; raises :class:`~watthouse.errors.LakeError`."""
        head = self._lake.head(dataset)
        mark = {"ledger": head.ledger if head else "", "published_until": until.isoformat()}
        self._notes.update(_NOTE, lambda note: {**note, self._name: {**self._noted(note), dataset.id: mark}})

    def _noted(self, note: Mapping[str, Any]) -> dict[str, Any]:
        marks = note.get(self._name)
        return dict(marks) if isinstance(marks, dict) else {}


def pending(
    lake: Lake, dataset: Dataset, *, after: datetime | None = None, since: date | None = None, rows: int = ROWS
) -> Iterator[tuple[pl.DataFrame, datetime | None]]:
    """The observations stamped ``after`` that moment, of slots whose civil day is ``since`` or later, oldest first.

    They come in frames of about ``rows`` (the catalog's columns and ``observed_at``), each with the stamp up to which
    everything has come with it, None in the middle of one. Raises :class:`~watthouse.errors.TableError` for a file that
    is not as it was written.
    """
    table = lake.table(dataset)
    with table.errors():
        opened = table.open()
        table.refuse_faulty(opened, table.files(opened, since=after))
        # only the files that may have such stamps: a round must not cost more as the lake grows
        ledger = table.scan(opened, since=after)
        if since:
            ledger = ledger.filter(pl.col("date") >= since)
        stamps = ledger.group_by(OBSERVED_AT).len().sort(OBSERVED_AT).collect()
        for first, last, height in _runs(stamps, rows):
            run = ledger.filter(pl.col(OBSERVED_AT).is_between(first, last))
            if height <= rows:
                yield run.sort(OBSERVED_AT, maintain_order=True).collect(), last
            else:
                # one stamp may have everything that was ever read: 13 years of it would not fit into memory
                for frame in run.collect_batches(chunk_size=rows):
                    yield frame, None
                yield pl.DataFrame(), last


def _runs(stamps: pl.DataFrame, rows: int) -> Iterator[tuple[datetime, datetime, int]]:
    """The first and the last stamp of runs with about that many rows, and how many; a larger stamp stands alone."""
    run: list[datetime] = []
    height = 0
    for stamp, count in stamps.iter_rows():
        if run and height + count > rows:
            yield run[0], run[-1], height
            run, height = [], 0
        run.append(stamp)
        height += count
    if run:
        yield run[0], run[-1], height


def only_producer(home: Home) -> AbstractContextManager[object]:
    """One producer a lake at a time; raises :class:`~watthouse.errors.BusyError` at once where another runs."""
    beside = home.notes.place
    if beside.is_shared:
        return Lease(beside, "stream.lease", home.settings.lease_seconds, "producer").held()
    return _locked(beside.path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    holder = folder / "stream.pid"
    lock = taken(folder, "stream.lock", _ADVICE, lambda: _another(folder, holder))
    try:
        with disk(folder, _ADVICE):
            holder.write_text(str(os.getpid()))
        yield
    finally:
        lock.release()


def _another(folder: Path, holder: Path) -> str:
    try:
        pid, began = holder.read_text(), datetime.fromtimestamp(holder.stat().st_mtime, UTC)
    except OSError:
        return f"another producer is running in {folder}: wait for it to end"
    return f"another producer (pid {pid}) has been running in {folder} since {began:%Y-%m-%d %H:%M:%SZ}: end it first"
