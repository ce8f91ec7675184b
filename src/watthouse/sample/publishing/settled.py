"""The life of settled data: consolidated by the quarter, now and then published again, definitive by the year."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from watthouse.catalog import CONSOLIDATED, DEFINITIVE
from watthouse.sample.country.noise import chance, whole
from watthouse.sample.publishing.realtime import PUBLISHED, by_day
from watthouse.sample.publishing.schedule import Republications, consolidated_at, definitive_at

_REPUBLISHED: Final = 0.01
_REVISED: Final = 0.05
_WEIGHTY: Final = 40
"""MW; smaller values are not revised, so that none turns negative and no sun shines at night."""


@dataclass(frozen=True)
class SettledHabits:
    """What differs between the national and the regional publication: what may be revised, when, and in which rows."""

    revisable: Sequence[str]
    republications: Republications
    measured: pl.Expr


def versions(truth: pl.DataFrame, habits: SettledHabits) -> pl.DataFrame:
    """Every version of every slot of ``truth``, with ``published_at`` and ``nature``.

    ``truth`` has ``date_heure``, ``_day``, ``_dice`` and measures, whole MW.
    """
    timed = _timed(truth, habits)
    again = timed.filter(_again(habits)).with_columns(_moved("republication", 30).alias("_by")).with_columns(_shifted())
    parts = [
        timed.with_columns(pl.col("_consolidated").alias(PUBLISHED), pl.lit(CONSOLIDATED).alias("nature")),
        again.drop("_by").with_columns(pl.col("_republished").alias(PUBLISHED), pl.lit(CONSOLIDATED).alias("nature")),
        _definitive(timed, habits),
    ]
    return pl.concat(parts)


def definitive(truth: pl.DataFrame, habits: SettledHabits) -> pl.DataFrame:
    """Only the last of :func:`versions` of every slot."""
    return _definitive(_timed(truth, habits), habits)


def _definitive(timed: pl.DataFrame, habits: SettledHabits) -> pl.DataFrame:
    """The last consolidated values, some revised by a few MW."""
    by = pl.when(_again(habits)).then(_moved("republication", 30)).otherwise(0)
    last = timed.with_columns(by.alias("_by")).with_columns(_shifted()).drop("_by")
    return last.with_columns(
        *_revised(habits.revisable), pl.col("_definitive").alias(PUBLISHED), pl.lit(DEFINITIVE).alias("nature")
    )


def _again(habits: SettledHabits) -> pl.Expr:
    return pl.col("_republished").is_not_null() & habits.measured & (chance(pl.col("_dice"), "again") < _REPUBLISHED)


def _shifted() -> Iterator[pl.Expr]:
    """Load and exchange move together, so that the balance holds."""
    yield from (pl.col(name) + pl.col("_by") for name in ("consommation", "ech_physiques"))


def _revised(names: Sequence[str]) -> Iterator[pl.Expr]:
    for name in names:
        is_one = (chance(pl.col("_dice"), f"definitive {name}") < _REVISED) & (pl.col(name).abs() > _WEIGHTY)
        yield pl.when(is_one).then(pl.col(name) + _moved(f"by {name}", 6)).otherwise(pl.col(name)).alias(name)


def _moved(use: str, most: int) -> pl.Expr:
    size = whole(pl.col("_dice"), use, 2 * most) - most
    return pl.when(size >= 0).then(size + 1).otherwise(size)


def _timed(truth: pl.DataFrame, habits: SettledHabits) -> pl.DataFrame:
    """Adds when each day's rows are published, published again (null for most), and definitive."""
    return truth.with_columns(
        by_day(truth, consolidated_at).alias("_consolidated"),
        by_day(truth, habits.republications.at).alias("_republished"),
        by_day(truth, definitive_at).alias("_definitive"),
    )
