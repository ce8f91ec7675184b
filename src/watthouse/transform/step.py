"""What dbt did, by model and test, and the steps by which a refresh repeats it for a few days without dbt.

Starting dbt, rendering and checking its project takes longer than an hour's rows take to build. So a full build is
dbt's and leaves its compiled SQL in the warehouse, and a refresh runs that SQL for the days that changed: its filter on
days is a variable of the session; where it is not set, every day counts.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).parent
DAYS: Final = "days_to_rebuild"
"""The session variable that holds the days; the dbt macro of the same name reads it."""


_SOURCES: Final = ("*.sql", "*.yml", "*.md")


@dataclass(frozen=True)
class Step:
    """A model or a test: dbt's name for it, what it stands on, and its compiled SQL, which names no database.

    ``relation`` is a model's table; a test has none and passes where its SQL finds nothing. ``observed_in`` are the raw
    tables whose changed days a model rebuilds, ``follows`` other tables and what it repeats of them: ``columns``, of
    the row that has the same values in ``by``. A model without either is small and rebuilt whole. Where it has a row a
    ``period`` (month, year), the periods of these days are rebuilt; ``starts`` is the SQL of the day of a row, or of
    the first day of its period, and empty where rows are of no day.
    """

    name: str
    sql: str
    stands_on: tuple[str, ...]
    relation: str | None = None
    severity: str = "error"
    observed_in: tuple[str, ...] = ()
    follows: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    period: str | None = None
    starts: str = "civil_date"

    @property
    def title(self) -> str:
        """Its name without the prefix and suffix that dbt adds."""
        return self.name.split(".")[2]

    @property
    def is_model(self) -> bool:
        """Whether it is a model, not a test."""
        return self.name.startswith("model.")

    @property
    def titles(self) -> tuple[str, ...]:
        """The names of the models and sources it stands on, without prefixes."""
        return tuple(name.rpartition(".")[2] for name in self.stands_on)

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Step":
        """A step from the JSON of :func:`dataclasses.asdict`."""
        return cls(**{**fields, "stands_on": tuple(fields["stands_on"]), "observed_in": tuple(fields["observed_in"])})


@dataclass(frozen=True)
class Node:
    """A finished model or test, by its title. ``status``: success, pass, warn, error, fail or skipped.

    ``seconds`` is how long it took.
    """

    title: str
    is_model: bool
    status: str
    seconds: float
    message: str = ""


def steps_as_text(steps: Sequence[Step]) -> str:
    """Steps as a warehouse keeps them."""
    return json.dumps([asdict(step) for step in steps])


def steps_of(text: str) -> list[Step]:
    """The steps in such a text."""
    return [Step.of(fields) for fields in json.loads(text)]


def fingerprint(project: Path = PROJECT, *engine: Path) -> str:
    """A hash of a project's text and of the ``engine``'s own files: steps hold while it stays the same."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _SOURCES for path in project.rglob(pattern) if "target" not in path.parts):
        digest.update(path.relative_to(project).as_posix().encode() + b"\0" + path.read_bytes())
    for path in engine:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def tests_of(steps: Sequence[Step]) -> dict[str, Step]:
    """The tests among the steps, by name."""
    return {step.title: step for step in steps if not step.is_model}


def broken(rows: int) -> str:
    """The message of a test that found rows."""
    return f"broken in {rows} {'place' if rows == 1 else 'places'}"
