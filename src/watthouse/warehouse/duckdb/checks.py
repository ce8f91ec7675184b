"""The tests of a build, run again: how many places break each, and the rows that do."""

from collections.abc import Iterator, Sequence

import duckdb
import pyarrow as pa

from watthouse.transform import DAYS, Step, tests_of
from watthouse.warehouse.base import Tested
from watthouse.warehouse.breaking import shown


def tested(session: duckdb.DuckDBPyConnection, steps: Sequence[Step]) -> Iterator[Tested]:
    """The result of each test among the steps, in the order of the build."""
    session.execute(f"reset variable {DAYS}")  # a refresh tests only the days that it rebuilt; this is about all days
    for name, step in tests_of(steps).items():
        ((places,),) = session.execute(f"select count(*) from ({step.sql})").fetchall()
        yield Tested(name, step.severity, step.titles, places)


def breaking(session: duckdb.DuckDBPyConnection, step: Step, limit: int | None = None) -> pa.Table:
    """The rows that break a test, in order: the rule, the key, and the values that the rule mentions.

    Where the rule mentions no column, every value.
    """
    session.execute(f"reset variable {DAYS}")
    most = "" if limit is None else f" limit {limit}"
    rows: pa.Table = session.sql(f"select * from ({step.sql}) order by all{most}").to_arrow_table()
    return shown(rows)
