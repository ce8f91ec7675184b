"""A folder of Delta tables, built by Spark, as the warehouse."""

import re
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NoReturn

import pyarrow as pa

from watthouse.catalog import Dataset
from watthouse.errors import NoWarehouseError, UsageError, WarehouseError
from watthouse.settings import Settings
from watthouse.storage.lock import taken
from watthouse.transform import Step, fingerprint, steps_of
from watthouse.warehouse import marts
from watthouse.warehouse.base import BuildReader, Extract, Kept, Loaded, Tested
from watthouse.warehouse.spark import builds
from watthouse.warehouse.spark.builds import Published
from watthouse.warehouse.spark.draft import SparkDraft
from watthouse.warehouse.spark.place import SparkPlace
from watthouse.warehouse.spark.tables import DeltaMarts

_LEAST: Final = 2048
_LIMIT: Final = re.compile(r"^([0-9.]+) ?([KMGT]?)")
_MEGABYTES: Final = {"": 2**-20, "K": 2**-10, "M": 1, "G": 2**10, "T": 2**20}


class Spark:
    """Builds in the folder of ``place``: Spark makes them, whoever reads them does not need it."""

    engine = "Spark"
    replays = False
    answers = False

    def __init__(self, place: SparkPlace, settings: Settings) -> None:
        self._place = place
        self._folder = place.folder
        self._settings = settings

    @property
    def place(self) -> str:
        return str(self._place)

    def loaded(self) -> dict[str, Loaded]:
        return dict(build.loads) if (build := builds.published(self._folder)) else {}

    def kind(self) -> str | None:
        build = builds.published(self._folder)
        return build.about.get("kind") if build else None

    def is_readable(self) -> bool:
        try:
            builds.published(self._folder)
        except WarehouseError:
            return False
        return True

    def steps(self) -> list[Step] | None:
        build = builds.published(self._folder)
        return steps_of(build.steps) if build and build.fingerprint == self._fingerprint else None

    def observations(self, dataset: Dataset) -> Iterator[pa.Table]:  # noqa: ARG002 - it has none of its own
        """None: it reads the lake, and keeps no copy of it."""
        yield from ()

    def keep(self) -> Kept | None:
        if (build := builds.published(self._folder)) is None:
            return None
        builds.keep(build.folder)
        return Kept(str(build.folder))

    def tested(self) -> list[Tested]:
        self._elsewhere("tests are asked again")

    def breaking(self, test: str) -> pa.Table:  # noqa: ARG002 - of any
        self._elsewhere("what breaks a test is shown")

    def sweep(self) -> None:
        if self._folder.is_dir():
            builds.sweep(self._folder)

    @contextmanager
    def draft(
        self,
        *,
        empty: bool = False,
        on_wait: Callable[[str], None] | None = None,  # noqa: ARG002 - a build takes minutes: run again
    ) -> Iterator[SparkDraft]:
        """Raises :class:`~watthouse.errors.BusyError` where another machine builds in the same folder."""
        lock = taken(
            self._folder,
            "build.lock",
            "name a folder of yours with room in it",
            lambda: f"another refresh is building in {self._folder}: wait for it to end",
        )
        try:
            build = builds.reserve(self._folder)
            draft = SparkDraft(build, builds.published(self._folder), self._fingerprint, empty=empty)
            yield draft
            draft.finish()
            builds.publish(build)
            builds.sweep(self._folder)
        finally:
            lock.release()

    def dbt(self) -> Mapping[str, str]:
        """Its dbt is in the environment that has PySpark; raises :class:`UsageError` where none is named."""
        settings = self._settings
        if settings.spark_python is None and find_spec("pyspark") is None:
            raise UsageError(
                "PySpark is not installed: pip install 'watthouse[spark]' in an environment of its own, and set"
                " WATTHOUSE_SPARK_PYTHON to its Python"
            )
        chosen = {"WATTHOUSE_DBT_MASTER": self._place.master, "WATTHOUSE_DBT_JARS": settings.spark_jars}
        return {
            "WATTHOUSE_DBT_TARGET": "spark",
            "WATTHOUSE_DBT_PYTHON": str((settings.spark_python or Path(sys.executable)).absolute()),
            "WATTHOUSE_DBT_WORKER": "watthouse.warehouse.spark.worker",
            "WATTHOUSE_DBT_THREADS": str(settings.threads),
            "WATTHOUSE_DBT_MEMORY": _memory(settings.memory_limit),
            **{name: str(value) for name, value in chosen.items() if value},
        }

    def read(
        self, mart: str, *, since: date | None = None, until: date | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Raises :class:`UsageError` for a mart or a column that is not there."""
        return pa.concat_tables(self.pieces(mart, since=since, until=until, columns=columns))

    def pieces(
        self,
        mart: str,
        *,
        since: date | None = None,
        until: date | None = None,
        columns: Sequence[str] | None = None,
        schema: str = "marts",
    ) -> Iterator[pa.Table]:
        """Raises :class:`UsageError` for a mart or a column that is not there."""
        yield from marts.pieces(self._tables(self._current, schema), mart, since, until, columns)

    def tables(self, schema: str) -> list[str]:
        build = builds.published(self._folder)
        return self._tables(build, schema).names() if build else []

    def extract(self) -> AbstractContextManager[Extract]:
        self._elsewhere("the datamart is shipped")

    def stamp(self) -> Hashable:
        return self._current.number

    def open(self, seconds: float) -> BuildReader:  # noqa: ARG002 - whatever it is
        self._elsewhere("pages and API answer")

    def warm_up(self) -> None:
        """Nothing to import."""

    @cached_property
    def _fingerprint(self) -> str:
        return fingerprint(self._settings.transform)

    @property
    def _current(self) -> Published:
        if (build := builds.published(self._folder)) is None:
            raise NoWarehouseError(f"there is no warehouse at {self.place} yet: run `watthouse refresh` first")
        return build

    def _tables(self, build: Published, schema: str) -> DeltaMarts:
        return DeltaMarts(build.folder, schema, self._settings.transform)

    def _elsewhere(self, what: str) -> NoReturn:
        raise UsageError(
            f"{what} from the file of a home or from PostgreSQL: bring the marts there with `watthouse build"
            f" --from-engine {self.place}`"
        )


def _memory(limit: str) -> str:
    """A limit as the JVM writes it; below :data:`_LEAST` Spark does not start, or ends in the middle of a build."""
    ((number, unit),) = _LIMIT.findall(limit.upper())
    return f"{max(_LEAST, round(float(number) * _MEGABYTES[unit]))}m"
