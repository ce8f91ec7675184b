"""The warehouse as it stood at one build. A new build is picked up by the next question; no answer mixes two.

A build is published by renaming a new file into place (:mod:`watthouse.warehouse.duckdb.store`). Each version that is
read has an engine of its own, closed when its last answer has gone out.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from importlib.metadata import version as version_of
from typing import Any, Final, TypeVar

import duckdb
import ibis
import ibis.expr.types as ir
from ibis.common.exceptions import TableNotFound

from watthouse.catalog import CATALOG
from watthouse.clock import PARIS
from watthouse.errors import WarehouseError
from watthouse.home import kind_of, now_of, sample_of
from watthouse.serve.engine import Engine
from watthouse.settings import Settings
from watthouse.transform import Step
from watthouse.transform.dictionary import Mart, marts

HELD: Final = "held"
"""The name under which the file is attached."""
T = TypeVar("T")
_ADVICE: Final = "run `watthouse refresh`"
_OF_STREAMS: Final = "12MB"
"""Half a month of every region by slot fits; what does not is read elsewhere, and nothing is kept that is read once."""


class Snapshot:
    """One version of the warehouse, read-only. ``version`` changes with its content, and with the program.

    ``engine`` answers what is asked of its tables, ``streams`` what is too long to be held; ``aside`` is held by
    whoever furnishes another catalog in ``engine``.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sample = sample_of(settings)
        self._lock = threading.Lock()
        self._tables: dict[tuple[str, str], ir.Table] = {}
        self.aside = threading.Lock()
        self._asked: dict[tuple[Callable[..., Any], tuple[Hashable, ...]], Any] = {}
        self.engine = Engine(settings)
        self._streams: Engine | None = None
        try:
            self.engine.attach(settings.warehouse, HELD)
            self.version, self.built_at = self._books(self.engine)
        except BaseException:
            self.engine.close()
            raise

    def table(self, name: str, schema: str = "marts") -> ir.Table:
        """A table of this version as an Ibis expression.

        Raises :class:`~watthouse.errors.WarehouseError` where another version of watthouse built it without that table.
        """
        with self._lock:
            if (schema, name) not in self._tables:
                self._tables[schema, name] = self._found(name, schema)
            return self._tables[schema, name]

    @property
    def streams(self) -> Engine:
        """Another engine on the same file, of little memory; ``engine`` where the file has been replaced since."""
        with self._lock:
            if self._streams is None:
                self._streams = self._beside() or self.engine
            return self._streams

    def _beside(self) -> Engine | None:
        engine = Engine(self.settings, _OF_STREAMS, self.engine)
        try:
            engine.attach(self.settings.warehouse, HELD)
            if self._books(engine)[0] == self.version:
                return engine
        except (duckdb.Error, WarehouseError):
            pass  # the next version cannot be read; this one still can
        engine.close()
        return None

    @cached_property
    def _backend(self) -> ibis.BaseBackend:
        return self.engine.tables()

    def _found(self, name: str, schema: str) -> ir.Table:
        try:
            return self._backend.table(name, database=(HELD, schema))
        except TableNotFound:
            said = f"{self.settings.warehouse} has no {schema}.{name}: another version of watthouse built it"
            raise WarehouseError(f"{said}; {_ADVICE}") from None

    def extent(self, *marts: str) -> tuple[date, date]:
        """The first and the last civil day that any of these marts holds; today, where all are empty."""
        held = [bounds for mart in marts if (bounds := self.once(_extent, mart))]
        if not held:
            return (today := now_of(self.settings).astimezone(PARIS).date()), today
        return min(first for first, _ in held), max(last for _, last in held)

    def once(self, ask: Callable[..., T], *of: Hashable) -> T:
        """``ask(self, *of)``, a small answer that nothing but the version decides: asked once for all."""
        if (ask, of) not in self._asked:
            self._asked[ask, of] = ask(self, *of)
        found: T = self._asked[ask, of]
        return found

    @property
    def marts(self) -> Mapping[str, Mart]:
        """What the marts are, by name."""
        return marts(self.settings.transform)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """What the build did, and left to be done again."""
        ((said,),) = self.engine.run(f"select steps from {HELD}.raw.builds")
        return tuple(Step.of(one) for one in json.loads(said))

    @cached_property
    def models(self) -> dict[str, Step]:
        """The SQL that made core and marts, by model."""
        return {step.title: step for step in self.steps if step.relation}

    def stands_on(self, name: str) -> tuple[str, ...]:
        """The models and raw tables that a model is made of, near and far, each once."""
        near = self._near.get(name, ())
        return tuple(dict.fromkeys(one for found in near for one in (found, *self.stands_on(found))))

    def datasets_of(self, name: str) -> tuple[str, ...]:
        """The ids of the datasets that a model is made of."""
        made_of = {name, *self.stands_on(name)}
        return tuple(dataset.id for dataset in CATALOG.values() if dataset.table in made_of)

    @cached_property
    def _near(self) -> dict[str, tuple[str, ...]]:
        return {
            step.title: tuple(one.rpartition(".")[2] for one in step.stands_on) for step in self.steps if step.is_model
        }

    @cached_property
    def views(self) -> tuple[str, ...]:
        """The SQL of staging."""
        where = f"database_name = '{HELD}' and schema_name = 'staging'"
        return tuple(sql for (sql,) in self.engine.run(f"select sql from duckdb_views() where {where}"))

    def close(self) -> None:
        """Let go of the file."""
        for engine in {self.engine, self._streams or self.engine}:
            engine.close()

    def _books(self, engine: Engine) -> tuple[str, datetime]:
        raw = f"{HELD}.raw"
        loads = engine.run(f"select dataset, ledger, lake_version, observed_until from {raw}.loads order by dataset")
        builds = engine.run(f"select fingerprint, built_at from {raw}.builds")
        if not builds:
            raise WarehouseError(f"{self.settings.warehouse} was never built whole: {_ADVICE}")
        ((loaded,),) = engine.run(f"select max(loaded_at) from {raw}.loads")
        ((fingerprint, built),) = builds
        said = repr((kind_of(self.settings), version_of("watthouse"), loads, fingerprint))
        return hashlib.sha256(said.encode()).hexdigest()[:16], max(built, loaded or built)


