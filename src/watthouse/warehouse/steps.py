"""A refresh, whatever the engine: which steps follow, in which order, and when it stops."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from time import perf_counter
from typing import Final

from watthouse.errors import WarehouseError
from watthouse.transform import Node, Step, broken, downstream

MANY: Final = 400
"""Above this number of changed days, rebuilding every day is faster than selecting them."""


def replayed(
    steps: Sequence[Step],
    sources: Iterable[str],
    on_node: Callable[[Node], None],
    take: Callable[[Step], tuple[str, str]],
) -> list[Node]:
    """Have each step that depends on these raw tables taken; raises on the first broken test.

    ``take`` returns the status of its :class:`~watthouse.transform.Node` and a message.
    """
    nodes: list[Node] = []
    for step in downstream(steps, set(sources)):
        began = perf_counter()
        status, message = take(step)
        nodes.append(Node(step.name, status, round(perf_counter() - began, 3), message))
        on_node(nodes[-1])
        if status == "fail":
            name = nodes[-1].title
            raise WarehouseError(f"{name}: {message}; the warehouse stays as it was, the lake keeps the rows")
    return nodes


def verdict(step: Step, rows: int) -> tuple[str, str]:
    """Status and message of a test that found so many rows."""
    if not rows:
        return "pass", ""
    return ("warn" if step.severity == "warn" else "fail"), broken(rows)


def days_apart(step: Step) -> Iterator[str]:
    """Queries for the days on which a model differs from the tables that it repeats columns of.

    Besides the days whose raw rows changed: such a column (a label, a rank) changes where they do, on days without a
    new row of its own.
    """
    for followed, columns in step.follows.items():
        differs = " or ".join(f"built.{column} is distinct from followed.{column}" for column in columns)
        yield (
            f"select built.civil_date from {step.relation} as built"
            f" inner join {followed} as followed on built.civil_date = followed.civil_date where {differs}"
        )
