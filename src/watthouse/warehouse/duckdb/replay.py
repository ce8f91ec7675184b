"""A refresh: the SQL that dbt compiled, run for the days that changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb

from watthouse.transform import DAYS, Step
from watthouse.warehouse.steps import Days

Written = tuple[str, Days]
"""The SQL of the day of a row, and the days that were written of a model."""


@dataclass(frozen=True)
class Replay:
    """How steps are taken in a file, for :func:`watthouse.warehouse.steps.replayed`.

    ``written`` has what was written of each model, by its table.
    """

    session: duckdb.DuckDBPyConnection
    raw: str = "raw"
    written: dict[str, Written] = field(default_factory=dict)

    def days(self, query: str) -> list[date]:
        return [day for (day,) in self.session.execute(query).fetchall()]

    def rebuild(self, step: Step, days: Days) -> Days:
        self._choose(days)
        assert step.relation
        self.written[step.relation] = step.starts, days
        where = "" if days is None else f" where {among(step.starts, days)}"
        self.session.execute(f"create or replace temp table rebuilt as {step.sql}")
        self.session.execute(f"delete from {step.relation}{where}")
        self.session.execute(f"insert into {step.relation} by name select * from rebuilt")
        return days

    def broken(self, step: Step, days: Days) -> int:
        self._choose(days)
        ((rows,),) = self.session.execute(f"select count(*) from ({step.sql})").fetchall()
        return int(rows)

    def _choose(self, days: Days) -> None:
        """Have the SQL of steps see these days."""
        if days is None:
            self.session.execute(f"reset variable {DAYS}")
        else:
            self.session.execute(f"set variable {DAYS} = {_literal(days)}")


def among(day: str, days: Sequence[date]) -> str:
    """The SQL that a row is of one of these days; its bounds let row groups be skipped."""
    if not days:
        return "false"
    return f"({day} between date '{min(days)}' and date '{max(days)}' and list_contains({_literal(days)}, {day}))"


def _literal(days: Sequence[date]) -> str:
    return "[" + ", ".join(f"date '{day}'" for day in days) + "]::date[]"
