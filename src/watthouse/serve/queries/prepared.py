"""Forms: questions about a period, drawn and compiled once for a snapshot, then filled in with the days asked for.

To draw an Ibis expression of thirty columns and compile it takes ten times what the engine needs to answer it. A form
is drawn with its days left open, so that every period shares one statement.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

import ibis
import ibis.expr.types as ir
from dateutil.relativedelta import relativedelta

from watthouse.serve.queries.params import end_of, first_of

SINCE: Final[ir.DateScalar] = ibis.param("date")
"""The first civil day asked for, left open."""
UNTIL: Final[ir.DateScalar] = ibis.param("date")
"""The last one, included."""

FIRST: Final[ir.TimestampScalar] = ibis.param("timestamp('UTC')")
"""The instant at which the period begins, left open."""
END: Final[ir.TimestampScalar] = ibis.param("timestamp('UTC')")
"""The instant at which it ends, not included."""

_BLANKS: Final = {
    "since": date(1, 1, 1),
    "until": date(1, 1, 2),
    "first": datetime(1, 1, 1, tzinfo=UTC),
    "end": datetime(1, 1, 2, tzinfo=UTC),
}
_WRITTEN: Final = {
    "since": "MAKE_DATE(1, 1, 1)",
    "until": "MAKE_DATE(1, 1, 2)",
    "first": "MAKE_TIMESTAMPTZ(1, 1, 1, 0, 0, 0.0, 'UTC')",
    "end": "MAKE_TIMESTAMPTZ(1, 1, 2, 0, 0, 0.0, 'UTC')",
}
"""The same in DuckDB's SQL."""


@dataclass(frozen=True)
class Prepared:
    """``draw(*of)`` gives the rows, in terms of :data:`SINCE` and :data:`UNTIL`, and of :data:`FIRST` and :data:`END`,
    the ends of those days where no instants are given.

    They may depend on nothing but ``of``: two forms with the same ``draw`` and ``of`` are the same question.
    """

    draw: Callable[..., ir.Table]
    of: tuple[Hashable, ...]
    since: date
    until: date
    first: datetime | None = None
    end: datetime | None = None
    newest_first: bool = False

    @property
    def blank(self) -> Hashable:
        """The form with its days left open."""
        return self.draw, self.of

    @property
    def days(self) -> dict[str, date]:
        """What is filled in, by the name it has in :meth:`template`."""
        first, end = self.first or first_of(self.since), self.end or end_of(self.until)
        return {"since": self.since, "until": self.until, "first": first, "end": end}

    def by_half_month(self) -> "list[Prepared]":
        """The same question of each half of a calendar month of the period, in the order of its rows; at least one."""
        halves, since = [], self.since
        while (until := min(_end_of_half(since), self.until)) < self.until:
            halves.append(self._part(since, until))
            since = until + timedelta(days=1)
        halves.append(self._part(since, self.until))
        return halves[::-1] if self.newest_first else halves

    def _part(self, since: date, until: date) -> "Prepared":
        first = self.first if since == self.since else None
        return replace(self, since=since, until=until, first=first, end=self.end if until == self.until else None)

    def sql(self) -> str:
        """In DuckDB's SQL, filled in."""
        return self._compiled(self.days)

    def template(self) -> str:
        """In DuckDB's SQL, with ``$since``, ``$until``, ``$first`` and ``$end`` for its days and instants."""
        sql = self._compiled(_BLANKS)
        for name, written in _WRITTEN.items():
            sql = sql.replace(written, f"${name}")
        return sql

    def _compiled(self, days: dict[str, date]) -> str:
        rows = self.draw(*self.of)
        return str(
            ibis.to_sql(
                rows,
                dialect="duckdb",
                params={SINCE: days["since"], UNTIL: days["until"], FIRST: days["first"], END: days["end"]},
            )
        )


def _end_of_half(day: date) -> date:
    return day + relativedelta(day=15 if day.day <= 15 else 31)


def to_sql(question: ir.Expr | Prepared) -> str:
    """Any question in DuckDB's SQL."""
    return question.sql() if isinstance(question, Prepared) else str(ibis.to_sql(question, dialect="duckdb"))
