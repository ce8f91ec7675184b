"""How many rows each dataset shows, without making anyone wait until 13 years are made to be counted."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date
from typing import Final

from watthouse.sample.reading import View, month_span
from watthouse.sample.spans import Span

_PATIENCE: Final = 0.3
"""How long an answer waits for the first count of a dataset, s."""

_PAUSE: Final = 0.05
"""How long counting steps aside before it looks again whether the server is busy, s."""


@dataclass(frozen=True)
class _Counted:
    stamp: Hashable
    rows: int


class Census:
    """Rows by month, counted in the background while the server is not ``busy``, one dataset at a time.

    A dataset is counted again when a day of the sample's clock has gone by; until then its last count stands, as the
    live one does between two processings. Whoever reads a month whole tells :meth:`note`, and it is not read again.
    """

    def __init__(self, busy: Callable[[], bool]) -> None:
        self._busy = busy
        self._months: dict[tuple[str, str], _Counted] = {}
        self._whole: dict[str, tuple[date, int]] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._starting, self._turn = threading.Lock(), threading.Lock()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Leave off counting, until somebody asks again."""
        self._stopped.set()
        self._stopped = threading.Event()

    def note(self, view: View, month: str, part: Span, stamp: Hashable, rows: int) -> None:
        """``part`` of a month was read, unfiltered; counts where that is the month."""
        if part == month_span(month):
            self._months[view.dataset_id, month] = _Counted(stamp, rows)

    def count(self, view: View, span: Span) -> int:
        """The rows of a dataset in ``span``, now; months that did not change since they were read are not read."""
        return sum(self._month(view, month, part) for month, part in view.months(span))

    def rows(self, view: View) -> int | None:
        """The rows of a dataset as last counted; None until they are counted for the first time."""
        day, rows = self._whole.get(view.dataset_id, (None, None))
        if day == view.now.date():
            return rows
        thread = self._started(view)
        if day is None:
            thread.join(_PATIENCE)
        return self._whole.get(view.dataset_id, (None, None))[1]

    def _started(self, view: View) -> threading.Thread:
        with self._starting:
            thread = self._threads.get(view.dataset_id)
            if thread is None or not thread.is_alive():
                thread = threading.Thread(target=self._recount, args=(view, self._stopped), daemon=True)
                self._threads[view.dataset_id] = thread
                thread.start()
            return thread

    def _recount(self, view: View, stopped: threading.Event) -> None:
        rows = 0
        with self._turn:
            for month, part in view.months(Span()):
                while self._busy() and not stopped.wait(_PAUSE):
                    pass
                if stopped.is_set():
                    return
                rows += self._month(view, month, part)
        self._whole[view.dataset_id] = view.now.date(), rows

    def _month(self, view: View, month: str, part: Span) -> int:
        stamp = view.stamp(month)
        counted = self._months.get((view.dataset_id, month))
        if counted and counted.stamp == stamp and part == month_span(month):
            return counted.rows
        rows = view.rows(part).height
        self.note(view, month, part, stamp, rows)
        return rows
