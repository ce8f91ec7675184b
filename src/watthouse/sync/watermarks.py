"""How far the lake has followed the service: what need not be asked for again.

A watermark is a note, never the truth: it counts only for the ledger that it was made beside, and whatever was
observed after it makes the months concerned be asked for again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from watthouse.catalog import Dataset
from watthouse.home import disk, read_json, write_json
from watthouse.lake.ledger import Head, Lake


@dataclass(frozen=True)
class Watermark:
    """One dataset.

    ``processed`` is the service's own moment of the last change that is wholly in the lake, ``swept`` that of the
    last time the dataset was fetched from end to end; ``months`` are the fingerprints (``YYYY-MM`` → digest) of the
    months that are in the lake; ``ledger`` and ``observed_until`` say which state of which ledger this is about.
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
        return replace(self, months={month: said for month, said in self.months.items() if month not in months})

    def beside(self, head: Head | None) -> "Watermark":
        """The same, made beside this state of the ledger (None: there is none yet, the service showed no row)."""
        if head is None:
            return replace(self, ledger="", observed_until=None)
        return replace(self, ledger=head.ledger, observed_until=head.observed_until)


class Watermarks:
    """The watermarks of one home and one service, in one file."""

    def __init__(self, path: Path, service: str, lake: Lake) -> None:
        self._path, self._service, self._lake = path, service, lake
        said = read_json(path)
        self._said: dict[str, Any] = said.get("datasets", {}) if said.get("service") == service else {}

    def of(self, dataset: Dataset) -> Watermark:
        """What may still be believed of a dataset's watermark; an empty one where nothing may."""
        mark, head = _read(self._said.get(dataset.id)), self._lake.head(dataset)
        if mark == mark.beside(head):
            return mark
        if mark.observed_until is None or head is None:
            return Watermark()
        if mark.ledger != head.ledger or head.observed_until < mark.observed_until:
            return Watermark()  # the lake was lost, or an older one restored
        touched = self._lake.months_since(dataset, mark.observed_until)
        return Watermark(months=mark.months).without_months(touched).beside(head)

    def keep(self, dataset: Dataset, mark: Watermark) -> Watermark:
        """Write a watermark down beside the ledger's present state; returns it.

        Raises :class:`~watthouse.errors.LakeError` where it cannot be written.
        """
        mark = mark.beside(self._lake.head(dataset))
        self._said[dataset.id] = _written(mark)
        with disk(self._path.parent, "free some space and run again"):
            write_json(self._path, {"service": self._service, "datasets": self._said})
        return mark


def forget(path: Path, dataset: Dataset) -> None:
    """Believe nothing of a dataset any more: it is asked for again from end to end."""
    said = read_json(path)
    if said.get("datasets", {}).pop(dataset.id, None):
        with disk(path.parent, "free some space and run again"):
            write_json(path, said)


def _written(mark: Watermark) -> dict[str, Any]:
    moments = {name: _text(getattr(mark, name)) for name in ("observed_until", "processed", "swept")}
    return {"ledger": mark.ledger, **moments, "months": dict(mark.months)}


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _read(said: Any) -> Watermark:
    try:
        moments = {name: _moment(said[name]) for name in ("observed_until", "processed", "swept")}
        return Watermark(ledger=str(said["ledger"]), months=dict(said["months"]), **moments)
    except (KeyError, TypeError, ValueError):
        return Watermark()


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
