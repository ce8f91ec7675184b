"""Rows by slot as charts draw them: what is not known is a gap, and what lasts for half an hour lasts that long."""

from collections.abc import Sequence
from datetime import timedelta

import polars as pl


def with_gaps(rows: pl.DataFrame, time: str = "starts") -> pl.DataFrame:
    """With a row of nulls where a slot ends and no other begins; the rows say how long they last (``…_minutes``).

    ``rows`` are those of one series, oldest first; one that says nothing lasts for a quarter hour.
    """
    # the shortest of a row's durations: exchanges may last 30 minutes where the load lasts 15
    ends = pl.col(time) + pl.duration(minutes=pl.min_horizontal("^.*_minutes$").fill_null(15))
    missing = rows.select(ends.alias(time), missing=ends < pl.col(time).shift(-1)).filter("missing").select(time)
    return pl.concat([rows, missing], how="diagonal").sort(time) if missing.height else rows


def lasting(rows: pl.DataFrame, columns: Sequence[str], time: str = "starts") -> pl.DataFrame:
    """The rows with the values of half-hourly ``columns`` in the quarter hour through which they last.

    Exchanges stood on half hours in rows of quarter hours up to 2023: an area stacked from such rows has a hole at
    each :15 and :45. The row before says whether its value lasts (``…_minutes``); where none does, a column is
    half-hourly on a civil day on which several rows stand on :15 and :45, and none of them knows it.
    """
    at = pl.col(time)
    between = at.dt.minute().is_in([15, 45])
    next_to = at.diff() == timedelta(minutes=15)

    def lasts(name: str) -> pl.Expr:
        if (minutes := _minutes_of(name)) in rows.columns:
            return pl.col(minutes).shift(1) == 30
        # by civil day, as 2020 to 2023 have half-hourly exchanges and 2025 has not; one lone slot decides nothing
        return (between.sum().over(at.dt.date()) > 1) & ~(between & pl.col(name).is_not_null()).any().over(at.dt.date())

    return rows.with_columns(
        pl.when(between & next_to & lasts(name) & pl.col(name).is_null())
        .then(pl.col(name).shift(1))
        .otherwise(pl.col(name))
        .alias(name)
        for name in columns
    )


def _minutes_of(column: str) -> str:
    """The column that says how long one lasts, as answers by slot have it."""
    if column.startswith("ech_comm_"):
        return "commercial_minutes"
    return "physical_minutes" if column.startswith(("ech_physiques", "net_export")) else "slot_minutes"


def to_last_known(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The rows up to the last that knows every column the day knows: operators report one slot bit by bit."""
    # a source that the whole day does not know must not end the chart at midnight
    reported = [name for name in columns if name in rows.columns and rows[name].count()]
    whole = rows.filter(pl.all_horizontal(pl.col(reported).is_not_null())) if reported else rows.clear()
    return rows.filter(pl.col("date_heure") <= whole["date_heure"].max()) if whole.height else rows.clear()


def with_second_quarters(rows: pl.DataFrame, measured: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """``measured`` and, of ``rows``, the second quarters of its half hours that know any of ``columns``.

    Settled exchanges stand on quarter hours since 27 June 2024, the load beside them on half hours.
    """
    # rows of schedules to come know exchanges too: only those within a measured half hour count
    known = rows.filter(pl.any_horizontal(pl.col(columns).is_not_null()))
    halves = measured.filter(pl.col("slot_minutes") == 30).select(pl.col("date_heure").dt.offset_by("15m"))
    return pl.concat([measured, known.join(halves, on="date_heure")]).sort("date_heure")


def whole_mix(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Slots with what lasts into each, without the sources (``columns``) of those in which not all are known: a part of
    a stack looks like a fall in production. Rows that do not say it (``mix_known``) are no slots, and stay as they are.
    """
    if "mix_known" not in rows.columns:
        return rows
    values = [name for name in rows.columns if name.endswith(("_mw", "_share"))]
    # a part of a stack looks like a fall in production, so all sources go where one is unknown
    return lasting(rows, values).with_columns(pl.when("mix_known").then(pl.col(*columns)))
