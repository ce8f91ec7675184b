"""Series of energy and power over a period, as Ibis expressions over the marts: summed up in the engine.

A point is what was measured in its interval: ``complete`` says whether that is all of it. Energy is a sum; mean power
is that sum over the hours measured; a share is energy over production.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from watthouse.serve.asking import Interval, Unit
from watthouse.serve.delivery import Shown
from watthouse.serve.dictionary import Mart

_STEPS: Final = {Interval.DAY: "days", Interval.WEEK: "weeks", Interval.MONTH: "months", Interval.YEAR: "years"}
_TRUNCATED: Final = {Interval.WEEK: "W", Interval.MONTH: "M", Interval.YEAR: "Y"}

STARTS: Final = Shown(
    "starts", "", "When the interval begins: its first civil day (Europe/Paris), or its instant (UTC)"
)
MEASURED: Final = Shown("measured_hours", "h", "Time of the interval that was measured")
COMPLETE: Final = Shown("complete", "", "Whether every slot of the interval that lies in the period was measured")


@dataclass(frozen=True)
class Span:
    """A period and how it is cut."""

    since: date
    until: date
    interval: Interval

    def of(self, table: ir.Table) -> ir.Table:
        """The rows of the period, each with when its interval ``starts``."""
        rows = table.filter(table.civil_date >= ibis.date(self.since), table.civil_date <= ibis.date(self.until))
        return rows.mutate(starts=rows.date_heure if self.interval is Interval.HOUR else self._starts(rows.civil_date))

    def _starts(self, day: ir.DateValue) -> ir.Value:
        if self.interval is Interval.DAY:
            return day
        return day.cast("timestamp").truncate(_TRUNCATED[self.interval]).cast("date")

    def days(self, starts: ir.DateValue) -> ir.IntegerValue:
        """How many civil days of the interval lie in the period."""
        ends = (starts + ibis.interval(1, _STEPS[self.interval][0].upper())).cast("date")
        last, first = ibis.least(ends, ibis.date(self.until).add(ibis.interval(1, "D")).cast("date")), starts
        return last.delta(ibis.greatest(first, ibis.date(self.since)), unit="day")


def energy(
    table: ir.Table,
    span: Span,
    names: Sequence[str],
    unit: Unit,
    *,
    by: Sequence[str] = (),
    also: Callable[[ir.Table], dict[str, ir.Value]] | None = None,
) -> ir.Table:
    """One row an interval (and each of ``by``), oldest first: ``names`` in ``unit``, and how much was measured.

    ``table`` has ``civil_date``, ``<name>_mwh``, ``production_mwh``, ``measured_slots`` and ``expected_slots``.
    ``also`` gives further aggregates.
    """
    rows = span.of(table)
    quarters = _quarter_hours(rows, span.interval)
    whole = {
        f"{name}_mwh": rows[f"{name}_mwh"].sum()
        for name in dict.fromkeys([*names, "production"])
        if f"{name}_mwh" in rows.columns
    }
    sums = rows.group_by(["starts", *by]).aggregate(
        **whole,
        **(also(rows) if also else {}),
        _measured=(rows.measured_slots * quarters).sum(),
        _expected=(rows.expected_slots * quarters).sum(),
        _days=rows.count(),
    )
    hours = (sums["_measured"].cast("float64") / 4).name("measured_hours")
    complete = sums["_measured"] == sums["_expected"]
    if span.interval is not Interval.HOUR:
        complete = complete & (sums["_days"] == span.days(sums.starts))
    kept = [sums[name] for name in sums.columns if name not in whole and name not in {"starts", *by} and name[0] != "_"]
    return sums.select(
        "starts",
        *by,
        *(_shown(sums, name, unit, hours) for name in names),
        *kept,
        hours,
        complete.name("complete"),
    ).order_by(["starts", *by])


def _shown(sums: ir.Table, name: str, unit: Unit, hours: ir.Value) -> ir.Value:
    mwh = sums[f"{name}_mwh"]
    value: Any = {
        Unit.MWH: lambda: mwh.cast("decimal(18, 2)"),
        Unit.GWH: lambda: mwh.cast("float64") / 1000,
        Unit.MW: lambda: mwh.cast("float64") / hours.nullif(0),
        Unit.SHARE: lambda: mwh.cast("float64") / sums.production_mwh.cast("float64").nullif(0),
    }[unit]()
    return value.name(f"{name}{unit.suffix}")


def measured_hours(rows: ir.Table) -> ir.Value:
    """The time that was measured, over all rows of a daily mart, in hours."""
    return (rows.measured_slots * _quarter_hours(rows)).sum().cast("float64") / 4


def _quarter_hours(rows: ir.Table, interval: Interval = Interval.DAY) -> ir.Value:
    """How many quarter hours a slot of this row lasts: a day wholly on half hours has 48 of them, or 46."""
    most = 2 if interval is Interval.HOUR else 48
    return ibis.ifelse(rows.expected_slots <= most, 2, 1).cast("int32")


def weighted(rows: ir.Table, value: str, weight: str) -> ir.Value:
    """The mean of a column over a group, weighted, where both are known."""
    weights = rows[weight].cast("float64")
    known = rows[value].notnull()
    return (rows[value] * weights).sum() / weights.sum(where=known).nullif(0)


def shown(mart: Mart, names: Sequence[str], unit: Unit) -> tuple[Shown, ...]:
    """The columns ``names`` in ``unit``, in the mart's words."""
    label = "0-1" if unit is Unit.SHARE else unit.value
    part = ": share of production" if unit is Unit.SHARE else ""
    return tuple(Shown(f"{name}{unit.suffix}", label, mart[f"{name}_mwh"].meaning + part) for name in names)


def last(value: ir.Value, day: ir.Value) -> ir.Value:
    """The value of the newest day on which there is one."""
    return value.argmax(day, where=value.notnull())
