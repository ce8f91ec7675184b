"""Which files the lake has taken in: bytes that were read before are not read again.

A note, never the truth: it counts only while the lake holds what it held when the note was written. A file is known by
the digest of its bytes, whatever it is called, and only by readers that would read it as they did then.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from watthouse.catalog import CATALOG, Dataset
from watthouse.errors import TableError
from watthouse.lake.ledger import Lake
from watthouse.lake.table import Head
from watthouse.sources.base import Document
from watthouse.storage import Notes
from watthouse.sync.report import Report, Tally

DOCUMENTS: Final = "documents.json"
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


@dataclass
class Documents:
    """The files that one lake has taken in, in a note beside it, which was ``noted`` when the run began."""

    notes: Notes
    lake: Lake
    noted: Mapping[str, Any]

    def find(self, digest: str) -> Remembered | None:
        """What a file of these bytes gave; None where it was not read, or the lake has lost some of it since."""
        return self._known.get(digest)

    @cached_property
    def _known(self) -> Mapping[str, Remembered]:
        return _valid(self.noted, {dataset.id: self._head(dataset) for dataset in CATALOG.values()})

    def keep(self, taken: Mapping[str, Remembered], heads: Mapping[str, Head | None]) -> None:
        """Note files by their digests, beside the ``heads`` of the datasets that were in them.

        Raises :class:`~watthouse.errors.LakeError` where the note cannot be written.
        """
        written = {digest: asdict(one) for digest, one in taken.items()}
        states = {name: state_of(head) for name, head in heads.items() if head}

        def with_these(note: dict[str, Any]) -> dict[str, Any]:
            # those of others may have been written by another machine since; what counts no longer goes
            known = {digest: asdict(one) for digest, one in _valid(note, heads).items()}
            lake = {**(note["lake"] if known else {}), **states}
            return {"readers": readers(), "lake": lake, "documents": known | written}

        self.notes.update(DOCUMENTS, with_these)

    def _head(self, dataset: Dataset) -> Head | None:
        try:
            return self.lake.head(dataset)
        except TableError:  # which observing it will tell, where anything is to be observed
            return None


@dataclass
class Memory:
    """What one run knows of its files: which were read before, and which it has read itself.

    What is ``taken``, by digest, are those that were read whole, and of which nothing was left out; ``met`` are the
    digests of these and of those that are noted and trusted.
    """

    documents: Documents
    report: Report
    met: set[str]
    taken: dict[str, Tally] = field(default_factory=dict)
    _twins: list[tuple[str, str]] = field(default_factory=list)

    def knows(self, document: Document, digest: str) -> bool:
        """Whether a document that was ``met`` is known: it is then entered in the report, its rows as unchanged."""
        if digest in self.taken:  # a zip and what was unpacked from it
            self._twins.append((document.origin, digest))
            return True
        if known := self.documents.find(digest):
            self.report.recall(document.origin, known.rows, known.dropped)
        return known is not None

    def keep(self, heads: Mapping[str, Head | None]) -> None:
        """Note what is taken, where all its datasets were observed: those of which there are ``heads`` after that."""
        # A file that was written to meanwhile is noted by bytes that nobody has: it is read again, and no other missed.
        gave = {digest: _of(tally) for digest, tally in self.taken.items()}
        whole = {digest: one for digest, one in gave.items() if one.datasets <= heads.keys()}
        for origin, digest in self._twins:
            if one := whole.get(digest):
                self.report.recall(origin, one.rows, one.dropped)
        if whole:
            self.documents.keep(whole, heads)


def _of(tally: Tally) -> Remembered:
    dropped = {name: dict(reasons) for name, reasons in tally.dropped.items()}
    return Remembered(dict(tally.taken), dropped, datetime.now(UTC).isoformat(timespec="seconds"))


def _valid(note: Mapping[str, Any], heads: Mapping[str, Head | None]) -> Mapping[str, Remembered]:
    """The files of a note whose datasets the lake has as it had them, by ``heads``; none of a note by others."""
    if note.get("readers") != readers():
        return {}
    try:
        then = note["lake"]
        lost = {name for name, head in heads.items() if name in then and not _holds(head, then[name])}
        known = {digest: Remembered(**one) for digest, one in note["documents"].items()}
        return {digest: one for digest, one in known.items() if one.datasets <= then.keys() - lost}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}


def state_of(head: Head) -> Mapping[str, Any]:
    """What a note says of the ledger that it was written beside."""
    return {"ledger": head.ledger, "observed_until": head.observed_until.isoformat(), "rows": head.rows}


def forget(notes: Notes, dataset: Dataset) -> None:
    """Forget the files that held a dataset: they are read again."""

    def without(note: dict[str, Any]) -> dict[str, Any]:
        return {**note, "lake": {name: head for name, head in note["lake"].items() if name != dataset.id}}

    lake = notes.read(DOCUMENTS).get("lake")
    if isinstance(lake, dict) and dataset.id in lake:
        notes.update(DOCUMENTS, without)


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
