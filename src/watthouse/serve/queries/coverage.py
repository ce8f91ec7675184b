"""How much of a period was measured, and how much of it has to be before anything is claimed of the whole."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from watthouse.catalog import MAINLAND
from watthouse.clock import end_of, start_of
from watthouse.serve.queries.series import measured_hours, of_region, quarter_hours, within
from watthouse.warehouse.query import Prepared
from watthouse.warehouse.snapshots import Snapshot

# a source known until noon had "fallen by 50%" before
ENOUGH: Final = 0.9
"""Of a period, before its totals are compared with another's, and of a history, before records in it are announced."""


@dataclass(frozen=True)
class Main:
    """What a page is about: a mart, and the one region of it that is shown, where it is one."""

    mart: str
    region: str | None = None


@dataclass(frozen=True)
class Coverage:
    """Of a period of ``days``: the ``share`` that was measured (0 to 1), that in which the whole mix is known (None
    where there is no mix), and how many days have no measurement."""

    share: float
    mixed: float | None
    unmeasured: int
    days: int


def hours_of(since: date, until: date) -> float:
    """The length of civil days, both ends included, in hours: 23 or 25 where the clocks change."""
    # between instants: the difference of two local times ignores the clock change
    return (end_of(until) - start_of(since)) / timedelta(hours=1)


def coverage(snapshot: Snapshot, main: Main, since: date, until: date) -> Coverage:
    """How much a mart has of a period: of its slots (of all regions), or of its days where it counts no slots."""
    form = Prepared(_measured, (snapshot.table(main.mart).op(), main.region), since, until)
    (sums,) = snapshot.rows(form).to_pylist()
    days = (until - since).days + 1
    whole: float = days
    if sums["by_slot"]:
        whole = hours_of(since, until)
        if main.mart == "daily_regional" and main.region is None:
            # the mart counts the slots of every region
            whole *= len(MAINLAND)
    measured, mixed = (None if sums[name] is None else min(sums[name] / whole, 1.0) for name in ("measured", "mixed"))
    return Coverage(measured or 0.0, mixed, days - (sums["days"] or 0), days)


def _measured(table: ops.Relation, region: str | None) -> ir.Table:
    rows = known_days(within(of_region(table.to_expr(), region)))
    by_slot = "measured_slots" in rows.columns
    measured = measured_hours(rows) if by_slot else rows.civil_date.nunique().cast("float64")
    mixed = (rows.mix_slots * quarter_hours(rows)).sum() / 4 if "mix_slots" in rows.columns else ibis.null("float64")
    return rows.aggregate(measured=measured, days=rows.civil_date.nunique(), mixed=mixed).mutate(by_slot=by_slot)


def known_days(rows: ir.Table) -> ir.Table:
    """The rows of a mart that know what it is about."""
    if "measured_slots" in rows.columns:
        return rows.filter(rows.measured_slots > 0)
    # a mart without slots knows a day or does not
    if "stock_gaz_gwh" in rows.columns:
        return rows.filter(rows.stock_gaz_gwh.notnull())
    return rows.filter(rows.tmoy_c.notnull()) if "tmoy_c" in rows.columns else rows


def extent_of(snapshot: Snapshot, main: Main) -> tuple[date, date] | None:
    """The first and the last day that a mart knows; None where it knows none."""
    return snapshot.once(_extent, main)


def _extent(snapshot: Snapshot, main: Main) -> tuple[date, date] | None:
    rows = known_days(of_region(snapshot.table(main.mart), main.region))
    first, last = snapshot.rows(_ends(rows)).to_pylist()[0].values()
    return (first, last) if first and last else None


def nearest(snapshot: Snapshot, main: Main, since: date, until: date) -> tuple[date, date] | None:
    """A period as long as this one, or as what is known, that has something: before this one, else after it."""
    # as long as the period that is empty, so that the page looks the same there
    rows, span = known_days(of_region(snapshot.table(main.mart), main.region)), until - since
    before = snapshot.rows(_ends(rows.filter(rows.civil_date < since))).to_pylist()[0]
    if before["last"]:
        return max(before["last"] - span, before["first"]), before["last"]
    after = snapshot.rows(_ends(rows.filter(rows.civil_date > until))).to_pylist()[0]
    return (after["first"], min(after["first"] + span, after["last"])) if after["first"] else None


def _ends(rows: ir.Table) -> ir.Table:
    return rows.aggregate(first=rows.civil_date.min(), last=rows.civil_date.max())
