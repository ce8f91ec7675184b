"""A refresh, whatever the engine: which steps follow, in which order, and when it stops."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from time import perf_counter
from typing import Final, Protocol

from watthouse.catalog import Dataset
from watthouse.errors import WarehouseError
from watthouse.transform import Node, Step, broken

Days = Sequence[date] | None
"""Days in order, or the first days of periods; none for every day that there is."""

MANY: Final = 400
"""Above this number of changed days, rebuilding every day is faster than selecting them."""


class Engine(Protocol):
    """How an engine takes the steps in one transaction; its raw tables are in schema ``raw``."""

    @property
    def raw(self) -> str:
        """The schema of the raw tables, and of the days that changed in them."""

    def days(self, query: str) -> list[date]:
        """The one column of a query."""

    def rebuild(self, step: Step, days: Days) -> Days:
        """Build a model again for these days; returns the days whose rows it wrote."""

    def broken(self, step: Step, days: Days) -> int:
        """How many rows a test finds on these days of its models."""


def replayed(
    steps: Sequence[Step], datasets: Iterable[Dataset], on_node: Callable[[Node], None], engine: Engine
) -> list[Node]:
    """Have each step taken that depends on the raw tables of these datasets; raises on the first broken test."""
    nodes: list[Node] = []
    written: dict[str, Days] = {}
    for step in _downstream(steps, datasets):
        nodes.append(node := _taken(step, written, engine))
        on_node(node)
        if node.status == "fail":
            raise WarehouseError(
                f"{node.title}: {node.message}; the warehouse stays as it was, the lake keeps the rows"
            )
    return nodes


def _taken(step: Step, written: dict[str, Days], engine: Engine) -> Node:
    """Take a step; the days that a model wrote are entered in ``written``."""
    began = perf_counter()
    if step.relation:
        days = written[step.name] = engine.rebuild(step, _to_rebuild(step, engine))
        status, message = "success", "every day" if days is None else f"{len(days)} {step.period or 'day'}s"
    else:
        rows = engine.broken(step, _tested(step, written))
        failed = "warn" if step.severity == "warn" else "fail"
        status, message = (failed, broken(rows)) if rows else ("pass", "")
    return Node(step.title, step.is_model, status, round(perf_counter() - began, 3), message)


def _downstream(steps: Sequence[Step], datasets: Iterable[Dataset]) -> list[Step]:
    """The steps that depend on one of the datasets, each after those it depends on."""
    # one pass is enough: dbt finished the steps in an order of their dependencies
    reached = {f"source.watthouse.raw.{dataset.table}" for dataset in datasets}
    dependent: list[Step] = []
    for step in steps:
        if reached.intersection(step.stands_on):
            reached.add(step.name)
            dependent.append(step)
    return [step for step in dependent if step.sql]


def _to_rebuild(step: Step, engine: Engine) -> Days:
    """The days of a model on which raw rows changed, or what it repeats; the first days of the periods they lie in."""
    if not step.observed_in:
        return None
    tables = ", ".join(f"'{name}'" for name in step.observed_in)
    changed = f"select civil_date from {engine.raw}.changed_days where dataset in ({tables})"
    days = engine.days(" union ".join([changed, *_days_apart(step)]))
    return _periods(step, days) if len(days) <= MANY else None


def _days_apart(step: Step) -> Iterator[str]:
    """Queries for the days on which a model differs from the tables that it repeats columns of.

    Besides the days whose raw rows changed: such a column (a label, a rank) changes where they do, on days without a
    new row of its own.
    """
    for followed, repeated in step.follows.items():
        alike = " and ".join(f"built.{column} = followed.{column}" for column in repeated["by"])
        differs = " or ".join(f"built.{column} is distinct from followed.{column}" for column in repeated["columns"])
        yield (
            f"select built.civil_date from {step.relation} as built"
            f" inner join {followed} as followed on {alike} where {differs}"
        )


def _periods(step: Step, days: Iterable[date]) -> list[date]:
    """These days in order, or the first days of the months or years that they lie in."""
    if step.period is None:
        return sorted(days)
    return sorted({day.replace(month=1, day=1) if step.period == "year" else day.replace(day=1) for day in days})


def _tested(step: Step, written: Mapping[str, Days]) -> Days:
    """The days that the models of a test have just written."""
    known = [written[name] for name in step.stands_on if name in written]
    if not known or None in known:
        return None
    return sorted({day for days in known for day in days or ()})
