"""What every engine does: build and publish, read what is published, and hold one build open for queries."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import pyarrow as pa

from watthouse.catalog import Dataset
from watthouse.lake.ledger import Lake
from watthouse.lake.table import Head
from watthouse.transform import Node, Step

if TYPE_CHECKING:  # Ibis comes with the extra `serve`: a refresh does without it
    import ibis.expr.types as ir

    from watthouse.warehouse.query import Query

SCHEMAS: Final = ("core", "marts", "energy_consumption")
"""Those that are read."""
RULE: Final = "rule"
"""The column with the rule that a row breaks."""


@dataclass(frozen=True)
class Loaded:
    """How far ``raw`` mirrors the lake for one dataset."""

    head: Head
    loaded_at: datetime


@dataclass(frozen=True)
class Kept:
    """A warehouse that was kept: where it is, and the home that has it, where it is one that can be served."""

    place: str
    home: Path | None = None


@dataclass(frozen=True)
class Tested:
    """A test, over all that the warehouse holds: the models it looks at, and in how many places it is broken.

    ``severity`` is ``warn``, or ``error`` for a test that must hold before a build is published.
    """

    name: str
    severity: str
    models: tuple[str, ...]
    places: int


class Draft(Protocol):
    """A warehouse being written: invisible until it is published."""

    def load(self, lake: Lake, dataset: Dataset, head: Head, *, anew: bool = False) -> int:
        """Bring the raw table up to ``head`` of the lake's, that in the same transaction; returns the rows added.

        ``anew`` loads all of it from the lake, whatever was loaded before. Raises
        :class:`~watthouse.errors.TableError`, and leaves the raw table as it was, where the lake's table cannot be read
        or lacks observations that were loaded before.
        """

    def bring(self, table: str, pieces: Iterable[pa.Table]) -> None:
        """Take a table that another engine built, for dbt to use instead of computing it.

        Raises :class:`~watthouse.errors.UsageError` in an engine whose builds nobody brings anywhere.
        """

    def carry_over(self, dataset: Dataset) -> bool:
        """Take the raw table, and how far it follows the lake, from the warehouse that is published, if it has it."""

    def replay(self, steps: Sequence[Step], datasets: Iterable[Dataset], on_node: Callable[[Node], None]) -> list[Node]:
        """Rebuild what depends on the raw tables of these datasets, for the days that changed in them."""

    def describe(self, about: Mapping[str, str]) -> None:
        """Write what it holds into the table ``about``, for readers who open it without watthouse.

        Its ``kind`` is read again by :meth:`Warehouse.kind`.
        """

    def release(self) -> Path:
        """Close it, so that dbt can take over in the folder that is returned."""

    def remember(self, steps: Sequence[Step]) -> None:
        """Reopen it after dbt, and store the steps that repeat what dbt did."""


@dataclass(frozen=True)
class Build:
    """The build that a warehouse holds: the lake's versions by dataset id, and when it was made (UTC).

    Two with the same ``mark`` hold the same rows, made by the same models.
    """

    mark: str
    lake_versions: Mapping[str, int]
    built_at: datetime


class BuildReader(Protocol):
    """One build, held open: several threads may query it at once, and no answer mixes two builds.

    A query raises :class:`~watthouse.errors.QueryLimitError` where it takes more time or memory than is allowed.
    """

    build: Build

    def renew(self) -> bool:
        """Make sure, at the beginning of an answer, that the build can be read; False where it is gone."""

    def steps(self) -> tuple[Step, ...]:
        """The steps that the build recorded."""

    def table(self, name: str, schema: str) -> "ir.Table":
        """A table as an Ibis expression; raises :class:`~watthouse.errors.WarehouseError` where there is none."""

    def rows(self, query: "Query") -> pa.Table:
        """The whole answer."""

    def batches(self, query: "Query") -> AbstractContextManager[pa.RecordBatchReader]:
        """The answer in pieces, in memory that does not grow with its length; valid while the block runs."""

    def table_as_of(self, name: str, schema: str = "marts") -> "ir.Table":
        """The same table's shape, for a query of :meth:`rows_as_of`."""

    def rows_as_of(
        self, moment: datetime, since: date, until: date, models: Sequence[str], queries: Sequence["Query"]
    ) -> tuple[pa.Table, ...]:
        """The answers of a warehouse as if built at ``moment`` from these civil days; they may query ``models``."""

    def tested(self, steps: Sequence[Step]) -> list[Tested]:
        """The result of each test among the steps, over all data."""

    def breaking(self, step: Step, limit: int) -> pa.Table:
        """The first rows that break a test: rule, key, values."""

    def close(self) -> None:
        """Release the build."""


