"""A home: the folder that holds all state. One refresh at a time, and one kind of data forever."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
from filelock import FileLock, Timeout

from watthouse.errors import BusyError, LakeError, UsageError
from watthouse.lake.ledger import Lake
from watthouse.settings import Settings
from watthouse.warehouse import engines
from watthouse.warehouse.base import Warehouse
from watthouse.warehouse.snapshots import Snapshots

REAL: Final = "published"
"""The kind of a home with data published by the operators; any other kind names the sample that the data is from."""


class Home:
    """The lake and the warehouse of these settings, the kind of data they hold, and the lock for writing."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def lake(self) -> Lake:
        return Lake(self.settings.lake, chunk_rows=self.settings.chunk_rows, kind=self._noted)

    @cached_property
    def warehouse(self) -> Warehouse:
        return engines.warehouse(self.settings)

    def snapshots(self) -> Snapshots:
        """The builds of the warehouse, to be read one at a time."""
        return Snapshots(self.warehouse, self.settings, lambda: self.sample, lambda: self.now)

    @property
    def kind(self) -> str | None:
        """:data:`REAL`, or the sample's name (``seed=0``); None for a home that holds nothing yet.

        Raises :class:`~watthouse.errors.LakeError` where there is a lake, and nothing tells what it holds.
        """
        if noted := self._noted:
            return noted
        # The note may be lost or spoilt. Then the tables decide, which carry their kind; a sample must never be taken
        # for published data, so a lake that cannot tell is refused rather than guessed at.
        if not any(self.settings.lake.glob("*/_delta_log")):
            return None
        kinds = self.lake.kinds()
        if len(kinds) == 1:
            return next(iter(kinds))
        if kinds or self._note.exists():
            raise LakeError(
                f"{self._note} cannot be read, and {self.settings.lake} does not say whether its data is published or"
                f' a sample: write {{"data": "{REAL}"}} into that file if no sample was ever kept there, else remove'
                f" {self.settings.home}"
            )
        return REAL  # made before homes were marked, when there was no sample

    @property
    def sample(self) -> str | None:
        """The name of the sample that this home holds, None for published data."""
        kind = self.kind
        return None if kind == REAL else kind

    @property
    def now(self) -> datetime:
        """The time by which the age of the data is counted: the sample's own where its clock is stopped."""
        stopped_at = self.settings.sample_now
        return stopped_at if stopped_at and self.sample else datetime.now(UTC)

    def claim(self, kind: str) -> None:
        """Note what this home holds, before anything is stored there.

        Raises :class:`~watthouse.errors.UsageError` where it holds another kind: made-up and published numbers, or
        those of two samples, never share a home.
        """
        current = self.kind
        if current not in {None, kind}:
            raise UsageError(
                f"{self.settings.home} holds {described(str(current))}, and this is {described(kind)}: they never share"
                " a home; set WATTHOUSE_HOME to another folder"
            )
        if self._noted is None:
            # durable, unlike the other notes: it cannot be made again from anything else
            with disk(self.settings.home, "set WATTHOUSE_HOME to a folder of yours with room in it"):
                write_json(self._note, {"data": kind}, durable=True)
        self.lake.claim(kind)

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """One refresh a home at a time; raises :class:`~watthouse.errors.BusyError` at once where another runs."""
        lock = self._lock()
        try:
            yield
        finally:
            lock.release()

    def last_refreshed(self) -> Mapping[str, datetime]:
        """When each dataset was last fetched, whether or not anything was new (UTC)."""
        try:
            return {name: datetime.fromisoformat(moment) for name, moment in read_json(self._refreshes).items()}
        except (ValueError, TypeError):
            return {}  # only `status` reads it, and the next refresh writes it again

    def remember(self, datasets: Iterable[str]) -> None:
        """Note that these datasets were fetched now."""
        moments = {**self.last_refreshed(), **dict.fromkeys(datasets, datetime.now(UTC))}
        with disk(self.settings.home, "free some space and run again"):
            write_json(self._refreshes, {name: moment.isoformat() for name, moment in sorted(moments.items())})

    def _lock(self) -> FileLock:
        home = self.settings.home
        # Delta takes paths for URLs and the warehouse takes them for patterns: with these characters they mean another
        # folder, or none.
        odd = sorted(set("%#?*[]") & set(str(home.absolute())))
        if odd:
            raise UsageError(
                f"WATTHOUSE_HOME '{home}' contains {' '.join(odd)}, which storage libraries misread: rename it"
            )
        holder = home / "refresh.pid"
        with disk(home, "set WATTHOUSE_HOME to a folder of yours with room in it"):
            home.mkdir(parents=True, exist_ok=True)
            lock = FileLock(home / "refresh.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                pid = holder.read_text() if holder.exists() else "unknown"
                raise BusyError(
                    f"another refresh (pid {pid}) is running in {home}: wait for it to end, or set WATTHOUSE_HOME"
                ) from None
            holder.write_text(str(os.getpid()))
            return lock

    @property
    def _note(self) -> Path:
        return self.settings.home / "home.json"

    @property
    def _noted(self) -> str | None:
        kind = read_json(self._note).get("data")
        return str(kind) if kind else None

    @property
    def _refreshes(self) -> Path:
        return self.settings.home / "refreshes.json"


def described(kind: str) -> str:
    """A kind in words."""
    return "published data" if kind == REAL else f"watthouse's synthetic sample ({kind})"


@contextmanager
def disk(folder: Path, advice: str) -> Iterator[None]:
    """Turn an error of the file system into one line."""
    try:
        yield
    except (OSError, pa.ArrowException, pl.exceptions.ComputeError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise LakeError(f"{folder} cannot be written ({reason}): {advice}") from error


def read_json(path: Path) -> dict[str, Any]:
    """A note kept beside the lake; empty where it is missing or spoilt."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def write_json(path: Path, note: Mapping[str, Any], *, durable: bool = False) -> None:
    """Replace the file at once, never in part; a ``durable`` one survives a power cut too."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(note, indent=1), encoding="utf-8")
    if durable:
        _flush(fresh)
    fresh.replace(path)
    if durable:
        _flush(path.parent)  # the rename itself is a change of the folder, and lives in memory until then


def _flush(path: Path) -> None:
    """Force a file, or the entries of a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
