"""A home: the folder that holds all state, or all but the lake. One refresh at a time, one kind of data forever."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

from filelock import FileLock

from watthouse.catalog import LICENCE, PORTAL, Dataset
from watthouse.errors import LakeError, UsageError
from watthouse.lake.ledger import Lake
from watthouse.settings import Settings
from watthouse.sources.manifests import PUBLISHED
from watthouse.storage import Folder, Lease, Notes, Place
from watthouse.storage.lock import taken
from watthouse.storage.notes import disk
from watthouse.warehouse import engines
from watthouse.warehouse.base import Warehouse
from watthouse.warehouse.snapshots import Snapshots

REAL: Final = PUBLISHED
"""The kind of a home with data published by the operators; any other kind names the sample that the data is from."""

_KIND: Final = "home.json"
_REFRESHES: Final = "refreshes.json"


class Home:
    """The lake and the warehouse of these settings, the kind of data they hold, and the lock for writing.

    What one refresh leaves for the next lies beside the lake: in the home, or, where the lake lies elsewhere, in
    ``_state`` there, so that a refresh can go on where that of another machine stopped.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._known: str | None = None
        self._known_built: str | None = None
        self._lease: Lease | None = None

    @cached_property
    def place(self) -> Place:
        """Where the lake lies; raises :class:`~watthouse.errors.UsageError` for a URL that cannot be one."""
        lake = self.settings.lake
        return self.settings.place(lake, "WATTHOUSE_LAKE") if lake else Folder(str(self.settings.home / "lake"))

    @cached_property
    def notes(self) -> Notes:
        """What a refresh leaves for the next one."""
        return Notes(self.place / "_state" if self.settings.lake else Folder(str(self.settings.home)))

    @cached_property
    def lake(self) -> Lake:
        settings = self.settings
        return Lake(
            self.place,
            chunk_rows=settings.chunk_rows,
            compact_files=settings.compact_files,
            retention=timedelta(days=settings.retention_days),
            kind=lambda: self._noted,
        )

    @cached_property
    def warehouse(self) -> Warehouse:
        return engines.warehouse(self.settings)

    def snapshots(self) -> Snapshots:
        """The builds of the warehouse, to be read one at a time."""
        # A server lives longer than what it serves may: each build is asked for its kind anew.
        return Snapshots(self.warehouse, self.settings, lambda: Home(self.settings).sample, lambda: self.now)

    @property
    def kind(self) -> str | None:
        """:data:`REAL`, or the sample's name (``seed=0``); None where neither lake nor warehouse hold anything yet.

        Raises :class:`~watthouse.errors.LakeError` where there is a lake, and nothing tells what it holds.
        """
        if noted := self._noted:
            return noted
        # The note may be lost or spoilt. Then the tables decide, which carry their kind; a sample must never be taken
        # for published data, so a lake that cannot tell is refused rather than guessed at.
        if self.lake.is_empty():
            return self.warehouse.kind()
        kinds = self.lake.kinds()
        if len(kinds) == 1:
            return next(iter(kinds))
        if kinds or self.notes.exists(_KIND):
            raise LakeError(
                f"{self.notes / _KIND} cannot be read, and {self.place} does not say whether its data is published or"
                f' a sample: write {{"data": "{REAL}"}} into that file if no sample was ever kept there, else remove'
                f" {self.place if self.settings.lake else self.settings.home}"
            )
        return REAL  # made before homes were marked, when there was no sample

    @property
    def sample(self) -> str | None:
        """The name of the sample that is shown, None for published data."""
        # the warehouse tells it too, and does not have to be asked for over a network
        kind = (self._built if self.settings.lake else None) or self.kind
        return None if kind == REAL else kind

    @property
    def sample_shown(self) -> str | None:
        """The same by the warehouse alone; None where there is none yet."""
        return None if self._built == REAL else self._built

    def holds_sample(self, *, after_fetching: bool = False) -> bool:
        """Whether it holds a sample; what a lake elsewhere does is known only ``after_fetching`` from there."""
        # Before, the warehouse has to do: what needs no lake must not wait for a bucket, and a server that forks its
        # worker must not have spoken to one (the worker lacks the threads that did, and waits for them for ever).
        return (self.sample if after_fetching or not self.settings.lake else self.sample_shown) is not None

    @property
    def about(self) -> dict[str, str]:
        """What its data are, for readers who open the warehouse without watthouse: name → value."""
        kind = self.kind or REAL
        synthetic = f"synthetic figures, {described(kind)}: nobody measured them"
        data = "published by the operators" if kind == REAL else synthetic
        return {"data": data, "kind": kind, "source": PORTAL, "licence": LICENCE}

    @property
    def now(self) -> datetime:
        """The time by which the age of the data is counted: the sample's own where its clock is stopped."""
        stopped_at = self.settings.sample_now
        return stopped_at if stopped_at and self.sample else datetime.now(UTC)

    def claim(self, kind: str) -> None:
        """Note what this lake holds, before anything is stored there.

        Raises :class:`~watthouse.errors.UsageError` where the lake or the warehouse holds another kind: made-up and
        published numbers, or those of two samples, never share one.
        """
        if self.kind not in {None, kind}:
            raise self._mixture(f"{self.place if self.settings.lake else self.settings.home} holds", self.kind, kind)
        self._refuse_other_builds(kind)
        if self._noted is None:
            # durable, unlike the other notes: it cannot be made again from anything else
            self.notes.update(_KIND, lambda note: {**note, "data": note.get("data") or kind}, durable=True)
            # another machine may have claimed the same bucket in the meantime
            if self._noted not in {None, kind}:
                raise self._mixture(f"{self.place} now holds", self._noted, kind)

    def refuse_mixture(self) -> None:
        """Raises :class:`~watthouse.errors.UsageError` where the warehouse holds another kind than the lake."""
        if (kind := self.kind) is not None:
            self._refuse_other_builds(kind)

    def _refuse_other_builds(self, kind: str) -> None:
        if self._built not in {None, kind}:
            raise self._mixture(f"the warehouse at {self.warehouse.place} holds", self._built, kind)

    def _mixture(self, where: str, held: str | None, kind: str) -> UsageError:
        return UsageError(
            f"{where} {described(str(held))}, and this is {described(kind)}: they never share"
            f" {'a lake or a warehouse' if self.settings.lake else 'a home'}; set WATTHOUSE_HOME to another folder"
            + (", and WATTHOUSE_LAKE to another place" if self.settings.lake else "")
        )

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """One refresh a home at a time; raises :class:`~watthouse.errors.BusyError` at once where another runs."""
        lock = self._lock()
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def only_writer(self) -> Iterator[None]:
        """One writer a lake at a time, on all machines; raises :class:`~watthouse.errors.BusyError` at once.

        For the holder of :meth:`only_one`, which is enough for a lake of its own.
        """
        beside = self.notes.place
        if beside.is_shared:
            with Lease(beside, "refresh.lease", self.settings.lease_seconds).held() as lease:
                self._lease = lease
                try:
                    yield
                    self.confirm_writer()
                finally:
                    self._lease = None
            return
        lock = self._locked(beside.path, "WATTHOUSE_LAKE") if self.settings.lake else None
        try:
            yield
        finally:
            if lock:
                lock.release()

    def confirm_writer(self) -> None:
        """Raises :class:`~watthouse.errors.BusyError` where another machine has taken over the lake in the meantime."""
        # A laptop that slept through its lease would write what it downloaded before, after another had written what
        # is true since: revisions that nobody published.
        if self._lease:
            self._lease.check()

    def last_refreshed(self) -> Mapping[str, datetime]:
        """When each dataset was last fetched, whether or not anything was new (UTC)."""
        # what is spoilt is left out: only `status` reads it, and the next refresh of that dataset writes it again
        noted = self.notes.read(_REFRESHES).items()
        return {name: moment for name, text in noted if (moment := _moment(text)) is not None}

    def remember(self, datasets: Iterable[Dataset]) -> None:
        """Note that these datasets were fetched now."""
        now = {dataset.id: datetime.now(UTC).isoformat() for dataset in datasets}
        self.notes.update(_REFRESHES, lambda note: dict(sorted({**note, **now}.items())))

    def _lock(self) -> FileLock:
        return self._locked(self.settings.home, "WATTHOUSE_HOME")

    def _locked(self, folder: Path, setting: str) -> FileLock:
        """The lock of a folder, taken."""
        holder, advice = folder / "refresh.pid", f"set {setting} to a folder of yours with room in it"
        lock = taken(folder, "refresh.lock", advice, lambda: _another(folder, holder, setting))
        with disk(folder, advice):
            holder.write_text(str(os.getpid()))
        return lock

    @property
    def _noted(self) -> str | None:
        if self._known is None:  # of one kind for ever: once it is known it need not be read again
            kind = self.notes.read(_KIND).get("data")
            self._known = str(kind) if kind else None
        return self._known

    @property
    def _built(self) -> str | None:
        """The kind of data in the warehouse."""
        if self._known_built is None:  # likewise, and a file of some GB need not be opened again
            self._known_built = self.warehouse.kind()
        return self._known_built


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def _another(folder: Path, holder: Path, setting: str) -> str:
    """The line about a refresh that runs in this folder: who, and since when."""
    try:
        pid, began = holder.read_text(), datetime.fromtimestamp(holder.stat().st_mtime, UTC)
    except OSError:
        return f"another refresh is running in {folder}: wait for it to end, or set {setting}"
    return (
        f"another refresh (pid {pid}) has been running in {folder} since {began:%Y-%m-%d %H:%M:%SZ}: wait for it to"
        f" end, or set {setting}"
    )


def described(kind: str) -> str:
    """A kind in words."""
    return "published data" if kind == REAL else f"watthouse's synthetic sample ({kind})"