class Extract(Protocol):
    """One build, held in one snapshot for another server to copy from."""

    @property
    def place(self) -> str:
        """Where it is, for people."""

    @property
    def identity(self) -> str:
        """The same while the same models build from the same ledgers: then stamps of days tell what changed."""

    @property
    def kind(self) -> str | None:
        """The kind of data."""

    def schema(self, name: str) -> str:
        """What SQL calls the schema ``staging``, ``core`` or ``marts`` of this build."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""

    def binary(self, query: str) -> Iterator[bytes]:
        """The same as PostgreSQL's binary COPY, in pieces: memory does not grow with their number."""


class Warehouse(Protocol):
    """Where raw, core and marts live."""

    engine: str
    """Its name, for people."""
    replays: bool
    """Whether a refresh can rebuild the days that changed; else every build is a full one, by dbt."""
    answers: bool
    """Whether pages and API read it; else `build --from-engine` brings its marts to an engine that they do read."""

    @property
    def place(self) -> str:
        """Where it is, for people."""

    def loaded(self) -> dict[str, Loaded]:
        """By dataset id; empty where there is no warehouse yet."""

    def kind(self) -> str | None:
        """The kind of data it holds, as :meth:`Draft.describe` wrote it; None where there is none, or it was not."""

    def is_readable(self) -> bool:
        """Whether it can tell how far it follows the lake; true for a warehouse that does not exist yet."""

    def steps(self) -> list[Step] | None:
        """The steps its marts were built by; None where there are none, or the models have changed since."""

    def observations(self, dataset: Dataset) -> Iterator[pa.Table]:
        """The loaded observations of a dataset with their stamps, a year at a time; none without a warehouse."""

    def keep(self) -> "Kept | None":
        """Keep what is published although it will be replaced; None where nothing is published."""

    def tested(self) -> list[Tested]:
        """The result of each of the build's tests, over all data; raises where there is no build to test."""

    def breaking(self, test: str) -> pa.Table:
        """The rows that break a test: rule, key, values; raises :class:`UsageError` for an unknown test."""

    def sweep(self) -> None:
        """Remove what interrupted builds left behind; only the holder of the home's lock may call it."""

    def draft(
        self, *, empty: bool = False, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[Draft]:
        """A copy, or an empty one, that is published whole when the block ends without an error.

        One of an engine that does not replay has the rows alone that were loaded before, where it is not empty.

        Where another machine writes to the same warehouse, ``on_wait`` is told, and it is waited for; without it, or
        where that takes too long, this raises :class:`~watthouse.errors.BusyError`.
        """

    def dbt(self) -> Mapping[str, str]:
        """The environment in which dbt's profile finds this engine."""

    def read(
        self, mart: str, *, since: date | None = None, until: date | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Rows of a mart, oldest first, between two days (both included)."""

    def pieces(
        self,
        mart: str,
        *,
        since: date | None = None,
        until: date | None = None,
        columns: Sequence[str] | None = None,
        schema: str = "marts",
    ) -> Iterator[pa.Table]:
        """The same rows, about 100,000 at a time; at least one piece.

        ``schema`` may be ``core`` or ``energy_consumption`` too; the days make no difference to a table that has none.
        """

    def tables(self, schema: str) -> list[str]:
        """The names of the tables of a schema that :meth:`pieces` reads, in order; none without a warehouse."""

    def extract(self) -> AbstractContextManager[Extract]:
        """Hold the build that is published now, to copy it elsewhere; raises where there is none."""

    def stamp(self) -> Hashable:
        """A value that differs with every published build; raises :class:`WarehouseError` where there is none."""

    def open(self, seconds: float) -> BuildReader:
        """Hold open the build that is published now; a query is given up after ``seconds``."""

    def warm_up(self) -> None:
        """Import what reading needs, before the first query."""
