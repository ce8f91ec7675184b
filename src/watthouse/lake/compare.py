"""Which rows are news: the comparison at the heart of the ledger, free of any storage."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from watthouse.catalog import Dataset

TURN = "_turn"
"""Which document a row came from, in the order they were given; -1 marks what the lake already holds."""

OUTDATED = "_outdated"
"""Whether a row came from a document that is older than what the lake has of its slot; the column may be missing."""

_SOURCE_ROW = "_source_row"


@dataclass(frozen=True)
class Counts:
    """Rows of a refresh: ``fetched = new + revised + unchanged + dropped``; ``older`` are those dropped as outdated."""

    fetched: int = 0
    new: int = 0
    revised: int = 0
    unchanged: int = 0
    dropped: int = 0
    older: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.fetched + other.fetched,
            self.new + other.new,
            self.revised + other.revised,
            self.unchanged + other.unchanged,
            self.dropped + other.dropped,
            self.older + other.older,
        )


@dataclass(frozen=True)
class Comparison:
    """``additions`` are the rows to append, each with its :data:`TURN`; ``counts`` covers every row compared."""

    additions: pl.DataFrame
    counts: Counts


def compare(
    dataset: Dataset,
    known: pl.DataFrame,
    incoming: pl.DataFrame,
    absent: Mapping[int, frozenset[str]],
    ageless: Collection[int] = (),
) -> Comparison:
    """Compare rows with the newest known row of each identity.

    ``known`` has one row per identity; ``incoming`` any number, with :data:`TURN`. ``absent`` lists by turn the columns
    that a document did not carry: they keep their previous value. ``ageless`` are the turns of documents that may be
    of any age: a row of theirs without a measurement is ignored for a slot that has one, and one that is marked as
    :data:`OUTDATED` for a slot that has a row as good. Documents that disagree are successive observations; where the
    last of them matches what is known already, none is news.
    """
    identity, fetched = list(dataset.identity), incoming.height
    incoming = _one_row_a_document(dataset, incoming)
    repeated = incoming.select(pl.struct(identity).is_duplicated().any()).item() if incoming.height else False
    rows = pl.concat([known.with_columns(pl.lit(-1, pl.Int32).alias(TURN)), incoming], how="diagonal")
    in_turn = _in_turn(rows, identity)
    rows = _carry(dataset, _silenced(dataset, in_turn, ageless), absent)
    older = _older(dataset, in_turn, rows, absent)
    differs = _differs(dataset.observed) | pl.col("_first")
    additions = rows.filter(differs & (pl.col(TURN) >= 0))
    if repeated:
        additions = _without_settled(dataset, rows, additions)
    additions = additions.drop("_first", OUTDATED, strict=False)
    return Comparison(additions, _count(dataset, known, incoming, additions, fetched, older))


def _count(
    dataset: Dataset, known: pl.DataFrame, incoming: pl.DataFrame, additions: pl.DataFrame, fetched: int, older: int
) -> Counts:
    key = list(dataset.key)
    new = additions.select(key).unique().join(known.select(key), on=key, how="anti").height
    return Counts(
        fetched=fetched,
        new=new,
        revised=additions.height - new,
        unchanged=incoming.height - additions.height - older,
        dropped=fetched - incoming.height + older,
        older=older,
    )


def _one_row_a_document(dataset: Dataset, incoming: pl.DataFrame) -> pl.DataFrame:
    """Of rows that one document gives twice, the measured one."""
    line = [*dataset.identity, TURN]
    twice = pl.struct(line).is_duplicated()
    if not incoming.height or not incoming.select(twice.any()).item():
        return incoming
    # The order of rows in an export is arbitrary and differs between downloads: what remains is ranked by value, or a
    # second run over the same rows could choose the other one and call it a revision.
    ranked = incoming.filter(twice).sort([pl.col(dataset.measured).is_not_null(), *dataset.observed], nulls_last=False)
    return pl.concat([incoming.filter(~twice), ranked.unique(line, keep="last", maintain_order=True)])


def _in_turn(rows: pl.DataFrame, identity: Sequence[str]) -> pl.DataFrame:
    begins = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in identity)
    return rows.sort([*identity, TURN]).with_columns((begins | (pl.int_range(pl.len()) == 0)).alias("_first"))


def _differs(columns: Sequence[str]) -> pl.Expr:
    return pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in columns)


def _silenced(dataset: Dataset, rows: pl.DataFrame, ageless: Collection[int]) -> pl.DataFrame:
    """Give rows of ``ageless`` documents that say nothing of their slot the values that it had before.

    Those are rows without a measurement, once there was one, and rows that are outdated.
    """
    # An old download is read again: it was made before the slot was measured, and takes nothing back. A service's
    # answer is not ageless: a value that it no longer shows was withdrawn.
    measured = pl.col(dataset.measured).is_not_null()
    outdated = _outdated(rows)
    doubtful = pl.col(TURN).is_in(list(ageless)) & (~measured | outdated)
    if not rows.select(doubtful.any()).item():
        return rows
    was_measured = measured.cum_max().shift(fill_value=False).over(dataset.identity)
    silent = doubtful & (was_measured | (outdated & ~measured & ~pl.col("_first")))
    return _filled(rows, dataset.observed, ~silent)


def _outdated(rows: pl.DataFrame) -> pl.Expr:
    return pl.col(OUTDATED).fill_null(value=False) if OUTDATED in rows.columns else pl.lit(value=False)


def _older(dataset: Dataset, said: pl.DataFrame, kept: pl.DataFrame, absent: Mapping[int, frozenset[str]]) -> int:
    """How many outdated rows said something else than what is kept of their slot."""
    outdated = said.select(_outdated(said).alias("mark")).to_series()
    if not outdated.any():
        return 0
    said, kept = said.filter(outdated), kept.filter(outdated)
    lacking = {
        name: list(turns) for turns, names in _columns_by_absent_turns(dataset, absent).items() for name in names
    }
    differs = pl.any_horizontal(
        (pl.col(name).ne_missing(kept[name]) & ~pl.col(TURN).is_in(lacking.get(name, []))) for name in dataset.observed
    )
    return int(said.select(differs.sum()).item())


def _carry(dataset: Dataset, rows: pl.DataFrame, absent: Mapping[int, frozenset[str]]) -> pl.DataFrame:
    """Fill each column that a row's document lacked with the value of the row before it (same identity)."""
    # Vintages differ in their columns. A column that is absent is no statement about its value, a null in it is one.
    for turns, columns in _columns_by_absent_turns(dataset, absent).items():
        counts = pl.col("_first") | ~pl.col(TURN).is_in(list(turns))
        rows = _filled(rows, columns, counts)
    return rows


