"""A refresh: the SQL that dbt compiled, run for the days that changed, in one transaction."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from time import perf_counter
from typing import Final

from watthouse.database import Session
from watthouse.errors import WarehouseError
from watthouse.transform import Node, Step, broken, downstream

_MANY: Final = 400
"""Above this number of changed days, rebuilding every day is faster than selecting them."""
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
    nodes: list[Node] = []
    days: list[date] | None = None
    for step in downstream(steps, set(sources)):
        began = perf_counter()
        if step.relation:
            days = _days(session, raw, step)
            status, message = "success", _rebuild(session, step, days)
        else:
            status, message = _check(session, step, days)
        nodes.append(Node(step.name, status, round(perf_counter() - began, 3), message))
        on_node(nodes[-1])
        if status == "fail":
            name = nodes[-1].title
            raise WarehouseError(f"{name}: {message}; the warehouse stays as it was, the lake keeps the rows")
    return nodes


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
    # Besides the days whose raw rows changed: a table that repeats columns of another (a label, a rank) changes where
    # they do, on days without a new row of its own.
    names = ", ".join(f"'{name}'" for name in step.observed_in)
    queries = [f"select civil_date from {raw}.changed_days where dataset in ({names})"]
    for followed, columns in step.follows.items():
        differs = " or ".join(f"built.{column} is distinct from followed.{column}" for column in columns)
        queries.append(
            f"select built.civil_date from {step.relation} as built"
            f" inner join {followed} as followed on built.civil_date = followed.civil_date where {differs}"
        )
    days = [day for (day,) in session.run(" union ".join(queries))]
    return step.to_rebuild(days) if len(days) <= _MANY else None


def _check(session: Session, step: Step, days: Sequence[date] | None) -> tuple[str, str]:
    """Run a test on the days that its model has just rebuilt."""
    ((rows,),) = session.run(f"select count(*) from ({of_days(step.sql, days)}) as broken")
    if not rows:
        return "pass", ""
    return ("warn" if step.severity == "warn" else "fail"), broken(rows)
