"""What was known at an instant: the same models over the ledger as it stood then.

The warehouse's ``raw`` holds every observation with when it was made. A catalog aside shows the models only those made
by the instant, in the period asked for; the SQL is what the build left in the warehouse.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, Protocol

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from watthouse.catalog import CATALOG
from watthouse.serve.problems import wrong
from watthouse.serve.queries.params import A_YEAR
from watthouse.serve.queries.prepared import Prepared, to_sql
from watthouse.serve.queries.series import Span
from watthouse.serve.snapshots import HELD, Snapshot


class Tables(Protocol):
    """Gives the table of a name."""

    def __call__(self, name: str, schema: str = "marts", /) -> ir.Table: ...


NATIONAL: Final = ("core_national_power", "hourly_national", "daily_mix")
REGIONAL: Final = ("core_regional_power", "daily_regional")
_CATALOG: Final = "warehouse"
"""The name that the models' SQL gives the warehouse."""


def tables_then(snapshot: Snapshot) -> Tables:
    """The marts' shapes, to be asked with :func:`rows_then`."""

    def table(name: str, schema: str = "marts", /) -> ir.Table:
        held = snapshot.table(name, schema).schema()
        shape: ir.Table = ibis.table(held, name=name, catalog=_CATALOG, database=schema)
        return shape

    return table


def natures(core: str) -> ir.Table:
    """Which natures a model of core has on each civil day, to be asked with :func:`rows_then`."""
    shape = ibis.table({"nature": "string", "civil_date": "date"}, name=core, catalog=_CATALOG, database="core")
    return shape.distinct()


def rows_then(
    snapshot: Snapshot, moment: datetime, span: Span, models: tuple[str, ...], *questions: ir.Expr | Prepared
) -> tuple[pa.Table, ...]:
    """The answers that the warehouse would have given, had it been built at ``moment``; they may ask ``models`` only.

    Raises a problem where the period is longer than a year.
    """
    if (span.until - span.since).days >= A_YEAR:
        raise wrong("as_of", f"with as_of the period has {A_YEAR} days at most: ask for a shorter one")
    statements = [to_sql(question) for question in questions]
    with catalog(snapshot), snapshot.engine.session() as session:
        session.execute(f"use {_CATALOG}")
        _furnish(session, snapshot, moment, span, models)
        return tuple(session.sql(sql).to_arrow_table() for sql in statements)


@contextmanager
def catalog(snapshot: Snapshot) -> Iterator[str]:
    """An empty one, by the name that the models' SQL gives the warehouse; one at a time.

    It is taken away outside every time limit, whatever became of the question.
    """
    with snapshot.aside:
        snapshot.engine.run(f"attach ':memory:' as {_CATALOG}")
        try:
            yield _CATALOG
        finally:
            snapshot.engine.run(f"detach {_CATALOG}")


def _furnish(
    session: duckdb.DuckDBPyConnection, snapshot: Snapshot, moment: datetime, span: Span, models: tuple[str, ...]
) -> None:
    for schema in ("raw", "staging", "core", "marts"):
        session.execute(f"create schema {schema}")
    until = moment.astimezone(UTC).isoformat()
    for dataset in CATALOG.values():
        session.execute(
            f"create view raw.{dataset.table} as select * from {HELD}.raw.{dataset.table}"
            f" where observed_at <= timestamptz '{until}'"
            f" and date between date '{span.since}' - 1 and date '{span.until}' + 1"
        )
    for view in snapshot.views:
        session.execute(view)
    for name in models:
        step = snapshot.models[name]
        session.execute(f"create view {step.relation} as {step.sql}")
