"""The data tests that only warn, and the rows that fail one."""

from dataclasses import asdict
from typing import Annotated, Final

import pyarrow as pa
from fastapi import Path

from watthouse.serve.formats import AnswerColumn
from watthouse.serve.problems import ProblemError
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.params import FormatParams
from watthouse.serve.queries.series import columns_of
from watthouse.transform import tests_of
from watthouse.warehouse.base import RULE, Tested
from watthouse.warehouse.snapshots import Snapshot

_WARN: Final = "warn"
# The most rows given for one test.
_MOST: Final = 1_000


def tests_found(snapshot: Snapshot, _: FormatParams) -> RowSet:
    """Columns: ``name``, ``models``, ``places``."""
    tests = [{**asdict(test), "models": ", ".join(test.models)} for test in warning(snapshot)]
    rows = pa.Table.from_pylist(tests, pa.schema(_KINDS))
    return RowSet("What the tests of the marts find", rows, _TESTS, marts=("completeness_daily",))


def warning(snapshot: Snapshot) -> tuple[Tested, ...]:
    """What each test that only warns finds in this version."""
    return snapshot.once(_warning)


def rows_breaking(snapshot: Snapshot, _: FormatParams | None, name: str) -> RowSet:
    """The rows that break a test that only warns: ``rule``, key, values; raises a problem for a test there is not."""
    # a test that fails stops the build: what is served passes all of those
    known = {step.title: step for step in tests_of(snapshot.steps()).values() if step.severity == _WARN}
    if name not in known:
        raise ProblemError(404, f"there is no test '{name[:60]}': there are {', '.join(known)}", parameter="name")
    # bounded: a broken rule may break in every row
    rows, models = snapshot.breaking(known[name], _MOST), known[name].titles
    described = [column for model in models if model in snapshot.marts for column in columns_of(snapshot.marts[model])]
    meanings = _OTHERS | {column.name: column for column in described}
    columns = tuple(
        meanings.get(column, AnswerColumn(column, "", "A value of the row")) for column in rows.column_names
    )
    return RowSet(f"Rows that break {name}", rows, columns, marts=models)


def _warning(snapshot: Snapshot) -> tuple[Tested, ...]:
    return tuple(snapshot.tested([step for step in snapshot.steps() if step.severity == _WARN]))


_KINDS: Final[dict[str, pa.DataType]] = {"name": pa.string(), "models": pa.string(), "places": pa.int64()}
_TESTS: Final = (
    AnswerColumn("name", "", "The test's name"),
    AnswerColumn("models", "", "The tables it looks at"),
    AnswerColumn("places", "places", "How many rows fail"),
)


_OTHERS: Final[dict[str, AnswerColumn]] = {
    RULE: AnswerColumn(RULE, "", "The rule that the row breaks"),
    "judged": AnswerColumn("judged", "", "Slots of the day that know every term of the balance"),
    "off_balance": AnswerColumn("off_balance", "", "Judged slots that are off balance"),
    "gap_mw": AnswerColumn("gap_mw", "MW", "How far the load is from what meets it"),
    "date_heure": AnswerColumn("date_heure", "", "Instant the slot begins (UTC)"),
    "civil_date": AnswerColumn("civil_date", "", "Civil day (Europe/Paris)"),
    "code_insee_region": AnswerColumn("code_insee_region", "", "INSEE code of the region"),
}


TESTS: Final = Call(
    "/tests",
    FormatParams,
    tests_found,
    summary="Data tests that warn",
    detail="Tests that warn without stopping a build, over all available data; a test that fails stops the build.",
    row="One row per test that only warns: its name, the tables it looks at, how many rows fail",
    tag="freshness and revisions",
)


TEST: Final = Call(
    "/tests/{name}",
    FormatParams,
    rows_breaking,
    summary="The rows that fail a test",
    detail="The first 1,000 of them, with the rule that each breaks and the values involved.",
    row="A row: the rule, the key, the values",
    tag="freshness and revisions",
    file="{name}",
    place=Annotated[str, Path(alias="name", description="The test's name", examples=["temperature_daily_plausible"])],
)
