"""A refresh: the SQL that dbt compiled, run for the days that changed."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

import duckdb

from watthouse.transform import DAYS, Node, Step
from watthouse.warehouse.steps import MANY, days_apart, replayed, verdict


def replay(
    session: duckdb.DuckDBPyConnection,
    steps: Sequence[Step],
    sources: Iterable[str],
    on_node: Callable[[Node], None] = lambda _: None,
) -> list[Node]:
    """Rebuild what depends on these raw tables, for the days that changed; raises on the first broken test."""

    def take(step: Step) -> tuple[str, str]:
        return ("success", _rebuild(session, step)) if step.relation else _check(session, step)

    return replayed(steps, sources, on_node, take)


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
    changed = "select civil_date from raw.changed_days where list_contains($1, dataset)"
    queries = [changed, *days_apart(step)]
    days = [day for (day,) in session.execute(" union ".join(queries), [list(step.observed_in)]).fetchall()]
    return step.to_rebuild(days) if len(days) <= MANY else None


def _check(session: duckdb.DuckDBPyConnection, step: Step) -> tuple[str, str]:
    """Run a test on the days that its model has just rebuilt: the session variable still holds them."""
    ((rows,),) = session.execute(f"select count(*) from ({step.sql})").fetchall()
    return verdict(step, rows)
