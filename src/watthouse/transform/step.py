"""What dbt did, by model and test, and the steps by which a refresh repeats it for a few days without dbt.

Starting dbt, rendering and checking its project takes longer than an hour's rows take to build. So a full build is
dbt's and leaves its compiled SQL in the warehouse, and a refresh runs that SQL for the days that changed: its filter on
days is a variable of the session; where it is not set, every day counts.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final

DAYS: Final = "days_to_rebuild"
"""The session variable that holds the days; the dbt macro of the same name reads it."""


@dataclass(frozen=True)
class _Named:
    """A model or a test by dbt's name for it."""

    name: str

    @property
    def title(self) -> str:
        """Its name without the prefix and suffix that dbt adds."""
        return self.name.split(".")[2]

    @property
    def is_model(self) -> bool:
        """Whether it is a model, not a test."""
        return self.name.startswith("model.")


@dataclass(frozen=True)
class Step(_Named):
    """A model or a test: its name, what it stands on, and its compiled SQL, which names no database.

    ``relation`` is a model's table; a test has none and passes where its SQL finds nothing. ``observed_in`` are the raw
    tables whose changed days a model rebuilds, ``follows`` other tables and what it repeats of them: ``columns``, of
    the row that has the same values in ``by``. A model without either is small and rebuilt whole. Where it has a row a
    ``period`` (month, year), the periods of these days are rebuilt; ``starts`` is the SQL of the day of a row, or of
    the first day of its period, and empty where rows are of no day.
    """

    sql: str
    stands_on: tuple[str, ...]
    relation: str | None = None
    severity: str = "error"
    observed_in: tuple[str, ...] = ()
    follows: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    period: str | None = None
    starts: str = "civil_date"

    @property
    def titles(self) -> tuple[str, ...]:
        """The names of the models and sources it stands on, without prefixes."""
        return tuple(name.rpartition(".")[2] for name in self.stands_on)

    def to_rebuild(self, changed: Iterable[date]) -> list[date]:
        """These days in order, or the first days of the periods that they lie in."""
        if self.period is None:
            return sorted(changed)
        return sorted({day.replace(month=1, day=1) if self.period == "year" else day.replace(day=1) for day in changed})

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Step":
        """A step from the JSON of :func:`dataclasses.asdict`."""
        return cls(**{**fields, "stands_on": tuple(fields["stands_on"]), "observed_in": tuple(fields["observed_in"])})


@dataclass(frozen=True)
class Node(_Named):
    """A finished model or test. ``status``: success, pass, warn, error, fail or skipped; ``seconds`` it took."""

    status: str
    seconds: float
    message: str = ""


def steps_as_text(steps: Sequence[Step]) -> str:
    """Steps as a warehouse keeps them."""
    return json.dumps([asdict(step) for step in steps])


def steps_of(text: str) -> list[Step]:
    """The steps in such a text."""
    return [Step.of(fields) for fields in json.loads(text)]


def tests_of(steps: Sequence[Step]) -> dict[str, Step]:
    """The tests among the steps, by name."""
    return {step.title: step for step in steps if not step.is_model}


def downstream(steps: Sequence[Step], sources: set[str]) -> Iterator[Step]:
    """The steps that depend on one of the sources, each after those it depends on."""
    # one pass is enough: dbt finished the steps in an order of their dependencies
    reached = {f"source.watthouse.raw.{source}" for source in sources}
    for step in steps:
        if reached.intersection(step.stands_on):
            reached.add(step.name)
            if step.sql:
                yield step


def broken(rows: int) -> str:
    """The message of a test that found rows."""
    return f"broken in {rows} {'place' if rows == 1 else 'places'}"