def _filled(rows: pl.DataFrame, columns: Sequence[str], counts: pl.Expr) -> pl.DataFrame:
    """Rows that do not count take these columns from the last row that does."""
    source = pl.when(counts).then(pl.int_range(pl.len())).otherwise(None).forward_fill().alias(_SOURCE_ROW)
    # A column of its own: as an expression it would be computed again for each of the columns, its window included.
    # That halved a first ingest of 2.7 M regional rows (151 s before, 65 s after).
    return rows.with_columns(source).with_columns(pl.col(columns).gather(pl.col(_SOURCE_ROW))).drop(_SOURCE_ROW)


def _columns_by_absent_turns(dataset: Dataset, absent: Mapping[int, frozenset[str]]) -> dict[frozenset[int], list[str]]:
    grouped: dict[frozenset[int], list[str]] = {}
    for name in dataset.observed:
        turns = frozenset(turn for turn, columns in absent.items() if name in columns)
        if turns:
            grouped.setdefault(turns, []).append(name)
    return grouped


def _without_settled(dataset: Dataset, rows: pl.DataFrame, additions: pl.DataFrame) -> pl.DataFrame:
    """Leave out the identities whose last row matches what the lake knows: these files were read before."""
    # Two files that disagree are two observations, and reading both again would append both again forever.
    identity, observed = list(dataset.identity), list(dataset.observed)
    disputed = additions.select(identity).unique()
    history = rows.join(disputed, on=identity, how="semi").sort([*identity, TURN])
    ends = history.group_by(identity).agg(
        pl.col(TURN).first().alias("_from"),
        pl.all_horizontal(pl.col(name).first().eq_missing(pl.col(name).last()) for name in observed).alias("_same"),
    )
    settled = ends.filter((pl.col("_from") == -1) & pl.col("_same"))
    return additions.join(settled.select(identity), on=identity, how="anti")
