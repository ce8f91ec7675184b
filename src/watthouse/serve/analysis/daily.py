"""The days that the questions are put to: read from the daily marts, on a calendar without holes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Final

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import numpy as np
import polars as pl

from watthouse.catalog import COMMERCIAL
from watthouse.serve.analysis.season import Calendar, Flags, Floats, calendar
from watthouse.serve.analysis.sources import SOURCES
from watthouse.serve.queries.series import within
from watthouse.serve.queries.temperature import temperature_of_france
from watthouse.warehouse.query import Prepared
from watthouse.warehouse.snapshots import Snapshot

ENERGIES: Final = tuple(f"{source}_mwh" for source in SOURCES)
TEMPERATURE: Final = "tmoy_c"
STOCK: Final = "stock_gaz_gwh"
CHANGE: Final = "stock_gaz_change_gwh"
EXCHANGED: Final = "exchanged_gwh"
NET_EXPORT: Final = "net_export_gwh"

LEARN_DAYS: Final = 3653
"""The season is learnt on ten years at least, where they are held."""
_QUARTERS: Final = 96


@dataclass(frozen=True)
class KnownDays:
    """The first and the last day on which something is known, and on how many days it is."""

    first: date
    last: date
    days: int

    def overlap(self, other: "KnownDays") -> "KnownDays | None":
        """Where both are; with the days of the one that has fewer."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return KnownDays(first, last, min(self.days, other.days)) if first <= last else None


@dataclass(frozen=True)
class DailySeries:
    """Days of a period and around it, one row a civil day without holes.

    ``frame`` has ``civil_date``; :data:`ENERGIES` [MWh]; ``<source>_mw``, the mean power of fully measured days [MW];
    ``tmoy_c`` [°C]; ``stock_gaz_gwh`` and ``stock_gaz_change_gwh`` [GWh]; ``exchanged_gwh``, commercial imports and
    exports together, and ``net_export_gwh`` of fully measured days [GWh]; ``measured`` and ``expected`` [quarter
    hours]; ``nature``. What is not known is null. ``since`` and ``until`` are the period, both included; ``spans`` says
    of ``tmoy_c``, ``stock_gaz_gwh`` and ``measured`` (anything of éCO2mix) on which days they are held, beyond
    ``frame`` too.
    """

    frame: pl.DataFrame
    since: date
    until: date
    spans: Mapping[str, KnownDays] = field(default_factory=dict)

    @property
    def period(self) -> pl.DataFrame:
        return self.frame.filter(pl.col("civil_date").is_between(self.since, self.until))

    @cached_property
    def calendar(self) -> Calendar:
        """The days of ``frame``."""
        return calendar(self.frame["civil_date"][0].toordinal(), len(self.frame))

    @property
    def in_period(self) -> Flags:
        return self.frame["civil_date"].is_between(self.since, self.until).to_numpy().astype(np.bool_)

    def known(self, name: str) -> int:
        """On how many days of the period a column is known."""
        return len(self.period) - self.period[name].null_count()

    def span(self, name: str) -> KnownDays | None:
        """The days on which a series is held at all; None where it never is."""
        return self.spans.get(TEMPERATURE if name == TEMPERATURE else STOCK if name in {STOCK, CHANGE} else "measured")

    def series(self, name: str) -> Floats:
        """A column, NaN where it is not known."""
        return self.frame[name].cast(pl.Float64).to_numpy().astype(np.float64)


