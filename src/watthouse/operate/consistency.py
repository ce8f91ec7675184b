"""How the lake compares with the warehouse that was built from it: what moved, what has lost rows, what is broken.

The lake is where every value is kept, and the warehouse can be rebuilt from it at any time. So when the lake loses a
table (a disk that is not mounted, a restored backup, an entry of a log that a power cut left empty), the warehouse
holds the last copy of those rows, and must not be brought down to the lake's state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from watthouse.catalog import CATALOG, Dataset
from watthouse.errors import TableError
from watthouse.home import Home
from watthouse.lake.table import Head
from watthouse.warehouse.base import Loaded


@dataclass(frozen=True)
class Standing:
    """The lake and the warehouse of one home.

    ``heads`` are the tables that can be opened (None: there is none), ``broken`` maps the others to the reason;
    ``loaded`` is how far the warehouse follows each, by dataset id. ``is_empty`` tells that there is no table at all,
    ``is_lost`` that the warehouse was loaded from a lake that is gone altogether. ``moved`` are the tables whose state
    differs from the one that the warehouse has loaded, ``behind`` those that lack observations which the warehouse
    holds; ``future`` maps those that are stamped in the future to what to do, by dataset id.
    """

    root: str
    heads: Mapping[Dataset, Head | None]
    broken: Mapping[Dataset, str]
    loaded: Mapping[str, Loaded]
    is_empty: bool
    is_lost: bool
    moved: Sequence[Dataset]
    behind: Sequence[Dataset]
    future: Mapping[str, str]

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

    def _loaded_rows(self, tables: Sequence[Dataset]) -> str:
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


def stand(home: Home, loaded: Mapping[str, Loaded] | None = None) -> Standing:
    """Open every table of the lake, and compare it with the warehouse; ``loaded`` where that was read before."""
    loaded = home.warehouse.loaded() if loaded is None else loaded
    heads: dict[Dataset, Head | None] = {}
    broken: dict[Dataset, str] = {}
    for dataset in CATALOG.values():
        try:
            heads[dataset] = home.lake.head(dataset)
        except TableError as error:
            broken[dataset] = str(error)
    is_empty = not broken and not any(heads.values())
    return Standing(
        root=home.place.url,
        heads=heads,
        broken=broken,
        loaded=loaded,
        is_empty=is_empty,
        is_lost=is_empty and bool(loaded),
        moved=_moved(heads, loaded),
        behind=_behind(heads, loaded),
        future=_future(heads, home.settings.clock_tolerance_seconds),
    )


def _moved(heads: Mapping[Dataset, Head | None], loaded: Mapping[str, Loaded]) -> list[Dataset]:
    known = {name: load.head for name, load in loaded.items()}
    return [dataset for dataset, head in heads.items() if head and head != known.get(dataset.id)]


def _behind(heads: Mapping[Dataset, Head | None], loaded: Mapping[str, Loaded]) -> list[Dataset]:
    return [
        dataset for dataset, head in heads.items() if (load := loaded.get(dataset.id)) and _is_ahead(load.head, head)
    ]


def _future(heads: Mapping[Dataset, Head | None], tolerated: float) -> dict[str, str]:
    """The tables stamped more than ``tolerated`` seconds in the future, and what to do."""
    # A clock that stood ahead once is noticed at the next run: everything observed since would be stamped by the
    # microsecond after it, and `as_of` would know nothing of it for years.
    now = datetime.now(UTC)
    latest = now + timedelta(seconds=tolerated)
    return {
        dataset.id: f"its newest observation is stamped {_z(head.observed_until)}, and this machine's clock says"
        f" {now:%Y-%m-%d}: set the clock if it is wrong; if it was wrong then, `watthouse repair --apply` corrects"
        " the stamps"
        for dataset, head in heads.items()
        if head and head.observed_until > latest
    }


def _z(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%MZ}"


def _is_ahead(loaded: Head, head: Head | None) -> bool:
    """Whether the warehouse holds what that ledger does not: the ledger was lost, or restored to an earlier state."""
    # All three are needed: a table that lost a commit and grew again has a later stamp and a higher version.
    if head is None or head.ledger != loaded.ledger:
        return True
    return head.version < loaded.version or head.observed_until < loaded.observed_until or head.rows < loaded.rows
