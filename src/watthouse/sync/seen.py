"""What the downloads in the lake had measured, in a note beside it.

A note, never the truth: where it is missing, or the lake has moved on without it (a refresh from the service, a run
that was killed, another watthouse), all that the lake has counts as seen at the newest slot that is measured in it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from watthouse.catalog import Dataset
from watthouse.lake.downloads import NOTHING, Downloads, Seen, Stretch
from watthouse.lake.ledger import Lake
from watthouse.lake.table import Head
from watthouse.storage import Notes
from watthouse.sync.remembered import state_of

_NAME: Final = "downloads.json"
_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)


class SeenDownloads:
    """What has been seen of each dataset of one lake."""

    def __init__(self, notes: Notes, lake: Lake) -> None:
        self._notes, self._lake = notes, lake

    def seen(self, dataset: Dataset) -> Seen:
        """What downloads of a dataset must not replace; nothing of a dataset whose files are none."""
        head = self._lake.head(dataset) if dataset.dated else None
        if head is None:
            return NOTHING
        noted = self._notes.read(_NAME).get(dataset.id)
        if (seen := _read(noted, head)) is not None:
            return seen
        newest = self._lake.extent(dataset).newest_measured
        return Seen((Stretch(_ALWAYS, newest, newest),)) if isinstance(newest, datetime) else NOTHING

    def keep(self, downloads: Downloads) -> None:
        """Note documents that were observed, beside the lake's present state.

        Raises :class:`~watthouse.errors.LakeError` where the note cannot be written.
        """
        dataset, head = downloads.dataset, self._lake.head(downloads.dataset)
        if head is None:
            return
        stretches = downloads.seen.with_these(downloads.stretches()).stretches
        written = {**state_of(head), "stretches": [_texts(one) for one in stretches]}
        self._notes.update(_NAME, lambda note: {**note, dataset.id: written})


def _texts(one: Stretch) -> list[str]:
    return [moment.isoformat() for moment in (one.since, one.until, one.moment)]


def _read(noted: Any, head: Head) -> Seen | None:
    """What was noted beside this very state of the lake; None for any other."""
    if not isinstance(noted, Mapping) or any(noted.get(name) != value for name, value in state_of(head).items()):
        return None
    try:
        return Seen(tuple(Stretch(*map(datetime.fromisoformat, texts)) for texts in noted["stretches"]))
    except (KeyError, TypeError, ValueError):
        return None
