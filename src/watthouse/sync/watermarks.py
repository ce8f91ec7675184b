"""How far the lake has followed the service: what need not be fetched again.

A watermark is a note, never the truth: it is valid only for the ledger that it was made for, and anything observed
after it causes the months concerned to be fetched again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from watthouse.catalog import Dataset
from watthouse.lake.ledger import Lake
from watthouse.lake.table import Head
from watthouse.storage import Notes

_NAME: Final = "service.json"


@dataclass(frozen=True)
class Watermark:
    """How far one dataset was followed.

    ``processed`` is the service's own moment of the last change that is wholly in the lake, ``swept`` that of the
    last time the dataset was fetched from end to end; ``months`` are the fingerprints (``YYYY-MM`` → digest) of the
    months that are in the lake; ``ledger`` and ``observed_until`` identify the state of the ledger this is about.
    """

    ledger: str = ""
    observed_until: datetime | None = None
    processed: datetime | None = None
    swept: datetime | None = None
    months: Mapping[str, str] = field(default_factory=dict)

    def with_months(self, fingerprints: Mapping[str, str]) -> "Watermark":
        """The same, with these months in the lake too."""
        return replace(self, months={**self.months, **fingerprints})

    def without_months(self, months: Collection[str]) -> "Watermark":
        """The same, with nothing known of these months."""
        return replace(self, months={month: digest for month, digest in self.months.items() if month not in months})

    def beside(self, head: Head | None) -> "Watermark":
        """The same, made for this state of the ledger (None: there is none yet, the service showed no row)."""
        if head is None:
            return replace(self, ledger="", observed_until=None)
        return replace(self, ledger=head.ledger, observed_until=head.observed_until)


class Watermarks:
    """The watermarks of one lake and one service, in one note beside it."""

    def __init__(self, notes: Notes, service: str, lake: Lake) -> None:
        self._notes, self._service, self._lake = notes, service, lake
        self._noted = self._of_service(notes.read(_NAME))

    def of(self, dataset: Dataset) -> Watermark:
        """The part of a dataset's watermark that is still valid; an empty one where none is."""
        mark, head = _read(self._noted.get(dataset.id)), self._lake.head(dataset)
        if mark == mark.beside(head):
            return mark
        if mark.observed_until is None or head is None:
            return Watermark()
        if mark.ledger != head.ledger or head.observed_until < mark.observed_until:
            return Watermark()  # the lake was lost, or an older one restored
        # files were read since (`--from`): they may have replaced what the fingerprints of their months describe
        touched = self._lake.months_since(dataset, mark.observed_until)
        return Watermark(months=mark.months).without_months(touched).beside(head)

    def keep(self, dataset: Dataset, mark: Watermark) -> Watermark:
        """Store a watermark for the ledger's present state; returns it.

        Raises :class:`~watthouse.errors.LakeError` where it cannot be written.
        """
        mark = mark.beside(self._lake.head(dataset))
        self._noted[dataset.id] = written = _written(mark)
        # its own line alone: those of the others may have been written by another machine since
        self._notes.update(
            _NAME, lambda note: {"service": self._service, "datasets": {**self._of_service(note), dataset.id: written}}
        )
        return mark

    def _of_service(self, note: Mapping[str, Any]) -> dict[str, Any]:
        # The notes of another service (or of the sample) say nothing about this one.
        return _datasets(note) if note.get("service") == self._service else {}


def forget(notes: Notes, dataset: Dataset) -> None:
    """Forget the watermark of a dataset: it will be fetched again from end to end."""

    def without(note: dict[str, Any]) -> dict[str, Any]:
        return {**note, "datasets": {name: mark for name, mark in _datasets(note).items() if name != dataset.id}}

    if dataset.id in _datasets(notes.read(_NAME)):
        notes.update(_NAME, without)


def _datasets(note: Mapping[str, Any]) -> dict[str, Any]:
    datasets = note.get("datasets")
    return dict(datasets) if isinstance(datasets, dict) else {}


def _written(mark: Watermark) -> dict[str, Any]:
    moments = {name: _text(getattr(mark, name)) for name in ("observed_until", "processed", "swept")}
    return {"ledger": mark.ledger, **moments, "months": dict(mark.months)}


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _read(noted: Any) -> Watermark:
    # a note that cannot be understood, of an older version for one, costs a longer refresh and nothing else
    try:
        moments = {name: _moment(noted[name]) for name in ("observed_until", "processed", "swept")}
        return Watermark(ledger=str(noted["ledger"]), months=dict(noted["months"]), **moments)
    except (KeyError, TypeError, ValueError):
        return Watermark()


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
