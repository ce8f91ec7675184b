"""A refresh: the SQL that dbt compiled, run for the days that changed."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from time import perf_counter
from typing import Final

import duckdb

from watthouse.errors import WarehouseError
from watthouse.transform import DAYS, Node, Step, broken, downstream

_MANY: Final = 400
"""Above this number of changed days, rebuilding every day is faster than selecting them."""


def replay(
    session: duckdb.DuckDBPyConnection,
    steps: Sequence[Step],
    sources: Iterable[str],
    on_node: Callable[[Node], None] = lambda _: None,
) -> list[Node]:
    """Rebuild what depends on these raw tables, for the days that changed; raises on the first broken test."""
    nodes = []
    for step in downstream(steps, set(sources)):
        began = perf_counter()
        status, message = ("success", _rebuild(session, step)) if step.relation else _check(session, step)
        nodes.append(Node(step.name, status, round(perf_counter() - began, 3), message))
        on_node(nodes[-1])
        if status == "fail":
            name = nodes[-1].title
            raise WarehouseError(f"{name}: {message}; the warehouse stays as it was, the lake keeps the rows")
    return nodes


def _rebuild(session: duckdb.DuckDBPyConnection, step: Step) -> str:
    days = _days(session, step)
    if days is None:
        session.execute(f"reset variable {DAYS}")
    else:
        session.execute(f"set variable {DAYS} = {_literal(days)}")
    where = "" if days is None else f" where list_contains(getvariable('{DAYS}'), {step.starts})"
    session.execute(f"create or replace temp table rebuilt as {step.sql}")
    session.execute(f"delete from {step.relation}{where}")
    session.execute(f"insert into {step.relation} by name select * from rebuilt")
    return "every day" if days is None else f"{len(days)} {step.period or 'day'}s"


def _literal(days: Sequence[date]) -> str:
    return "[" + ", ".join(f"date '{day}'" for day in days) + "]::date[]"


def _days(session: duckdb.DuckDBPyConnection, step: Step) -> list[date] | None:
    if not step.observed_in:
        return None
    # Besides the days whose raw rows changed: a table that repeats columns of another (a label, a rank) changes where
    # they do, on days without a new row of its own.
    queries = ["select civil_date from raw.changed_days where list_contains($1, dataset)"]
    for followed, columns in step.follows.items():
        differs = " or ".join(f"built.{column} is distinct from followed.{column}" for column in columns)
        queries.append(
            f"select built.civil_date from {step.relation} as built"
            f" inner join {followed} as followed on built.civil_date = followed.civil_date where {differs}"
        )
    days = [day for (day,) in session.execute(" union ".join(queries), [list(step.observed_in)]).fetchall()]
    return step.to_rebuild(days) if len(days) <= _MANY else None


def _check(session: duckdb.DuckDBPyConnection, step: Step) -> tuple[str, str]:
    """Run a test on the days that its model has just rebuilt: the session variable still holds them."""
    ((rows,),) = session.execute(f"select count(*) from ({step.sql})").fetchall()
    if not rows:
        return "pass", ""
    return ("warn" if step.severity == "warn" else "fail"), broken(rows)
