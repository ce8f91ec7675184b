"""The tests of a build, asked again: which hold, and the rows that break the others."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import pyarrow as pa

from watthouse.transform.plan import DAYS, Step

RULE: Final = "rule"
"""The column that says which rule a row breaks."""
_KEYS: Final = (
    "civil_date", "civil_month", "civil_year", "date_heure", "code_insee_region", "dataset", "source", "pits",
    "measure", "span", "horizon",
)  # fmt: skip
_WORDS: Final = re.compile(r"\w+")


class Session(Protocol):
    """A connection to the warehouse."""

    def execute(self, query: str, parameters: Sequence[object] = ...) -> Any: ...

    def sql(self, query: str) -> Any: ...


@dataclass(frozen=True)
class Tested:
    """A test, over all that the warehouse holds: the models it looks at, and in how many places it is broken.

    ``severity`` is ``warn``, or ``error`` for one whose breach no build is published with.
    """

    name: str
    severity: str
    models: tuple[str, ...]
    places: int


def tests_of(steps: Sequence[Step]) -> dict[str, Step]:
    """The tests among the steps, by name."""
    return {step.title: step for step in steps if not step.is_model}


def tested(session: Session, steps: Sequence[Step]) -> Iterator[Tested]:
    """What each test finds now, in the order of the build."""
    session.execute(f"reset variable {DAYS}")  # every day counts
    for name, step in tests_of(steps).items():
        (places,) = session.execute(f"select count(*) from ({step.sql})").fetchone()
        models = tuple(one.rpartition(".")[2] for one in step.stands_on)
        yield Tested(name, step.severity, models, places)


def breaking(session: Session, step: Step, limit: int | None = None) -> pa.Table:
    """The rows that break a test, in order: the rule, the key, and the values that the rule speaks of.

    Where the rule names no column of them, every value.
    """
    session.execute(f"reset variable {DAYS}")
    most = "" if limit is None else f" limit {limit}"
    rows: pa.Table = session.sql(f"select * from ({step.sql}) order by all{most}").to_arrow_table()
    names = rows.column_names
    spoken_of = {word for rule in rows.column(RULE).unique().to_pylist() for word in _WORDS.findall(str(rule))}
    key = [name for name in _KEYS if name in names]
    values = [name for name in names if name not in {RULE, *key}]
    return rows.select([RULE, *key, *([name for name in values if name in spoken_of] or values)])
