"""How the lake compares with the warehouse that was built from it: what moved, what has lost rows, what is broken.

The lake is where every value is kept, and the warehouse can be rebuilt from it at any time. So when the lake loses a
table (a disk that is not mounted, a restored backup, an entry of a log that a power cut left empty), the warehouse
holds the last copy of those rows, and must not be brought down to the lake's state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from watthouse.catalog import CATALOG, Dataset
from watthouse.errors import TableError
from watthouse.home import Home
from watthouse.lake.table import Head
from watthouse.warehouse.base import Loaded


@dataclass(frozen=True)
class Standing:
    """The lake and the warehouse of one home.

    ``heads`` are the tables that can be opened (None: there is none), ``broken`` maps the others to the reason;
    ``loaded`` is how far the warehouse follows each, by dataset id.
    """

    root: str
    heads: Mapping[Dataset, Head | None]
    broken: Mapping[Dataset, str]
    loaded: Mapping[str, Loaded]

    @cached_property
    def is_empty(self) -> bool:
        """Whether there is no table at all."""
        return not self.broken and not any(self.heads.values())

    @property
    def is_lost(self) -> bool:
        """Whether the whole lake is gone that the warehouse was loaded from."""
        return self.is_empty and bool(self.loaded)

    @cached_property
    def moved(self) -> list[Dataset]:
        """The tables whose state differs from the one that the warehouse has loaded."""
        # By stamp and number of observations, not by version: compaction and repair make versions without news.
        loaded = {name: (load.head.observed_until, load.head.rows) for name, load in self.loaded.items()}
        return [
            dataset
            for dataset, head in self.heads.items()
            if head and loaded.get(dataset.id) != (head.observed_until, head.rows)
        ]

    @cached_property
    def behind(self) -> list[Dataset]:
        """The tables that lack observations which the warehouse holds."""
        return [
            dataset
            for dataset, head in self.heads.items()
            if (loaded := self.loaded.get(dataset.id)) and _is_ahead(loaded.head, head)
        ]

    def loss_reason(self) -> str:
        """What the tables in ``behind`` lack, since when, and what to do, in one line that begins with the lake."""
        tables = self.behind
        if self.is_lost:
            lacking = f"is missing or empty, and the warehouse holds {self._loaded_rows(tables)}"
            advice = "mount or restore it"
        else:
            lacks = "; ".join(f"{dataset.id} ({self._lacks(dataset)})" for dataset in tables)
            lacking, advice = f"lacks observations that the warehouse holds: {lacks}", "restore it"
        return (
            f"{self.root} {lacking}; they stay there and are served: {advice}, or see `watthouse repair`"
            " (`watthouse build --full --lake-was-lost` goes on without them)"
        )

    def loss_reasons(self) -> dict[str, str]:
        """What each of those tables lacks, by dataset id."""
        return {
            dataset.id: f"the lake lacks observations that the warehouse holds ({self._lacks(dataset)})"
            for dataset in self.behind
        }

    def broken_reasons(self) -> dict[str, str]:
        """Why each broken table cannot be used, what the warehouse has of it, and what to do, by dataset id."""
        return {
            dataset.id: f"{reason}; the warehouse still serves {self._loaded_rows([dataset])}"
            if dataset.id in self.loaded
            else reason
            for dataset, reason in self.broken.items()
        }

    def _loaded_rows(self, tables: list[Dataset]) -> str:
        heads = [self.loaded[dataset.id].head for dataset in tables]
        rows, until = sum(head.rows for head in heads), max(head.observed_until for head in heads)
        return f"the {rows:,} observations that were in it until {_z(until)}"

    def _lacks(self, dataset: Dataset) -> str:
        head, loaded = self.heads[dataset], self.loaded[dataset.id].head
        everything = f"all {loaded.rows:,}, the last of {_z(loaded.observed_until)}"
        if head is None:
            return f"its table is missing or empty; {everything}"
        if head.ledger != loaded.ledger:
            return f"its table is another one, with {head.rows:,} observations; {everything}"
        # A table that lost a commit and grew again may have as many rows as before, or more.
        count = f"{max(loaded.rows - head.rows, 1):,} of {loaded.rows:,}"
        if head.observed_until < loaded.observed_until:
            return f"{count}, observed after {_z(head.observed_until)} and until {_z(loaded.observed_until)}"
        return f"{count}, observed until {_z(loaded.observed_until)}"

    def future_reasons(self, tolerated: float) -> dict[str, str]:
        """The tables stamped more than ``tolerated`` seconds in the future, by dataset id, and what to do."""
        # A clock that stood ahead once is noticed at the next run: everything observed since would be stamped by the
        # microsecond after it, and `as_of` would know nothing of it for years.
        now = datetime.now(UTC)
        latest = now + timedelta(seconds=tolerated)
        return {
            dataset.id: f"its newest observation is stamped {_z(head.observed_until)}, and this machine's clock says"
            f" {now:%Y-%m-%d}: set the clock if it is wrong; if it was wrong then, `watthouse repair --apply` corrects"
            " the stamps"
            for dataset, head in self.heads.items()
            if head and head.observed_until > latest
        }

    def again(self, home: Home) -> "Standing":
        """The same home after the lake has changed and the warehouse has not."""
        return _stand(home, self.loaded)


def stand(home: Home) -> Standing:
    """Open every table of the lake, and read from the warehouse how far it follows them."""
    return _stand(home, home.warehouse.loaded())


def _stand(home: Home, loaded: Mapping[str, Loaded]) -> Standing:
    heads: dict[Dataset, Head | None] = {}
    broken: dict[Dataset, str] = {}
    for dataset in CATALOG.values():
        try:
            heads[dataset] = home.lake.head(dataset)
        except TableError as error:
            broken[dataset] = str(error)
    return Standing(home.lake.root, heads, broken, loaded)


def _z(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%MZ}"


def _is_ahead(loaded: Head, head: Head | None) -> bool:
    """Whether the warehouse holds what that ledger does not: the ledger was lost, or restored to an earlier state."""
    # All three are needed: a table that lost a commit and grew again has a later stamp and a higher version.
    if head is None or head.ledger != loaded.ledger:
        return True
    return head.version < loaded.version or head.observed_until < loaded.observed_until or head.rows < loaded.rows
