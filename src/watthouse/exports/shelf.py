"""Where exports lie: ``exports/{dataset}/{YYYY-MM}.parquet`` in a place, and beside them what is known of each file."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

from watthouse.catalog import CATALOG, Dataset
from watthouse.errors import UsageError
from watthouse.exports.months import is_month
from watthouse.home import described
from watthouse.sources.manifests import MANIFEST
from watthouse.storage import Files, Lease, Notes, Place
from watthouse.storage.lock import taken

FOLDER: Final = "exports"
_SUFFIX: Final = ".parquet"
_LEASE: Final = ".grab.lease"
_LOCK: Final = ".grab.lock"


@dataclass(frozen=True)
class Entry:
    """What the manifest says of a file: when it was fetched (UTC) and from where, its rows, bytes and SHA-256.

    ``fingerprint`` is the service's own of that month; empty where the month moved while it was fetched.
    """

    fetched_at: str
    url: str
    rows: int
    bytes: int
    sha256: str
    fingerprint: str


class Shelf:
    """The exports in one place, all of one kind: published, or of one sample."""

    def __init__(self, place: Place, lease_seconds: float) -> None:
        self.files = Files(place / FOLDER)
        self._notes = Notes(self.files.place)
        self._lease_seconds = lease_seconds

    @property
    def place(self) -> Place:
        """The place of the exports themselves."""
        return self.files.place

    def is_of(self, place: Place) -> bool:
        """Whether these are the exports of a place."""
        other = place / FOLDER
        if self.place.is_shared or other.is_shared:
            return self.place.url == other.url
        return self.place.path.resolve() == other.path.resolve()

    @property
    def kind(self) -> str | None:
        """Of which kind they are; None where nothing says so.

        Raises :class:`~watthouse.errors.UsageError` where the manifests disagree: a folder was copied there.
        """
        found: dict[str, str] = {}
        for name in (MANIFEST, *map(_manifest, CATALOG.values())):
            if kind := self._notes.read(name).get("data"):
                found.setdefault(str(kind), name)
        if len(found) > 1:
            (one, first), (other, second) = list(found.items())[:2]
            raise UsageError(
                f"{self.place} holds {described(one)} by its {first}, and {described(other)} by its {second}:"
                " they never share a place; move one of them to another"
            )
        return next(iter(found), None)

    def claim(self, kind: str) -> None:
        """Note of which kind all exports here are; raises :class:`~watthouse.errors.UsageError` where they are not."""
        held = self.kind
        if held in (None, kind) and not self._notes.read(MANIFEST).get("data"):
            self._notes.update(MANIFEST, lambda note: {"data": kind, **note}, durable=True)
            held = self.kind  # another machine may have claimed the bucket in the meantime
        if held != kind:
            raise UsageError(
                f"{self.place} holds {described(str(held))}, and this is {described(kind)}: they never share a place;"
                " name another one with --to-store"
            )

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """One grab a place at a time: a file and its entry are written one after the other.

        Raises :class:`~watthouse.errors.BusyError` at once where another is at work.
        """
        if self.place.is_shared:
            with Lease(self.place, _LEASE, self._lease_seconds, "grab").held() as lease:
                yield
                lease.check()
            return
        advice = "name a folder of yours with room in it"
        lock = taken(
            self.place.path, _LOCK, advice, lambda: f"another grab is running in {self.place}: wait for it to end"
        )
        try:
            yield
        finally:
            lock.release()

    def months(self) -> Mapping[str, Mapping[str, int]]:
        """Dataset → month → bytes of what is there, whatever a manifest says."""
        found: dict[str, dict[str, int]] = {}
        for stored in self.files.listed():
            folder, _, name = stored.name.partition("/")
            if folder in CATALOG and name.endswith(_SUFFIX) and is_month(month := name.removesuffix(_SUFFIX)):
                found.setdefault(folder, {})[month] = stored.size
        return found

    def entries(self, dataset: Dataset) -> dict[str, Entry]:
        """Month → what is known of its file; what cannot be understood is left out."""
        months = _months(self._notes.read(_manifest(dataset)))
        read = {month: _entry(noted) for month, noted in months.items()}
        return {month: entry for month, entry in read.items() if entry}

    def note(self, dataset: Dataset, month: str, entry: Entry, kind: str) -> None:
        """Write down what is known of a file."""

        def noted(note: dict[str, Any]) -> dict[str, Any]:
            months = {**_months(note), month: asdict(entry)}
            return {"dataset": dataset.id, "data": kind, "months": dict(sorted(months.items()))}

        self._notes.update(_manifest(dataset), noted)


def file_of(dataset: Dataset, month: str) -> str:
    """The name of a file, below the exports."""
    return f"{dataset.id}/{month}{_SUFFIX}"


def _manifest(dataset: Dataset) -> str:
    return f"{dataset.id}/{MANIFEST}"


def _months(note: Mapping[str, Any]) -> dict[str, Any]:
    months = note.get("months")
    return months if isinstance(months, dict) else {}


def _entry(noted: Any) -> Entry | None:
    # a line of another version, or a spoilt one, costs one more download
    try:
        return Entry(
            str(noted["fetched_at"]),
            str(noted["url"]),
            int(noted["rows"]),
            int(noted["bytes"]),
            str(noted["sha256"]),
            str(noted["fingerprint"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
