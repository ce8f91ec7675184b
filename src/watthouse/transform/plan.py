"""What dbt built, written down so that an hourly refresh can do the same for a few days without dbt.

Starting dbt, rendering and checking its project takes longer than an hour's rows take to build. So a full build is
dbt's, and leaves its compiled SQL in the warehouse; a refresh runs that SQL for the days that changed. The SQL is the
same: its filter on days is a session variable, and where none is set every day counts.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from time import perf_counter
from typing import Any, Protocol

from watthouse.errors import WarehouseError
from watthouse.transform.node import Node

DAYS = "days_to_rebuild"
"""The session variable that holds the days; the dbt macro of the same name reads it."""

_MANY = 400
"""More days than this are rebuilt faster with all the others than one by one."""


@dataclass(frozen=True)
class Step:
    """A model or a test: what it is named, what it stands on, and its compiled SQL.

    ``relation`` is a model's table; a test has none and passes where its SQL finds nothing. ``observed_in`` are the raw
    tables whose changed days a model rebuilds, ``follows`` the columns it repeats from other tables; a model without
    either is small and rebuilt whole.
    """

    name: str
    sql: str
    stands_on: tuple[str, ...]
    relation: str | None = None
    severity: str = "error"
    observed_in: tuple[str, ...] = ()
    follows: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Its name without what dbt puts before and behind it."""
        return self.name.split(".")[2]

    @property
    def is_model(self) -> bool:
        """Whether it is a model, not a test."""
        return self.name.startswith("model.")

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Step":
        """From what :func:`dataclasses.asdict` made of one, by way of JSON."""
        return cls(**{**said, "stands_on": tuple(said["stands_on"]), "observed_in": tuple(said["observed_in"])})


class Session(Protocol):
    """A connection to the warehouse."""

    def execute(self, query: str, parameters: Sequence[object] = ...) -> Any: ...


def replay(
    session: Session, steps: Sequence[Step], sources: Iterable[str], on_node: Callable[[Node], None] = lambda _: None
) -> list[Node]:
    """Rebuild what follows from the raw tables named, for the days that changed; raises on the first broken test."""
    nodes = []
    for step in _downstream(steps, set(sources)):
        began = perf_counter()
        status, message = ("success", _rebuild(session, step)) if step.relation else _check(session, step)
        nodes.append(Node(step.name, status, round(perf_counter() - began, 3), message))
        on_node(nodes[-1])
        if status == "fail":
            name = nodes[-1].title
            raise WarehouseError(f"{name}: {message}; the warehouse stays as it was, the lake keeps the rows")
    return nodes


def broken(rows: int) -> str:
    """What a test says that found something."""
    return f"broken in {rows} {'place' if rows == 1 else 'places'}"


def _downstream(steps: Sequence[Step], sources: set[str]) -> Iterator[Step]:
    """The steps that stand on one of the sources, in an order in which each comes after what it stands on."""
    reached = {f"source.watthouse.raw.{source}" for source in sources}
    for step in steps:
        if reached.intersection(step.stands_on):
            reached.add(step.name)
            if step.sql:
                yield step


def _rebuild(session: Session, step: Step) -> str:
    days = _days(session, step)
    if days is None:
        session.execute(f"reset variable {DAYS}")
    else:
        session.execute(f"set variable {DAYS} = {_literal(days)}")
    where = "" if days is None else f" where list_contains(getvariable('{DAYS}'), civil_date)"
    session.execute(f"create or replace temp table rebuilt as {step.sql}")
    session.execute(f"delete from {step.relation}{where}")
    session.execute(f"insert into {step.relation} by name select * from rebuilt")
    return "every day" if days is None else f"{len(days)} days"


def _literal(days: Sequence[date]) -> str:
    return "[" + ", ".join(f"date '{day}'" for day in days) + "]::date[]"


def _days(session: Session, step: Step) -> list[date] | None:
    if not step.observed_in:
        return None
    queries = ["select civil_date from raw.changed_days where list_contains($1, dataset)"]
    for followed, columns in step.follows.items():
        differs = " or ".join(f"built.{column} is distinct from followed.{column}" for column in columns)
        queries.append(
            f"select built.civil_date from {step.relation} as built"
            f" inner join {followed} as followed on built.civil_date = followed.civil_date where {differs}"
        )
    days = sorted(day for (day,) in session.execute(" union ".join(queries), [list(step.observed_in)]).fetchall())
    return days if len(days) <= _MANY else None


def _check(session: Session, step: Step) -> tuple[str, str]:
    """A test looks at the days its model just rebuilt: the variable still holds them."""
    (rows,) = session.execute(f"select count(*) from ({step.sql})").fetchone()
    if not rows:
        return "pass", ""
    return ("warn" if step.severity == "warn" else "fail"), broken(rows)
