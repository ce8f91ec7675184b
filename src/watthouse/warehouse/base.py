"""What every engine does: build and publish, read what is published, and hold one build open for questions."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import pyarrow as pa

from watthouse.catalog import Dataset
from watthouse.lake.ledger import Head, Lake
from watthouse.transform import Node, Step

if TYPE_CHECKING:  # Ibis is of the extra that serves: a refresh does without
    import ibis.expr.types as ir

    from watthouse.warehouse.query import Query

RULE: Final = "rule"
"""The column that says which rule a row breaks."""


@dataclass(frozen=True)
class Loaded:
    """How far ``raw`` mirrors the lake for one dataset."""

    head: Head
    loaded_at: datetime

    def is_ahead_of(self, head: Head | None) -> bool:
        """Whether it holds what that ledger does not: the ledger was lost, or restored to an earlier state."""
        if head is None or head.ledger != self.head.ledger:
            return True
        mine = self.head
        return head.version < mine.version or head.observed_until < mine.observed_until or head.rows < mine.rows


@dataclass(frozen=True)
class Tested:
    """A test, over all that the warehouse holds: the models it looks at, and in how many places it is broken.

    ``severity`` is ``warn``, or ``error`` for one whose breach no build is published with.
    """

    name: str
    severity: str
    models: tuple[str, ...]
    places: int


class Draft(Protocol):
    """A warehouse being written: nobody sees it before it is published."""

    def load(self, lake: Lake, dataset: Dataset, *, anew: bool = False) -> int:
        """Bring the raw table up to the lake, the lake version in the same transaction; returns the rows added.

        ``anew`` takes all of it from the lake, whatever was loaded before. Raises
        :class:`~watthouse.errors.TableError`, and leaves the raw table as it was, where the lake's table cannot be read
        or lacks observations that were loaded before.
        """

    def carry_over(self, dataset: Dataset) -> bool:
        """Take the raw table, and how far it follows the lake, from the warehouse that is published, if it has it."""

    def replay(self, steps: Sequence[Step], sources: Iterable[str], on_node: Callable[[Node], None]) -> list[Node]:
        """Rebuild the days that changed in these raw tables."""

    def describe(self, about: Mapping[str, str]) -> None:
        """Write what it holds into the table ``about``, for whoever opens it without watthouse."""

    def release(self) -> Path:
        """Let go, so that dbt can take over in the folder that is returned."""

    def remember(self, steps: Sequence[Step]) -> None:
        """Take it back from dbt, and keep the steps that repeat what it did."""


@dataclass(frozen=True)
class Build:
    """What a warehouse says of the build it holds: the lake's versions by dataset id, and when it was made (UTC).

    Two with the same ``mark`` hold the same rows, made by the same models.
    """

    mark: str
    lake_versions: Mapping[str, int]
    built_at: datetime


class Reader(Protocol):
    """One build, held open: several threads may ask it at once, and none of its answers mixes two builds.

    A query raises :class:`~watthouse.errors.QueryLimitError` where it takes longer, or more memory, than one may.
    """

    build: Build

    def steps(self) -> tuple[Step, ...]:
        """What the build did, and left to be done again."""

    def table(self, name: str, schema: str) -> "ir.Table":
        """A table as an Ibis expression; raises :class:`~watthouse.errors.WarehouseError` where there is none."""

    def rows(self, query: "Query") -> pa.Table:
        """The whole answer."""

    def batches(self, query: "Query") -> AbstractContextManager[pa.RecordBatchReader]:
        """The answer in pieces, in memory that does not grow with its length; it counts while the block runs."""

    def table_as_of(self, name: str, schema: str = "marts") -> "ir.Table":
        """The same table's shape, for a query of :meth:`rows_as_of`."""

    def rows_as_of(
        self, moment: datetime, since: date, until: date, models: Sequence[str], queries: Sequence["Query"]
    ) -> tuple[pa.Table, ...]:
        """The answers of a warehouse built at ``moment`` from the civil days between two; they may ask ``models``."""

    def tested(self, steps: Sequence[Step]) -> list[Tested]:
        """What each test among the steps finds, over all that is held."""

    def breaking(self, step: Step, limit: int) -> pa.Table:
        """The first rows that break a test: rule, key, values."""

    def close(self) -> None:
        """Let go of the build."""


class Warehouse(Protocol):
    """Where raw, core and marts live."""

    engine: str
    """Its name, for people."""

    @property
    def place(self) -> str:
        """Where it is, for people."""

    def exists(self) -> bool:
        """Whether there is one, readable or not."""

    def loaded(self) -> dict[str, Loaded]:
        """By dataset id; empty where there is no warehouse yet."""

    def is_readable(self) -> bool:
        """Whether it says how far it follows the lake; a warehouse that is not there yet is."""

    def steps(self) -> list[Step] | None:
        """The steps its marts were built by; None where there are none, or the models have changed since."""

    def observations(self, dataset: Dataset) -> Iterator[pa.Table]:
        """What was loaded of a dataset, with its stamps, a year at a time; nothing where there is no warehouse."""

    def keep(self) -> Path | None:
        """Keep what is published beside it, before it is replaced; returns where, None where nothing is published."""

    def tested(self) -> list[Tested]:
        """What each of the build's tests finds, over all that is held; raises where there is no build to test."""

    def breaking(self, test: str) -> pa.Table:
        """The rows that break a test: rule, key, values; raises :class:`UsageError` for a test that there is not."""

    def sweep(self) -> None:
        """Remove what builds that were cut off left behind; for whoever alone may build."""

    def draft(self, *, empty: bool = False) -> AbstractContextManager[Draft]:
        """A copy, or an empty one, that is published whole when the block ends without an error."""

    def dbt(self) -> Mapping[str, str]:
        """The environment in which dbt's profile finds this engine."""

    def read(
        self, mart: str, *, since: date | None = None, until: date | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Rows of a mart, oldest first, between two days (both included)."""

    def pieces(
        self, mart: str, *, since: date | None = None, until: date | None = None, columns: Sequence[str] | None = None
    ) -> Iterator[pa.Table]:
        """The same rows, some 100,000 at a time; one piece at least."""

    def stamp(self) -> Hashable:
        """Another one with every build that is published; raises :class:`WarehouseError` where there is none."""

    def open(self, seconds: float) -> Reader:
        """Hold open the build that is published now, and give up a query of it after so many seconds."""

    def warm_up(self) -> None:
        """Import what reading takes, before the first question."""
