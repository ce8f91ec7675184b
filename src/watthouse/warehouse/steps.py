"""A refresh, whatever the engine: which steps follow, in which order, and when it stops."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from time import perf_counter
from typing import Final

from watthouse.errors import WarehouseError
from watthouse.transform import Node, Step, broken

Days = Sequence[date] | None
"""Days in order, or the first days of periods; none for every day that there is."""

MANY: Final = 400
"""Above this number of changed days, rebuilding every day is faster than selecting them."""


def replayed(
    steps: Sequence[Step],
    sources: Iterable[str],
    on_node: Callable[[Node], None],
    rebuild: Callable[[Step], Days],
    check: Callable[[Step, Days], int],
) -> list[Node]:
    """Have each step that depends on these raw tables taken; raises on the first broken test.

    ``rebuild`` builds a model again and returns the days whose rows it wrote; ``check`` counts what a test finds on
    days of its models.
    """
    nodes: list[Node] = []
    written: dict[str, Days] = {}
    for step in _downstream(steps, sources):
        began = perf_counter()
        if step.relation:
            days = written[step.name] = rebuild(step)
            status, message = "success", "every day" if days is None else f"{len(days)} {step.period or 'day'}s"
        else:
            rows = check(step, _tested(step, written))
            failed = "warn" if step.severity == "warn" else "fail"
            status, message = (failed, broken(rows)) if rows else ("pass", "")
        nodes.append(Node(step.name, status, round(perf_counter() - began, 3), message))
        on_node(nodes[-1])
        if status == "fail":
            name = nodes[-1].title
            raise WarehouseError(f"{name}: {message}; the warehouse stays as it was, the lake keeps the rows")
    return nodes


def _downstream(steps: Sequence[Step], sources: Iterable[str]) -> list[Step]:
    """The steps that depend on one of the sources, each after those it depends on."""
    # one pass is enough: dbt finished the steps in an order of their dependencies
    reached = {f"source.watthouse.raw.{source}" for source in sources}
    dependent: list[Step] = []
    for step in steps:
        if reached.intersection(step.stands_on):
            reached.add(step.name)
            dependent.append(step)
    return [step for step in dependent if step.sql]


def _tested(step: Step, written: Mapping[str, Days]) -> Days:
    """The days that the models of a test have just written."""
    known = [written[name] for name in step.stands_on if name in written]
    if not known or None in known:
        return None
    return sorted({day for days in known for day in days or ()})


def days_apart(step: Step) -> Iterator[str]:
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
