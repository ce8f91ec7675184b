"""A refresh: the SQL that dbt compiled, run for the days that changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb

from watthouse.transform import DAYS, Step
from watthouse.warehouse.steps import MANY, Days


@dataclass(frozen=True)
class Replay:
    """How steps are taken in a file, for :func:`watthouse.warehouse.steps.replayed`.

    ``written`` has, by its table, where rows of a model were written: the end of a statement that names them.
    """

    session: duckdb.DuckDBPyConnection
    raw: str = "raw"
    written: dict[str, str] = field(default_factory=dict)

    def days(self, query: str) -> list[date]:
        return [day for (day,) in self.session.execute(query).fetchall()]

    def rebuild(self, step: Step, days: Days) -> Days:
        """Build these days again; a model that is always rebuilt whole writes only those on which it differs."""
        run = self.session.execute
        self._choose(days)
        run(f"create or replace temp table rebuilt as {step.sql}")
        if days is None and step.starts and not step.observed_in:
            days = self._differing(step)
        where = "" if days is None else f" where {_among(step.starts, days)}"
        run(f"delete from {step.relation}{where}")
        run(f"insert into {step.relation} by name select * from rebuilt{where}")
        self.written[str(step.relation)] = where
        return days

    def broken(self, step: Step, days: Days) -> int:
        self._choose(days)
        ((rows,),) = self.session.execute(f"select count(*) from ({step.sql})").fetchall()
        return int(rows)

    def _differing(self, step: Step) -> Days:
        """The days on which what was rebuilt differs from the table; none where there are many."""
        # in one pass over both: a row that is in each as often leaves nothing
        side = "select *, {} as side from {}".format
        sides = f"{side(1, step.relation)} union all by name {side(-1, 'rebuilt')}"
        summed = f"select * exclude (side), sum(side) as balance from ({sides}) group by all"
        days = self.days(f"select distinct {step.starts} as day from ({summed}) where balance <> 0 order by day")
        return days if len(days) <= MANY else None

    def _choose(self, days: Days) -> None:
        """Have the SQL of steps see these days."""
        if days is None:
            self.session.execute(f"reset variable {DAYS}")
        else:
            self.session.execute(f"set variable {DAYS} = {_literal(days)}")


def _among(day: str, days: Sequence[date]) -> str:
    """The SQL that a row is of one of these days; its bounds let row groups be skipped."""
    if not days:
        return "false"
    return f"({day} between date '{min(days)}' and date '{max(days)}' and list_contains({_literal(days)}, {day}))"


def _literal(days: Sequence[date]) -> str:
    return "[" + ", ".join(f"date '{day}'" for day in days) + "]::date[]"
