"""What changed in what was published: the history of each slot, read from its observations, free of any storage."""

from collections.abc import Sequence

import polars as pl

from watthouse.catalog import NATURES, Dataset

OBSERVED_AT = "observed_at"
"""The column that stamps each observation (UTC)."""

_CLOCKWORK = frozenset({"date", "heure"})


def changes(dataset: Dataset, rows: pl.LazyFrame, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """The changes of these columns (by default all but the key), oldest slot first.

    Columns: the key, ``column``, ``from``, ``to`` (as text) and ``seen`` (UTC). A slot's versions follow its ``nature``
    first (consolidated after real time), then the order in which they were seen.
    """
    watched = columns or [name for name in dataset.names if name not in {*dataset.key, *_CLOCKWORK}]
    # only slots that were observed more than once are read in full: most never are
    repeated = rows.group_by(dataset.key).len().filter(pl.col("len") > 1).select(dataset.key)
    history = rows.join(repeated, on=list(dataset.key), how="semi").collect()
    history = history.sort([*dataset.key, *_rank(dataset), OBSERVED_AT])
    by_column = pl.collect_all([_changes_of(dataset, history.lazy(), name) for name in watched])
    return pl.concat(by_column).sort([*dataset.key, "seen", "column"])


def _changes_of(dataset: Dataset, history: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """The changes of one column, from the value last known; a blank between two values hides none of them."""
    key = list(dataset.key)
    value, before = pl.col(name), pl.col(name).shift().over(key)
    return (
        history.select(*key, value, OBSERVED_AT)
        .with_columns(
            before.alias("before"),
            before.forward_fill().over(key).alias("known"),
            pl.max_horizontal(OBSERVED_AT, pl.col(OBSERVED_AT).shift().over(key)).alias("seen"),
        )
        .filter(
            (value.is_not_null() & pl.col("known").is_not_null() & (value != pl.col("known")))
            | (value.is_null() & pl.col("before").is_not_null())
        )
        .select(
            *key,
            pl.lit(name).alias("column"),
            pl.col("known").cast(pl.String).alias("from"),
            value.cast(pl.String).alias("to"),
            "seen",
        )
    )


def _rank(dataset: Dataset) -> list[pl.Expr]:
    if dataset.version is None:
        return []
    return [pl.col(dataset.version).replace_strict({n: i for i, n in enumerate(NATURES)}, return_dtype=pl.Int8)]
