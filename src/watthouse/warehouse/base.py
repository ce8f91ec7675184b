"""The verbs every engine speaks."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from watthouse.catalog import Dataset
from watthouse.lake import Lake


@dataclass(frozen=True)
class Loaded:
    """How far ``raw`` mirrors the lake for one dataset."""

    version: int
    observed_until: datetime
    loaded_at: datetime


class Draft(Protocol):
    """A warehouse being written: nobody sees it before it is published."""

    path: Path

    def load(self, lake: Lake, dataset: Dataset, on_rows: Callable[[int], None]) -> int:
        """Bring the raw table up to the lake, the lake version in the same transaction; returns the rows added."""

    def ready(self) -> None:
        """Called once every dataset is loaded and before the models run."""


class Warehouse(Protocol):
    """Where raw, core and marts live."""

    def loaded(self) -> dict[str, Loaded]:
        """By dataset id; empty where there is no warehouse yet."""

    def is_current(self, fingerprint: str) -> bool:
        """Whether the marts were built by these very models."""

    def draft(self, *, full: bool, fingerprint: str) -> AbstractContextManager[Draft]:
        """A draft that is published whole when the block ends without an error."""

    def marts(self) -> list[str]:
        """Their names."""

    def read(self, mart: str, *, since: date | None, until: date | None, columns: Sequence[str] | None) -> pa.Table:
        """Rows of a mart, oldest first, between two days (both included)."""