def on_calendar(rows: pl.DataFrame, since: date, until: date) -> DailySeries:
    """Days as the marts give them, every day once: power summed to ``_mwh``, that of the sources over ``mix_slots``;
    the load is known in ``measured_slots`` of ``expected_slots``.

    A day of the period that has no row is one of which nothing was measured.
    """
    known: list[date] = rows["civil_date"].to_list()
    first, last = min([since, *known]), max([until, *known])
    # without holes: harmonics and blocks of the bootstrap count days by position
    every = pl.DataFrame({"civil_date": pl.date_range(first, last, eager=True)})
    slot = pl.when(pl.col("expected_slots") <= _QUARTERS // 2).then(2).otherwise(1)
    # the mean of a half reported day is that of its hours, not of the day
    whole = pl.col("mixed") == pl.col("expected")
    hours = pl.col("mixed") / 4
    frame = (
        every.join(rows, on="civil_date", how="left")
        .sort("civil_date")
        .with_columns(
            measured=(pl.col("measured_slots") * slot).fill_null(0),
            mixed=(pl.col("mix_slots") * slot).fill_null(0),
            expected=(pl.col("expected_slots") * slot).fill_null(_QUARTERS),
        )
        .with_columns(
            *(pl.when(whole).then(pl.col(f"{source}_mwh") / hours).alias(f"{source}_mw") for source in SOURCES),
            *((pl.col(f"{name}_mwh") / 1000).alias(f"{name}_gwh") for name in ("exchanged", "net_export")),
        )
    )
    return DailySeries(frame, since, until)


def read_days(
    snapshot: Snapshot, since: date | None, until: date | None, marts: Sequence[str] = ("daily_merged",)
) -> DailySeries:
    """The days of the period as the snapshot holds them, and those around it that the season is learnt on.

    Everything that ``marts`` hold where ``since`` or ``until`` is left out; what lies beyond it is cut off. Of a period
    that lies beyond it as a whole, its first :data:`LEARN_DAYS`.
    """
    first, last = snapshot.extent(*marts)
    low, high = max(since or first, first), min(until or last, last)
    if high < low:
        # the period lies outside of what is held, or one bound of it does
        low = min(bound for bound in (since, until) if bound is not None)
        # nothing is known of any day: 8,000 years of them took 1.8 GB and six seconds
        high = min(until or low, low + min(timedelta(days=LEARN_DAYS - 1), date.max - low))
        daily = on_calendar(_rows(snapshot, low, high), low, high)
    else:
        # more days than asked for: the season needs them, the figures do not use them
        daily = on_calendar(_rows(snapshot, *around(first, last, low, high)), low, high)
    return replace(daily, spans=snapshot.once(_spans))


def _spans(snapshot: Snapshot) -> dict[str, KnownDays]:
    # what could be chosen instead, for the sentences that explain a missing answer
    spans = {}
    for name, mart in (("measured", "daily_merged"), (STOCK, "gas_daily"), (TEMPERATURE, "temperature_daily")):
        table = snapshot.table(mart)
        known = table.filter(table.measured_slots > 0 if name == "measured" else table[name].notnull())
        day = known.civil_date
        rows = snapshot.rows(known.aggregate(first=day.min(), last=day.max(), days=day.nunique()))
        (extent,) = rows.to_pylist()
        if extent["days"]:
            spans[name] = KnownDays(**extent)
    return spans


def around(first: date, last: date, since: date, until: date) -> tuple[date, date]:
    """The period, widened on both sides to :data:`LEARN_DAYS` as far as days are held (``first`` to ``last``)."""
    # a month cannot tell its season: it is learnt on the years around it
    short = max(LEARN_DAYS - 1 - (until - since).days, 0)
    before, after = (since - first).days, (last - until).days
    ahead = min(after, max(short - short // 2, short - before))
    return since - timedelta(days=min(before, short - ahead)), until + timedelta(days=ahead)


def _rows(snapshot: Snapshot, since: date, until: date) -> pl.DataFrame:
    days, stocks, warm, exchanged = (
        pl.DataFrame(snapshot.rows(Prepared(draw, tuple(snapshot.table(mart).op() for mart in marts), since, until)))
        for draw, marts in (
            (_merged, ("daily_merged",)),
            (_stocks, ("gas_daily",)),
            (_warm, ("daily_merged", "temperature_daily")),
            (_exchanged, ("exchanges_daily",)),
        )
    )
    for more in (stocks, warm):  # which are known on days without power too
        days = days.join(more, on="civil_date", how="full", coalesce=True)
    return days.join(exchanged, on="civil_date", how="left")


def _merged(table: ops.Relation) -> ir.Table:
    days = within(table.to_expr())
    slots = ("measured_slots", "mix_slots", "expected_slots", "nature")
    production = days.production_mwh.cast("float64")
    return days.select(
        "civil_date", *slots, *((days[f"{source}_share"] * production).name(f"{source}_mwh") for source in SOURCES)
    )


def _stocks(table: ops.Relation) -> ir.Table:
    days = within(table.to_expr())
    return days.select("civil_date", *_floats(days, [STOCK, CHANGE]))


def _warm(merged: ops.Relation, regional: ops.Relation) -> ir.Table:
    return temperature_of_france(within(merged.to_expr()), within(regional.to_expr())).select("civil_date", TEMPERATURE)


def _exchanged(table: ops.Relation) -> ir.Table:
    crossings = within(table.to_expr())
    # both ways added up: in a net figure imports and exports of one day cancel out
    gross = [crossings[f"{border}_{way}_mwh"].cast("float64") for border in COMMERCIAL for way in ("import", "export")]
    borders = ibis.least(*(crossings[f"{border}_slots"] for border in COMMERCIAL))
    return crossings.select(
        "civil_date",
        exchanged_mwh=_if_whole(crossings, borders, sum(gross[1:], gross[0])),
        net_export_mwh=_if_whole(crossings, crossings.ech_physiques_slots, crossings.net_export_mwh.cast("float64")),
    )


def _if_whole(rows: ir.Table, slots: ir.Value, value: ir.Value) -> ir.Value:
    """The value of days on which every slot of it is known."""
    return ibis.ifelse(slots == rows.expected_slots, value, ibis.null("float64"))


def _floats(table: ir.Table, names: Sequence[str]) -> list[ir.Value]:
    return [table[name].cast("float64").name(name) for name in names]
