"""Which files the lake has taken in: bytes that were read before are not read again.

A note, never the truth: it counts only while the lake holds what it held when the note was written. A file is known by
the digest of its bytes, whatever it is called, and only by readers that would read it as they did then.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from watthouse.catalog import CATALOG, Dataset
from watthouse.errors import TableError
from watthouse.home import Home
from watthouse.lake.ledger import Lake
from watthouse.lake.table import Head
from watthouse.sources.base import Digested, Document
from watthouse.storage import Notes
from watthouse.sync.report import Report, Tally

_NAME: Final = "documents.json"
_READERS: Final = Path(__file__).parents[1]


@dataclass(frozen=True)
class Remembered:
    """What a file gave: rows taken of each dataset, and rows dropped of each by reason; ``read_at`` in UTC."""

    rows: Mapping[str, int]
    dropped: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    read_at: str = ""

    @property
    def datasets(self) -> frozenset[str]:
        """The ids of the datasets that were in it."""
        return frozenset((*self.rows, *self.dropped))


class Documents:
    """The files that one lake has taken in, in a note beside it."""

    def __init__(self, notes: Notes, lake: Lake) -> None:
        self._notes, self._lake = notes, lake
        self._known = self._valid(notes.read(_NAME))

    def find(self, digest: str) -> Remembered | None:
        """What a file of these bytes gave; None where it was not read, or the lake has lost some of it since."""
        return self._known.get(digest)

    def keep(self, taken: Mapping[str, Remembered]) -> None:
        """Note files by their digests, beside the lake's present state.

        Raises :class:`~watthouse.errors.LakeError` where the note cannot be written.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        written = {digest: {**asdict(one), "read_at": now} for digest, one in taken.items()}

        def with_these(note: dict[str, Any]) -> dict[str, Any]:
            # those of others may have been written by another machine since; what counts no longer goes
            known = {digest: asdict(one) for digest, one in self._valid(note).items()} | written
            names = frozenset(name for one in known.values() for name in (*one["rows"], *one["dropped"]))
            return {"readers": readers(), "lake": self._heads(names), "documents": known}

        self._notes.update(_NAME, with_these)

    def _valid(self, note: Mapping[str, Any]) -> dict[str, Remembered]:
        """The files of a note whose datasets the lake has as it had them; none of a note that others wrote."""
        if note.get("readers") != readers():
            return {}
        try:
            sound = {name for name, then in note["lake"].items() if _holds(self._head(name), then)}
            known = {digest: Remembered(**one) for digest, one in note["documents"].items()}
            return {digest: one for digest, one in known.items() if one.datasets <= sound}
        except (AttributeError, KeyError, TypeError, ValueError):
            return {}

    def _heads(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        heads = {name: self._head(name) for name in sorted(names)}
        return {
            name: {"ledger": head.ledger, "observed_until": head.observed_until.isoformat(), "rows": head.rows}
            for name, head in heads.items()
            if head
        }

    def _head(self, name: str) -> Head | None:
        try:
            return self._lake.head(CATALOG[name]) if name in CATALOG else None
        except TableError:  # which observing it will tell, where anything is to be observed
            return None


class Memory:
    """What one run knows of its files: which were read before, and which it has read itself."""

    def __init__(self, home: Home, report: Report, *, distrusting: bool) -> None:
        self._home, self._report, self._distrusting = home, report, distrusting
        self._digest: str | None = None
        self._taken: dict[str, Remembered] = {}
        self._twins: list[tuple[str, Remembered]] = []

    def knows(self, document: Document) -> bool:
        """Whether a document was read before; it is then entered in the report, as rows that are unchanged."""
        self._digest = document.digest() if isinstance(document, Digested) else None
        if not self._digest:
            return False
        if twin := self._taken.get(self._digest):  # a zip and what was unpacked from it
            self._twins.append((document.origin, twin))
            return True
        known = None if self._distrusting else self._documents.find(self._digest)
        if known:
            self._report.recall(document.origin, known.rows, known.dropped)
        return known is not None

    def took(self, document: Document, whole: Tally | None) -> None:
        """Remember a document that was read whole and taken whole, unless it was written to meanwhile."""
        digest, self._digest = self._digest, None
        if digest and whole and whole.is_complete and isinstance(document, Digested) and document.digest() == digest:
            dropped = {name: dict(reasons) for name, reasons in whole.dropped.items()}
            self._taken[digest] = Remembered(dict(whole.taken), dropped)

    def keep(self, observed: Collection[str]) -> None:
        """Note those of them whose datasets have all been ``observed``; the rows are in the lake."""
        for origin, one in self._twins:
            if one.datasets <= frozenset(observed):
                self._report.recall(origin, one.rows, one.dropped)
        taken = {digest: one for digest, one in self._taken.items() if one.datasets <= frozenset(observed)}
        if taken:
            self._documents.keep(taken)

    @cached_property
    def _documents(self) -> Documents:
        return Documents(self._home.notes, self._home.lake)


def forget(notes: Notes, dataset: Dataset) -> None:
    """Forget the files that held a dataset: they are read again."""

    def without(note: dict[str, Any]) -> dict[str, Any]:
        return {**note, "lake": {name: head for name, head in note["lake"].items() if name != dataset.id}}

    lake = notes.read(_NAME).get("lake")
    if isinstance(lake, dict) and dataset.id in lake:
        notes.update(_NAME, without)


def _holds(head: Head | None, then: Mapping[str, Any]) -> bool:
    # another ledger, or an older copy of it, may lack what the file gave
    return (
        head is not None
        and head.ledger == then["ledger"]
        and head.rows >= then["rows"]
        and head.observed_until >= datetime.fromisoformat(then["observed_until"])
    )


@cache
def readers() -> str:
    """Differs once a file may be read otherwise: its readers, or the catalog that they apply."""
    files = sorted(path for folder in ("sources", "catalog") for path in (_READERS / folder).rglob("*.py"))
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
