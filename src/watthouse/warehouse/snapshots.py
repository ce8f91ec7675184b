"""The warehouse as of one build. A new build is picked up by the next query; no answer mixes two.

Each build that is read is held open until its last answer has been sent.
"""

import hashlib
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from functools import cached_property
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Any, Final, TypeVar

from watthouse.catalog import CATALOG
from watthouse.clock import PARIS
from watthouse.errors import NoWarehouseError
from watthouse.settings import Settings
from watthouse.transform.dictionary import Mart, marts
from watthouse.warehouse.base import BuildReader, Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir


T = TypeVar("T")


class Snapshot:
    """One version of the warehouse, read-only. ``version`` changes with its content, and with the program.

    Its methods are those of :class:`~watthouse.warehouse.base.BuildReader`, and what follows from them in any engine.
    ``sample`` names the synthetic sample that it holds; None for published figures.
    """

    def __init__(
        self, reader: BuildReader, settings: Settings, sample: str | None, now: Callable[[], datetime]
    ) -> None:
        from watthouse.warehouse.kept import KeptRows  # Ibis comes with the extra `serve`

        self.settings = settings
        self.sample = sample
        self._reader = reader
        self._now = now
        self.rows = KeptRows(reader.rows).rows
        self.batches, self.steps = reader.batches, reader.steps
        self.table_as_of, self.rows_as_of = reader.table_as_of, reader.rows_as_of
        self.tested, self.breaking = reader.tested, reader.breaking
        self.renew, self.close = reader.renew, reader.close
        self._lock = threading.Lock()
        self._tables: dict[tuple[str, str], ir.Table] = {}
        self._answers: dict[tuple[Callable[..., Any], tuple[Hashable, ...]], Any] = {}
        self.built_at, self.lake_versions = reader.build.built_at, reader.build.lake_versions
        described = repr((sample, version_of("watthouse"), reader.build.mark))
        self.version: Final = hashlib.sha256(described.encode()).hexdigest()[:16]

    def table(self, name: str, schema: str = "marts") -> "ir.Table":
        """A table of this version as an Ibis expression.

        Raises :class:`~watthouse.errors.WarehouseError` where another version of watthouse built it without that table.
        """
        with self._lock:
            if (schema, name) not in self._tables:
                self._tables[schema, name] = self._reader.table(name, schema)
            return self._tables[schema, name]

    def extent(self, *names: str) -> tuple[date, date]:
        """The first and the last civil day that any of these marts holds; today, where all are empty."""
        extents = [bounds for name in names if (bounds := self.once(_extent, name))]
        if not extents:
            return (today := self._now().astimezone(PARIS).date()), today
        return min(first for first, _ in extents), max(last for _, last in extents)

    def once(self, ask: Callable[..., T], *of: Hashable) -> T:
        """``ask(self, *of)``, a small answer that depends only on the version: computed once."""
        if (ask, of) not in self._answers:
            self._answers[ask, of] = ask(self, *of)
        answer: T = self._answers[ask, of]
        return answer

    @property
    def marts(self) -> Mapping[str, Mart]:
        """The descriptions of the marts, by name."""
        return marts(self.settings.transform)

    def stands_on(self, name: str) -> tuple[str, ...]:
        """The models and raw tables that a model depends on, directly or not, each once."""
        near = self._near.get(name, ())
        return tuple(dict.fromkeys(far for title in near for far in (title, *self.stands_on(title))))

    def datasets_of(self, name: str) -> tuple[str, ...]:
        """The ids of the datasets that a model is made of."""
        made_of = {name, *self.stands_on(name)}
        return tuple(dataset.id for dataset in CATALOG.values() if dataset.table in made_of)

    @cached_property
    def _near(self) -> dict[str, tuple[str, ...]]:
        return {step.title: step.titles for step in self.steps() if step.is_model}


_MEASURED: Final = ("daily_merged", "daily_mix", "daily_regional", "exchanges_daily", "hourly_national")
"""Marts that have a row for a day before its load is known: that is not a measured day yet."""


def _extent(snapshot: Snapshot, mart: str) -> tuple[date, date] | None:
    table = snapshot.table(mart)
    if mart in _MEASURED:
        table = table.filter(table.measured_slots > 0)
    bounds = table.aggregate(first=table.civil_date.min(), last=table.civil_date.max())
    first, last = snapshot.rows(bounds).to_pylist()[0].values()
    return (first, last) if first and last else None


class _Lease:
    """A snapshot with the number of answers that are reading it."""

    def __init__(self, stamp: Hashable, snapshot: Snapshot) -> None:
        self.stamp = stamp
        self.snapshot = snapshot
        self.readers = 0
        self.retired = False


class Snapshots:
    """The version to read now; older ones until their last reader is done.

    ``sample`` gives the sample that the warehouse holds, ``now`` the time by which the age of its data is counted.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        settings: Settings,
        sample: Callable[[], str | None],
        now: Callable[[], datetime],
    ) -> None:
        self._warehouse = warehouse
        self._settings = settings
        self._sample = sample
        self._now = now
        self._lock = threading.Lock()
        self._current: _Lease | None = None

    @contextmanager
    def lease(self) -> Iterator[Snapshot]:
        """The newest build, kept open until the block ends.

        Raises :class:`~watthouse.errors.WarehouseError` where there is none, or it cannot be read.
        """
        lease = self._take()
        try:
            yield lease.snapshot
        finally:
            self._give_back(lease)

    @contextmanager
    def lease_if_built(self) -> Iterator[Snapshot | None]:
        """The same; None where nothing was built yet."""
        with ExitStack() as stack:
            try:
                snapshot = stack.enter_context(self.lease())
            except NoWarehouseError:
                snapshot = None
            yield snapshot

    def warm_up(self) -> None:
        """Import what reading needs, before the first query."""
        self._warehouse.warm_up()

    def close(self) -> None:
        """Close the current version once its readers are done."""
        with self._lock:
            self._retire()

    def _take(self) -> _Lease:
        with self._lock:
            stamp = self._warehouse.stamp()
            if self._current is None or self._current.stamp != stamp or not self._current.snapshot.renew():
                # opened before the old one is retired: where the new build cannot be read, the old one goes on serving
                fresh = _Lease(stamp, self._open())
                self._retire()
                self._current = fresh
            self._current.readers += 1
            return self._current

    def _open(self) -> Snapshot:
        sample = self._sample()
        return Snapshot(self._warehouse.open(self._settings.query_seconds), self._settings, sample, self._now)

    def _give_back(self, lease: _Lease) -> None:
        with self._lock:
            lease.readers -= 1
            if lease.retired and not lease.readers:
                lease.snapshot.close()

    def _retire(self) -> None:
        if self._current is not None:
            self._current.retired = True
            if not self._current.readers:
                self._current.snapshot.close()
        self._current = None
