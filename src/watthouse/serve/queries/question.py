"""What is asked of a snapshot: rows, and what stands with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pyarrow as pa

from watthouse.serve.formats import Shown
from watthouse.serve.queries import attribution
from watthouse.serve.queries.attribution import Period, Used
from watthouse.warehouse.query import Query
from watthouse.warehouse.snapshots import Snapshot


@dataclass(frozen=True)
class Question:
    """What a call wants of a snapshot: rows, and what stands with them.

    ``marts`` are the tables whose rows it uses, of ``periods`` (those that ``more`` says, where this says none) and
    of the days that the mart ``among`` has; ``used`` is what they are of the datasets, once that is known.
    """

    title: str
    rows: Query | pa.Table
    columns: tuple[Shown, ...]
    more: Mapping[str, Any] = field(default_factory=dict)
    marts: tuple[str, ...] = ()
    periods: tuple[Period, ...] = ()
    among: str | None = None
    used: tuple[Used, ...] | None = None

    def attributed(self, snapshot: Snapshot) -> "Question":
        """The same question, and whose rows it uses."""
        if self.used is not None:
            return self
        periods = self.periods or _periods(self.more)
        return replace(self, used=attribution.used(snapshot, self.marts, periods, self.among))

    def with_rows(self, rows: pa.Table, **more: Any) -> "Question":
        """The same question, answered."""
        return replace(self, rows=rows, more={**self.more, **more})


def _periods(more: Mapping[str, Any]) -> tuple[Period, ...]:
    """The periods that an answer says it is about; always, where it says none."""
    ends = [(more.get(f"{which}since"), more.get(f"{which}until")) for which in ("", "with_")]
    return tuple((date.fromisoformat(one), date.fromisoformat(other)) for one, other in ends if one and other) or (
        attribution.ALWAYS,
    )
