"""The verbs every engine speaks."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from watthouse.catalog import Dataset
from watthouse.lake.ledger import Head, Lake
from watthouse.transform import Node, Step
from watthouse.transform.breaking import Tested


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


class Draft(Protocol):
    """A warehouse being written: nobody sees it before it is published."""

    path: Path

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
        """Say in the warehouse itself what it holds, for whoever opens it without watthouse: the table ``about``."""

    def release(self) -> None:
        """Let go, so that dbt can take over."""

    def remember(self, fingerprint: str, steps: Sequence[Step]) -> None:
        """Take it back from dbt, and keep the steps that repeat what it did."""


class Warehouse(Protocol):
    """Where raw, core and marts live."""

    def loaded(self) -> dict[str, Loaded]:
        """By dataset id; empty where there is no warehouse yet."""

    def is_readable(self) -> bool:
        """Whether it says how far it follows the lake; a warehouse that is not there yet is."""

    def steps(self, fingerprint: str) -> list[Step] | None:
        """The steps of the models its marts were built by; None where there are none, or they were other models."""

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

    def read(self, mart: str, *, since: date | None, until: date | None, columns: Sequence[str] | None) -> pa.Table:
        """Rows of a mart, oldest first, between two days (both included)."""

    def pieces(
        self, mart: str, *, since: date | None, until: date | None, columns: Sequence[str] | None
    ) -> Iterator[pa.Table]:
        """The same rows, some 100,000 at a time; one piece at least."""
