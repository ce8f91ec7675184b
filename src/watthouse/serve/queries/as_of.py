"""What was known at an instant: the same models over the ledger as it stood then.

The warehouse's ``raw`` holds every observation with when it was made, and the SQL of the models is what the build left.
"""

from datetime import datetime
from typing import Final, Protocol

import ibis.expr.types as ir
import pyarrow as pa

from watthouse.serve.problems import wrong
from watthouse.serve.queries.params import A_YEAR
from watthouse.serve.queries.series import Span
from watthouse.warehouse.query import Query
from watthouse.warehouse.snapshots import Snapshot


class Tables(Protocol):
    """Gives the table of a name."""

    def __call__(self, name: str, schema: str = "marts", /) -> ir.Table: ...


NATIONAL: Final = ("core_national_power", "hourly_national", "daily_mix")
REGIONAL: Final = ("core_regional_power", "daily_regional")


def natures(snapshot: Snapshot, core: str) -> ir.Table:
    """Which natures a model of core has on each civil day, to be asked with :func:`rows_as_of`."""
    return snapshot.table_as_of(core, "core").select("nature", "civil_date").distinct()


def rows_as_of(
    snapshot: Snapshot, moment: datetime, span: Span, models: tuple[str, ...], *queries: Query
) -> tuple[pa.Table, ...]:
    """The answers that the warehouse would have given, had it been built at ``moment``; they may ask ``models`` only.

    Raises a problem where the period is longer than a year.
    """
    # each such answer runs the models over the ledger
    if (span.until - span.since).days >= A_YEAR:
        raise wrong("as_of", f"with as_of the period has {A_YEAR} days at most: choose a shorter one")
    return snapshot.rows_as_of(moment, span.since, span.until, models, queries)
