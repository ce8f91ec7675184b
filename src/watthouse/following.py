"""Stay, and refresh each dataset at its own cadence."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from watthouse.catalog import Dataset
from watthouse.errors import UsageError, WatthouseError

JITTER: Final = 0.1
"""Part of a cadence by which a refresh may come later, so that not everybody asks in the same second."""

_FIRST_RETRY: Final = timedelta(minutes=1)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Following:
    """A refresh of whatever is due, for ever.

    ``refresh`` is given the datasets that are due; ``failed`` is told of an error, which does not end it: what was due
    is tried again after a minute, then two, then four, at most its cadence later. ``wait`` sleeps so many seconds and
    returns whether to stop.
    """

    datasets: Sequence[Dataset]
    refresh: Callable[[tuple[Dataset, ...]], None]
    failed: Callable[[WatthouseError], None]
    wait: Callable[[float], bool]
    now: Callable[[], datetime] = _now
    chance: random.Random = field(default_factory=random.Random)
    _due: dict[str, datetime] = field(default_factory=dict, init=False)
    _failures: int = field(default=0, init=False)

    def run(self) -> None:
        """Until ``wait`` says stop; raises :class:`~watthouse.errors.UsageError` at once, which no waiting mends."""
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
        try:
            self.refresh(due)
        except UsageError:
            raise
        except WatthouseError as error:
            self._failures += 1
            self.failed(error)
        else:
            self._failures = 0
        for dataset in due:
            self._due[dataset.id] = self.now() + self._pause(dataset)

    def _pause(self, dataset: Dataset) -> timedelta:
        cadence = dataset.asked_every
        if self._failures:
            cadence = min(cadence, _FIRST_RETRY * 2 ** min(self._failures - 1, 20))
        return cadence * (1 + JITTER * self.chance.random())
