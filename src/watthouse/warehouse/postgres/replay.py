"""A refresh: the SQL that dbt compiled, run for the days that changed, in one transaction."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Final

from watthouse.database import Session
from watthouse.transform import Node, Step
from watthouse.warehouse.steps import MANY, days_apart, replayed, verdict

_MARK: Final = re.compile(r"/\* days of (\S+) \*/ true")
"""Where the compiled SQL filters days: the macro ``days_to_rebuild`` leaves this mark."""


def replay(
    session: Session,
    raw: str,
    steps: Sequence[Step],
    sources: Iterable[str],
    on_node: Callable[[Node], None] = lambda _: None,
) -> list[Node]:
    """Rebuild what depends on these raw tables, for the days that changed; raises on the first broken test."""
    days: list[date] | None = None

    def take(step: Step) -> tuple[str, str]:
        nonlocal days
        if not step.relation:
            return _check(session, step, days)
        days = _days(session, raw, step)
        return "success", _rebuild(session, step, days)

    return replayed(steps, sources, on_node, take)


def of_days(sql: str, days: Sequence[date] | None) -> str:
    """A step's SQL for these days, or for every day.

    The days are literals, first and last besides, so that the planner sees which partitions and indexes serve.
    """
    return sql if days is None else _MARK.sub(lambda mark: _among(mark[1], days), sql)


def _among(day: str, days: Sequence[date]) -> str:
    if not days:
        return "false"
    listed = ", ".join(f"date '{each}'" for each in days)
    return f"({day} between date '{days[0]}' and date '{days[-1]}' and {day} in ({listed}))"


def _rebuild(session: Session, step: Step, days: Sequence[date] | None) -> str:
    columns = ", ".join(name for (name,) in session.run(_COLUMNS, step.relation))
    session.run("drop table if exists pg_temp.rebuilt")
    session.run(f"create temp table rebuilt on commit drop as {of_days(step.sql, days)}")
    where = "" if days is None else f" where {_among(step.starts, days)}"
    session.run(f"delete from {step.relation}{where}")
    session.run(f"insert into {step.relation} ({columns}) select {columns} from rebuilt")
    return "every day" if days is None else f"{len(days)} {step.period or 'day'}s"


_COLUMNS: Final = (
    "select quote_ident(attname) from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped"
    " order by attnum"
)


def _days(session: Session, raw: str, step: Step) -> list[date] | None:
    if not step.observed_in:
        return None
    names = ", ".join(f"'{name}'" for name in step.observed_in)
    changed = f"select civil_date from {raw}.changed_days where dataset in ({names})"
    queries = [changed, *days_apart(step)]
    days = [day for (day,) in session.run(" union ".join(queries))]
    return step.to_rebuild(days) if len(days) <= MANY else None


def _check(session: Session, step: Step, days: Sequence[date] | None) -> tuple[str, str]:
    """Run a test on the days that its model has just rebuilt."""
    ((rows,),) = session.run(f"select count(*) from ({of_days(step.sql, days)}) as broken")
    return verdict(step, rows)
