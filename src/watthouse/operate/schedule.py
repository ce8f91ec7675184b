"""Stay, and refresh each dataset at its own cadence."""

import random
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from watthouse.catalog import Dataset
from watthouse.errors import UsageError
from watthouse.streams import OutputError

JITTER: Final = 0.1
"""Share of a pause by which a round may come later, so that not all homes ask in the same second."""

_FIRST_RETRY: Final = timedelta(minutes=1)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Following:
    """Refreshes whatever is due, forever.

    ``refresh`` is given the datasets that are due, and returns the ids of those that it could not bring up to date.
    ``on_error`` is called with an error, which does not end it. What is not up to date is tried again after a minute,
    then two, then four, at most its cadence later. ``wait`` sleeps for some seconds and returns whether to stop.
    """

    datasets: Sequence[Dataset]
    refresh: Callable[[tuple[Dataset, ...]], Collection[str]]
    on_error: Callable[[BaseException], None]
    wait: Callable[[float], bool]
    now: Callable[[], datetime] = _now
    chance: random.Random = field(default_factory=random.Random)
    _due: dict[str, datetime] = field(default_factory=dict, init=False)
    _failures: Counter[str] = field(default_factory=Counter, init=False)

    def run(self) -> None:
        """Until ``wait`` says stop; raises :class:`~watthouse.errors.UsageError` at once, which no retry would help."""
        self._due = {dataset.id: self.now() for dataset in self.datasets}
        while True:
            self._round(tuple(dataset for dataset in self.datasets if self._due[dataset.id] <= self.now()))
            if self.wait(max(0.0, (self.next_due - self.now()).total_seconds())):
                return

    @property
    def next_due(self) -> datetime:
        """When the next dataset is due."""
        return min(self._due.values())

    def _round(self, due: tuple[Dataset, ...]) -> None:
        if not due:
            return
        unsettled, later = self._refreshed(due), 1 + JITTER * self.chance.random()
        for dataset in due:
            self._failures[dataset.id] = self._failures[dataset.id] + 1 if dataset.id in unsettled else 0
            self._due[dataset.id] = self.now() + self._pause(dataset) * later

    def _refreshed(self, due: tuple[Dataset, ...]) -> Collection[str]:
        """The ids of the datasets that are not up to date after a refresh."""
        try:
            return self.refresh(due)
        except (KeyboardInterrupt, SystemExit, OutputError, UsageError):
            raise
        except BaseException as error:
            # BaseException: a panic in polars or calamine is not an Exception, and must not end a service either
            self.on_error(error)
            return {dataset.id for dataset in due}

    def _pause(self, dataset: Dataset) -> timedelta:
        cadence = dataset.poll_interval
        if failures := self._failures[dataset.id]:
            cadence = min(cadence, _FIRST_RETRY * 2 ** min(failures - 1, 20))
        return cadence
