"""A refresh: the SQL that dbt compiled, run for the days that changed."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import chain

import duckdb

from watthouse.transform import DAYS, Node, Step
from watthouse.warehouse.steps import MANY, Days, days_apart, replayed


def replay(
    session: duckdb.DuckDBPyConnection,
    steps: Sequence[Step],
    sources: Iterable[str],
    on_node: Callable[[Node], None] = lambda _: None,
) -> list[Node]:
    """Rebuild what depends on these raw tables, for the days that changed; raises on the first broken test."""
    return replayed(
        steps,
        sources,
        on_node,
        rebuild=lambda step: _rebuild(session, step),
        check=lambda step, days: _broken(session, step, days),
    )


def _rebuild(session: duckdb.DuckDBPyConnection, step: Step) -> Days:
    days = _days(session, step)
    _choose(session, days)
    where = "" if days is None else f" where list_contains(getvariable('{DAYS}'), {step.starts})"
    session.execute(f"create or replace temp table rebuilt as {step.sql}")
    session.execute(f"delete from {step.relation}{where}")
    session.execute(f"insert into {step.relation} by name select * from rebuilt")
    return days


def _choose(session: duckdb.DuckDBPyConnection, days: Days) -> None:
    """Have the SQL of steps see these days."""
    if days is None:
        session.execute(f"reset variable {DAYS}")
    else:
        session.execute(f"set variable {DAYS} = {_literal(days)}")


def _literal(days: Sequence[date]) -> str:
    return "[" + ", ".join(f"date '{day}'" for day in days) + "]::date[]"


def _days(session: duckdb.DuckDBPyConnection, step: Step) -> Days:
    if not step.observed_in:
        return None
    changed = "select civil_date from raw.changed_days where list_contains($1, dataset)"
    queries = [changed, *days_apart(step)]
    days = list(chain.from_iterable(session.execute(" union ".join(queries), [list(step.observed_in)]).fetchall()))
    return step.to_rebuild(days) if len(days) <= MANY else None


def _broken(session: duckdb.DuckDBPyConnection, step: Step, days: Days) -> int:
    """How many rows a test finds on these days."""
    _choose(session, days)
    ((rows,),) = session.execute(f"select count(*) from ({step.sql})").fetchall()
    return int(rows)