_MEASURED: Final = ("daily_merged", "daily_mix", "daily_regional", "exchanges_daily", "hourly_national")
"""Marts that hold a day before its load is known, where anything else is: it is no measured day yet."""


def _extent(snapshot: Snapshot, mart: str) -> tuple[date, date] | None:
    table = snapshot.table(mart)
    if mart in _MEASURED:
        table = table.filter(table.measured_slots > 0)
    bounds = table.aggregate(first=table.civil_date.min(), last=table.civil_date.max())
    first, last = snapshot.engine.rows(bounds).to_pylist()[0].values()
    return (first, last) if first and last else None


class _Held:
    """A snapshot with the number of answers that read it."""

    def __init__(self, key: tuple[int, int, int], snapshot: Snapshot) -> None:
        self.key = key
        self.snapshot = snapshot
        self.readers = 0
        self.retired = False


class Snapshots:
    """The version to read now; older ones until their last reader has gone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._held: _Held | None = None

    @contextmanager
    def lease(self) -> Iterator[Snapshot]:
        """The newest build, kept open until the block ends.

        Raises :class:`~watthouse.errors.WarehouseError` where there is none, or it cannot be read.
        """
        held = self._take()
        try:
            yield held.snapshot
        finally:
            self._give_back(held)

    def close(self) -> None:
        """Let go of what is held."""
        with self._lock:
            self._retire()

    def _take(self) -> _Held:
        with self._lock:
            key = self._key()
            if self._held is None or self._held.key != key:
                fresh = _Held(key, self._open())
                self._retire()
                self._held = fresh
            self._held.readers += 1
            return self._held

    def _give_back(self, held: _Held) -> None:
        with self._lock:
            held.readers -= 1
            if held.retired and not held.readers:
                held.snapshot.close()

    def _retire(self) -> None:
        if self._held is not None:
            self._held.retired = True
            if not self._held.readers:
                self._held.snapshot.close()
        self._held = None

    def _key(self) -> tuple[int, int, int]:
        path = self._settings.warehouse
        try:
            stat = path.stat()
        except FileNotFoundError:
            raise WarehouseError(f"there is no warehouse at {path} yet: {_ADVICE}") from None
        except OSError as error:
            raise WarehouseError(f"{path} cannot be read ({error.strerror}): {_ADVICE}") from error
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def _open(self) -> Snapshot:
        try:
            return Snapshot(self._settings)
        except duckdb.Error as error:
            said = str(error).splitlines()[0]
            advice = "`watthouse build --full` makes it anew from the lake"
            raise WarehouseError(f"{self._settings.warehouse} cannot be read ({said}): {advice}") from error
