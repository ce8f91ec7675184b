"""A dataset's own record: which version of which row is shown from when to when."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

import polars as pl

from watthouse.sample.publishing.realtime import MOMENT, PUBLISHED

GONE = "_gone"


class Chronicle(Protocol):
    """What a dataset shows, by UTC month."""

    @property
    def since(self) -> date:
        """The first civil day."""

    @property
    def time(self) -> str:
        """The column of the row's time."""

    def record(self, month: str) -> pl.DataFrame:
        """Every version of every row of the month: the export's columns, ``published_at`` and ``_gone``.

        In the order of time; ``_gone`` is the moment from which a version is no longer shown, null where it stays.
        """

    def lasting(self, month: str) -> pl.DataFrame | None:
        """The final rows of the month's whole quarter, in the order of time.

        The same as the record gives, but faster; None where there is only the record.
        """

    def months(self, now: datetime) -> list[str]:
        """Every month with rows at ``now``."""

    def rows(self, now: datetime) -> int:
        """How many rows there are at ``now``, from the grid alone."""

    def processed(self, now: datetime) -> datetime:
        """The last processing not after ``now``."""

    def events(self, month: str) -> Sequence[datetime] | None:
        """Every moment at which the month's rows change, in order; None where only the record can tell."""


def with_ends(rows: pl.DataFrame, order: Sequence[str], last: pl.Expr) -> pl.DataFrame:
    """Rows in ``order`` (which names a row), each with the moment its successor appears.

    ``rows`` have the versions of a row in the order of publication; ``last`` is the moment a row's last version goes,
    null where it stays.
    """
    rows = rows.sort(*order, maintain_order=True)
    is_last = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(-1)) for name in order)
    end = pl.when(is_last).then(last).otherwise(pl.col(PUBLISHED).shift(-1))
    return rows.with_columns(end.cast(MOMENT).alias(GONE))


def at(record: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The rows shown at ``now``, without the record's own columns."""
    shown = (pl.col(PUBLISHED) <= now) & (pl.col(GONE).is_null() | (pl.col(GONE) > now))
    return record.filter(shown).drop(PUBLISHED, GONE)


def events_of(record: pl.DataFrame) -> list[datetime]:
    """Every moment at which what is shown changes, in order."""
    moments: Sequence[datetime] = pl.concat([record[PUBLISHED], record[GONE].drop_nulls()]).unique().sort().to_list()
    return list(moments)
