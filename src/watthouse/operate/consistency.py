"""How the lake stands against the warehouse that was built from it: what follows, and what has lost rows or is broken.

The lake is where every value is kept, and the warehouse is made anew from it at will. So when the lake loses a table
(a disk that is not mounted, a restored backup, an entry of a log that a power cut left empty), the warehouse holds the
last copy of those rows, and must not be brought down to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from watthouse.catalog import CATALOG, Dataset
from watthouse.errors import TableError
from watthouse.home import Home
from watthouse.lake.ledger import Head
from watthouse.warehouse.base import Loaded


@dataclass(frozen=True)
class Standing:
    """Of one home.

    ``heads`` are the tables that can be opened (None: there is none), ``broken`` says of the others why they cannot;
    ``loaded`` is how far the warehouse follows each, by dataset id.
    """

    root: str
    heads: Mapping[Dataset, Head | None]
    broken: Mapping[Dataset, str]
    loaded: Mapping[str, Loaded]

    @property
    def is_empty(self) -> bool:
        """Whether there is no table at all."""
        return not self.broken and not any(self.heads.values())

    @property
    def is_lost(self) -> bool:
        """Whether a lake is gone that was there."""
        return self.is_empty and bool(self.loaded)

    @property
    def moved(self) -> list[Dataset]:
        """The tables that stand elsewhere than where the warehouse follows them to."""
        stands = {name: (one.head.observed_until, one.head.rows) for name, one in self.loaded.items()}
        return [
            one for one, head in self.heads.items() if head and stands.get(one.id) != (head.observed_until, head.rows)
        ]

    @property
    def behind(self) -> list[Dataset]:
        """The tables that lack observations which the warehouse holds."""
        return [
            dataset
            for dataset, head in self.heads.items()
            if (loaded := self.loaded.get(dataset.id)) and loaded.is_ahead_of(head)
        ]

    def said_of_behind(self) -> str:
        """What those lack, since when, and what to do, in one line that begins with the lake."""
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

    def said_by_table(self) -> dict[str, str]:
        """The same of each of them alone, by dataset id."""
        return {
            dataset.id: f"the lake lacks observations that the warehouse holds ({self._lacks(dataset)})"
            for dataset in self.behind
        }

    def said_of_broken(self) -> dict[str, str]:
        """Why each of those tables cannot be used, what the warehouse has of it, and what to do, by dataset id."""
        return {dataset.id: f"{why}{self._kept(dataset)}" for dataset, why in self.broken.items()}

    def _kept(self, dataset: Dataset) -> str:
        held = self.loaded.get(dataset.id)
        return f"; the warehouse still serves {self._loaded_rows([dataset])}" if held else ""

    def _loaded_rows(self, tables: list[Dataset]) -> str:
        heads = [self.loaded[dataset.id].head for dataset in tables]
        rows, until = sum(head.rows for head in heads), max(head.observed_until for head in heads)
        return f"the {rows:,} observations that were in it until {_z(until)}"

    def _lacks(self, dataset: Dataset) -> str:
        head, held = self.heads[dataset], self.loaded[dataset.id].head
        all_of_it = f"all {held.rows:,}, the last of {_z(held.observed_until)}"
        if head is None:
            return f"its table is missing or empty; {all_of_it}"
        if head.ledger != held.ledger:
            return f"its table is another one, with {head.rows:,} observations; {all_of_it}"
        count = f"{max(held.rows - head.rows, 1):,} of {held.rows:,}"
        if head.observed_until < held.observed_until:
            return f"{count}, observed after {_z(head.observed_until)} and until {_z(held.observed_until)}"
        return f"{count}, observed until {_z(held.observed_until)}"

    def ahead_of_the_clock(self, tolerated: float) -> dict[str, str]:
        """By dataset id, what is stamped more than ``tolerated`` seconds later than it is now: a clock was wrong then,
        or is now."""
        now = datetime.now(UTC)
        latest = now + timedelta(seconds=tolerated)
        return {
            dataset.id: f"its newest observation is stamped {_z(head.observed_until)}, and this machine's clock says"
            f" {now:%Y-%m-%d}: set the clock if it is wrong; if it was wrong then, `watthouse repair --apply` stamps"
            " those observations anew"
            for dataset, head in self.heads.items()
            if head and head.observed_until > latest
        }

    def again(self, home: Home) -> "Standing":
        """After the lake has changed, and the warehouse has not."""
        return _stand(home, self.loaded)


def stand(home: Home) -> Standing:
    """Open every table of the lake, and read in the warehouse how far it follows them."""
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
