"""Forms: questions about a period, drawn and compiled once for a snapshot, then filled in with the days asked for.

To draw an Ibis expression of thirty columns and compile it takes ten times what the engine needs to answer it. A form
is drawn with its days left open, so that every period shares one statement.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date
from typing import Final

import ibis
import ibis.expr.types as ir

SINCE: Final[ir.DateScalar] = ibis.param("date")
"""The first civil day asked for, left open."""
UNTIL: Final[ir.DateScalar] = ibis.param("date")
"""The last one, included."""

_BLANKS: Final = {"since": date(1, 1, 1), "until": date(1, 1, 2)}


@dataclass(frozen=True)
class Form:
    """``draw(*of)`` gives the rows, in terms of :data:`SINCE` and :data:`UNTIL`.

    They may depend on nothing but ``of``: two forms with the same ``draw`` and ``of`` are the same question.
    """

    draw: Callable[..., ir.Table]
    of: tuple[Hashable, ...]
    since: date
    until: date

    @property
    def blank(self) -> Hashable:
        """The form with its days left open."""
        return self.draw, self.of

    @property
    def days(self) -> dict[str, date]:
        """What is filled in, by the name it has in :meth:`template`."""
        return {"since": self.since, "until": self.until}

    def sql(self) -> str:
        """In DuckDB's SQL, filled in."""
        return self._compiled(self.days)

    def template(self) -> str:
        """In DuckDB's SQL, with ``$since`` and ``$until`` for its days."""
        sql = self._compiled(_BLANKS)
        for name, day in _BLANKS.items():
            sql = sql.replace(f"MAKE_DATE({day.year}, {day.month}, {day.day})", f"${name}")
        return sql

    def _compiled(self, days: dict[str, date]) -> str:
        rows = self.draw(*self.of)
        return str(ibis.to_sql(rows, dialect="duckdb", params={SINCE: days["since"], UNTIL: days["until"]}))


def to_sql(question: ir.Expr | Form) -> str:
    """Any question in DuckDB's SQL."""
    return question.sql() if isinstance(question, Form) else str(ibis.to_sql(question, dialect="duckdb"))
