"""A refresh: the SQL that dbt compiled, run for the days that changed, in one transaction."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from watthouse.database import Session
from watthouse.transform import Step
from watthouse.warehouse.steps import MANY, Days

_MARK: Final = re.compile(r"/\* days of (\S+) \*/ true")
"""Where the compiled SQL filters days: the macro ``days_to_rebuild`` leaves this mark."""


@dataclass(frozen=True)
class Replay:
    """How steps are taken in a build's schemas, for :func:`watthouse.warehouse.steps.replayed`."""

    session: Session
    raw: str

    def days(self, query: str) -> list[date]:
        return [day for (day,) in self.session.run(query)]

    def rebuild(self, step: Step, days: Days) -> Days:
        """Build these days again; of every day, only those are written whose rows are not as they were."""
        session = self.session
        columns = ", ".join(name for (name,) in session.run(_COLUMNS, step.relation))
        session.run("drop table if exists pg_temp.rebuilt")
        session.run(f"create temp table rebuilt on commit drop as {of_days(step.sql, days)}")
        if not step.starts:
            return _replace(session, step, columns)
        days = _differing(session, step, columns) if days is None else days
        where = "" if days is None else f" where {_among(step.starts, days)}"
        session.run(f"delete from {step.relation}{where}")
        session.run(f"insert into {step.relation} ({columns}) select {columns} from rebuilt{where}")
        return days

    def broken(self, step: Step, days: Days) -> int:
        ((rows,),) = self.session.run(f"select count(*) from ({of_days(step.sql, days)}) as broken")
        return int(rows)


def of_days(sql: str, days: Days) -> str:
    """A step's SQL for these days, or for every day.

    The days are literals, first and last besides, so that the planner sees which partitions and indexes serve.
    """
    return sql if days is None else _MARK.sub(lambda mark: _among(mark[1], days), sql)


def _among(day: str, days: Sequence[date]) -> str:
    if not days:
        return "false"
    listed = ", ".join(f"date '{each}'" for each in days)
    return f"({day} between date '{days[0]}' and date '{days[-1]}' and {day} in ({listed}))"


def _replace(session: Session, step: Step, columns: str) -> Days:
    """Write the rows that differ, of a model whose rows are of no day."""
    gone = f"select {columns} from {step.relation} except select {columns} from rebuilt"
    session.run(f"delete from {step.relation} where ({columns}) in ({gone})")
    session.run(
        f"insert into {step.relation} ({columns}) select {columns} from rebuilt"
        f" except select {columns} from {step.relation}"
    )
    return None


def _differing(session: Session, step: Step, columns: str) -> Days:
    """The days on which what was rebuilt differs from the table; none where there are many."""
    # in one pass over both: a row that is in each as often leaves nothing
    sides = f"select {columns}, 1 as side from {step.relation} union all select {columns}, -1 from rebuilt"
    differing = f"select {step.starts} as day from ({sides}) as sides group by {columns} having sum(side) <> 0"
    days = [day for (day,) in session.run(f"select distinct day from ({differing}) as differing order by day")]
    return days if len(days) <= MANY else None


_COLUMNS: Final = (
    "select quote_ident(attname) from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped"
    " order by attnum"
)
