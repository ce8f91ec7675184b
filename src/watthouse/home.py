"""A home: the folder that holds all state. One refresh at a time, and one kind of data for ever."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
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
"""The kind of a home whose data were published by the operators; any other kind names the sample they are from."""


def lake_of(settings: Settings) -> Lake:
    """The lake of this home."""
    return Lake(settings.lake, chunk_rows=settings.chunk_rows, kind=_noted(settings))


def warehouse_of(settings: Settings) -> Warehouse:
    """The warehouse of this home."""
    return engines.warehouse(settings)


def snapshots_of(settings: Settings) -> Snapshots:
    """The builds of that warehouse, to be read one at a time."""
    return Snapshots(warehouse_of(settings), settings, lambda: sample_of(settings), lambda: now_of(settings))


def kind_of(settings: Settings) -> str | None:
    """:data:`REAL`, or the sample's name (``seed=0``); None for a home that holds nothing yet.

    Raises :class:`~watthouse.errors.LakeError` where there is a lake, and nothing says what it holds.
    """
    if noted := _noted(settings):
        return noted
    if not any(settings.lake.glob("*/_delta_log")):
        return None
    said, note = lake_of(settings).kinds(), _note(settings)
    if len(said) == 1:
        return next(iter(said))
    if said or note.exists():
        raise LakeError(
            f"{note} cannot be read, and {settings.lake} does not tell published data from a sample's: write"
            f' {{"data": "{REAL}"}} into it if no sample was ever kept there; else remove {settings.home}'
        )
    return REAL  # made before homes were marked, when there was no sample


def sample_of(settings: Settings) -> str | None:
    """The sample that this home holds, None where it is none."""
    kind = kind_of(settings)
    return None if kind == REAL else kind


def now_of(settings: Settings) -> datetime:
    """What time it is for who asks how old this home's data are: the sample's own time where its clock stands."""
    stands = settings.sample_now
    return stands if stands and sample_of(settings) else datetime.now(UTC)


def claim(settings: Settings, kind: str) -> None:
    """Say what this home holds, before anything is put there.

    Raises :class:`~watthouse.errors.UsageError` where it holds another kind: made-up and published numbers, or those
    of two samples, never share a home.
    """
    held = kind_of(settings)
    if held not in {None, kind}:
        raise UsageError(
            f"{settings.home} holds {described(str(held))}, and this is {described(kind)}: they never share a home;"
            " set WATTHOUSE_HOME to another folder"
        )
    if _noted(settings) is None:
        with disk(settings.home, "set WATTHOUSE_HOME to a folder of yours with room in it"):
            write_json(_note(settings), {"data": kind}, durable=True)


def described(kind: str) -> str:
    """A kind in words."""
    return "published data" if kind == REAL else f"watthouse's synthetic sample ({kind})"


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """One refresh a home at a time; raises :class:`~watthouse.errors.BusyError` at once where another runs."""
    lock = _lock(settings)
    try:
        yield
    finally:
        lock.release()


def _lock(settings: Settings) -> FileLock:
    odd = sorted(set("%#?*[]") & set(str(settings.home.absolute())))
    if odd:
        raise UsageError(
            f"WATTHOUSE_HOME '{settings.home}' holds {' '.join(odd)}, which storage reads otherwise: rename it"
        )
    holder = settings.home / "refresh.pid"
    with disk(settings.home, "set WATTHOUSE_HOME to a folder of yours with room in it"):
        settings.home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(settings.home / "refresh.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            pid = holder.read_text() if holder.exists() else "unknown"
            raise BusyError(
                f"another refresh (pid {pid}) is at work in {settings.home}: wait for it to end, or set WATTHOUSE_HOME"
            ) from None
        holder.write_text(str(os.getpid()))
        return lock


def last_refreshed(settings: Settings) -> Mapping[str, datetime]:
    """When each dataset was last fetched, whether or not anything was new (UTC)."""
    said = read_json(_refreshes(settings))
    try:
        return {name: datetime.fromisoformat(moment) for name, moment in said.items()}
    except (ValueError, TypeError):
        return {}  # a note for `status`, made again by the next refresh


def remember(settings: Settings, datasets: Iterable[str]) -> None:
    """Note that these datasets were fetched now."""
    now = datetime.now(UTC)
    said = {**last_refreshed(settings), **dict.fromkeys(datasets, now)}
    with disk(settings.home, "free some space and run again"):
        write_json(_refreshes(settings), {name: moment.isoformat() for name, moment in sorted(said.items())})


@contextmanager
def disk(folder: Path, advice: str) -> Iterator[None]:
    """Turn what the file system says into one line."""
    try:
        yield
    except (OSError, pa.ArrowException, pl.exceptions.ComputeError) as error:
        said = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise LakeError(f"{folder} cannot be written ({said}): {advice}") from error


def read_json(path: Path) -> dict[str, Any]:
    """An object kept beside the lake; empty where it is missing or spoilt (all of them can be made again)."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def write_json(path: Path, said: Mapping[str, Any], *, durable: bool = False) -> None:
    """Replace the file at once, never in part; once it is ``durable``, a power cut does not lose it either."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(said, indent=1), encoding="utf-8")
    if durable:
        _flush(fresh)
    fresh.replace(path)
    if durable:
        _flush(path.parent)


def _flush(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk itself."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _note(settings: Settings) -> Path:
    return settings.home / "home.json"


def _noted(settings: Settings) -> str | None:
    said = read_json(_note(settings)).get("data")
    return str(said) if said else None


def _refreshes(settings: Settings) -> Path:
    return settings.home / "refreshes.json"
