"""Queries with their days left open: the same rows for any period, compiled once.

Building an Ibis expression of thirty columns and compiling it takes ten times as long as running it. A prepared query
is built with its days left open, so that every period shares one statement.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Final, TypeAlias

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from dateutil.relativedelta import relativedelta

from watthouse.clock import end_of, start_of

SINCE: Final[ir.DateScalar] = ibis.param("date")
"""The first civil day of the period, left open."""
UNTIL: Final[ir.DateScalar] = ibis.param("date")
"""The last civil day, included."""

FIRST: Final[ir.TimestampScalar] = ibis.param("timestamp('UTC')")
"""The instant at which the period begins, left open."""
END: Final[ir.TimestampScalar] = ibis.param("timestamp('UTC')")
"""The instant at which it ends, not included."""

BLANKS: Final = {
    "since": date(1, 1, 1),
    "until": date(1, 1, 2),
    "first": datetime(1, 1, 1, tzinfo=UTC),
    "end": datetime(1, 1, 2, tzinfo=UTC),
}
"""Days for a query that is compiled before its own are known: no data are of the year 1, so their text is found."""
STATEMENTS: Final = 512
"""How many compiled queries an engine keeps."""
BATCH_ROWS: Final = 2_048


@dataclass(frozen=True)
class Parts:
    """Of a query whose rows depend each on its own day alone: ``column`` is that day, by which they are ordered.

    So the rows of a period are part of those of any longer one; they are read ``years`` at a time.
    """

    column: str
    years: int


@dataclass(frozen=True)
class Prepared:
    """``draw(*of)`` gives the rows, in terms of :data:`SINCE` and :data:`UNTIL`, and of :data:`FIRST` and :data:`END`,
    the ends of those days where no instants are given.

    They may depend on nothing but ``of``: two with the same ``draw`` and ``of`` are the same query. Those with
    ``parts`` are of whole days, and know no instants.
    """

    draw: Callable[..., ir.Table]
    of: tuple[Hashable, ...]
    since: date
    until: date
    first: datetime | None = None
    end: datetime | None = None
    newest_first: bool = False
    parts: Parts | None = None

    @property
    def blank(self) -> Hashable:
        """The query with its days left open."""
        return self.draw, self.of

    @property
    def days(self) -> dict[str, date]:
        """The values to fill in: ``since``, ``until``, ``first`` and ``end``."""
        first, end = self.first or start_of(self.since), self.end or end_of(self.until)
        return {"since": self.since, "until": self.until, "first": first, "end": end}

    def sql(self, dialect: str, days: Mapping[str, date] | None = None) -> str:
        """The query in an engine's SQL, filled in with ``days`` or else its own."""
        filled = days or self.days
        parameters = {SINCE: filled["since"], UNTIL: filled["until"], FIRST: filled["first"], END: filled["end"]}
        return _compiled(self.draw(*self.of), dialect, params=parameters)

    def by_half_month(self) -> "list[Prepared]":
        """The same query for each half of a calendar month in the period, in the order of its rows; at least one."""
        halves, since = [], self.since
        while (until := min(_end_of_half(since), self.until)) < self.until:
            halves.append(self._part(since, until))
            since = until + timedelta(days=1)
        halves.append(self._part(since, self.until))
        return halves[::-1] if self.newest_first else halves

    def cut(self, first: date, last: date) -> "Prepared":
        """The same query, of its days from ``first`` to ``last`` alone."""
        since, until = max(self.since, first), min(self.until, last)
        return self._part(since, until) if since <= until else self._part(self.since, self.since)

    def _part(self, since: date, until: date) -> "Prepared":
        first = self.first if since == self.since else None
        return replace(self, since=since, until=until, first=first, end=self.end if until == self.until else None)


Query: TypeAlias = ir.Expr | Prepared
"""Anything that a warehouse can run."""


def piece_by_piece(queries: Iterable[Query], answer: Callable[[Query], pa.Table]) -> pa.RecordBatchReader:
    """The answers to several queries with the same columns, one after the other; the first is asked for at once."""
    rest = iter(queries)
    pending = [answer(next(rest))]
    schema = pending[0].schema

    def batches() -> Iterator[pa.RecordBatch]:
        while pending:
            yield from pending.pop().to_batches(BATCH_ROWS)  # freed before the next piece is computed
            pending.extend(map(answer, islice(rest, 1)))

    return pa.RecordBatchReader.from_batches(schema, batches())


def to_sql(query: Query, dialect: str) -> str:
    """Any query in an engine's SQL."""
    return query.sql(dialect) if isinstance(query, Prepared) else _compiled(query, dialect)


def _compiled(rows: ir.Expr, dialect: str, **more: Any) -> str:
    return str(ibis.to_sql(rows, dialect=dialect, **more))


def _end_of_half(day: date) -> date:
    return day + relativedelta(day=15 if day.day <= 15 else 31)
