"""Series of energy and power over a period, as Ibis expressions over the marts: summed up in the engine.

A point is what was measured in its interval: ``complete`` says whether that is all of it. Energy is a sum; mean power
is that sum over the hours measured; a share is energy over production.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from watthouse.serve.formats import AnswerColumn
from watthouse.serve.queries.units import Interval, Unit
from watthouse.transform.dictionary import Mart
from watthouse.warehouse.query import END, FIRST, SINCE, UNTIL, Parts, Prepared

_STEPS: Final = {Interval.DAY: "D", Interval.WEEK: "W", Interval.MONTH: "M", Interval.YEAR: "Y"}

STARTS: Final = AnswerColumn(
    "starts", "", "Start of the interval: its first civil day (Europe/Paris), or its instant (UTC)"
)
MEASURED: Final = AnswerColumn("measured_hours", "h", "Measured time of the interval")
MIXED: Final = AnswerColumn(
    "mix_hours", "h", "Time of the interval in which the whole mix is known: production and shares cover that time"
)
COMPLETE: Final = AnswerColumn(
    "complete", "", "Whether every slot of the interval, within the period, was measured, the whole mix included"
)


@dataclass(frozen=True)
class Mean:
    """A column of which the mean is wanted, and the column that weighs it."""

    name: str
    weight: str


@dataclass(frozen=True)
class Span:
    """A period and how it is cut: civil days, both included, and the instants between which it lies where any was
    given."""

    since: date
    until: date
    interval: Interval
    first: datetime | None = None
    end: datetime | None = None

    def fill(
        self, draw: Callable[..., ir.Table], table: ir.Table, *of: Hashable, parts: Parts | None = None
    ) -> Prepared:
        """The form ``draw(table's operation, interval, *of)``, filled in with these days."""
        blank = (table.op(), self.interval, *of)
        return Prepared(draw, blank, self.since, self.until, self.first, self.end, parts=parts)


def within(table: ir.Table) -> ir.Table:
    """The rows of a form's civil days, both ends included."""
    return table.filter(table.civil_date >= SINCE, table.civil_date <= UNTIL)


def between(table: ir.Table) -> ir.Table:
    """The rows of a form's period, to the instant."""
    return within(table).filter(lambda rows: (rows.date_heure >= FIRST) & (rows.date_heure < END))


def of_region(table: ir.Table, code: str | None) -> ir.Table:
    """The rows of a region, by its INSEE code; all of them by default."""
    return table if code is None else table.filter(table.code_insee_region == code)


def starts(rows: ir.Table, interval: Interval) -> ir.Value:
    """When the interval of a row begins."""
    if interval is Interval.HOUR:
        return rows.date_heure.name("starts")
    if interval is Interval.DAY:
        return rows.civil_date.name("starts")
    # ISO weeks: they begin on Monday
    return rows.civil_date.cast("timestamp").truncate(_STEPS[interval]).cast("date").name("starts")


def days_in_period(starts: ir.DateValue, interval: Interval) -> ir.IntegerValue:
    """How many civil days of the interval lie in the period."""
    ends = (starts + ibis.interval(1, _STEPS[interval])).cast("date")
    # a period may begin or end within an interval, which can be complete all the same
    last = ibis.least(ends, UNTIL.add(ibis.interval(1, "D")).cast("date"))
    return last.delta(ibis.greatest(starts, SINCE), unit="day")


def energy(
    table: ir.Table,
    span: Span,
    names: Sequence[str],
    unit: Unit,
    means: Sequence[Mean] = (),
    region: str | None = None,
    regional: bool = False,
) -> Prepared:
    """One row an interval (a region, where ``regional``), oldest first: ``names`` in ``unit``, ``means``, and how
    much was measured.

    ``table`` has one row a civil day (an hour, where these are the intervals), of each region where one is named:
    ``civil_date``, ``<name>_mwh`` and its count of slots (:func:`known_quarters`), ``measured_slots``,
    ``expected_slots``; ``mix_slots``, ``<name>_share`` and ``production_mwh`` where shares are wanted.
    """
    # a longer interval has all of its days within the period
    parts = Parts(STARTS.name, years=1) if span.interval is Interval.DAY else None
    return span.fill(_energy, table, tuple(names), unit, tuple(means), region, regional, parts=parts)


def _energy(
    table: ops.Relation,
    interval: Interval,
    names: tuple[str, ...],
    unit: Unit,
    means: tuple[Mean, ...],
    region: str | None,
    regional: bool,
) -> ir.Table:
    # hours have an instant of their own, days do not
    cut = between if interval is Interval.HOUR else within
    rows = cut(of_region(table.to_expr(), region))
    # the name goes along, ordered by the code: names have accents
    region_columns = ("code_insee_region", "libelle_region") if regional else ()
    if interval in {Interval.HOUR, Interval.DAY}:
        series = stored(rows, starts(rows, interval), complete_days(rows), interval, names, unit, means, region_columns)
    else:
        series = _summed(rows, interval, names, unit, means, region_columns)
    return series.order_by(["starts", *region_columns[:1]])


def stored(
    rows: ir.Table,
    begins: ir.Value,
    complete: ir.BooleanValue,
    interval: Interval,
    names: tuple[str, ...],
    unit: Unit,
    means: tuple[Mean, ...],
    region_columns: tuple[str, ...] = (),
) -> ir.Table:
    """The rows of a table that has one per interval already: to plan thirty sums of one row each takes longer."""
    return rows.select(
        begins.name("starts"),
        *(rows[name] for name in region_columns),
        *(_in_unit(rows, name, unit, interval) for name in names),
        *(ibis.ifelse(rows[mean.weight] != 0, rows[mean.name], None).name(mean.name) for mean in means),
        *(count.name(name) for name, count in _hours(rows, interval).items()),
        complete.name("complete"),
    )


def _summed(
    rows: ir.Table,
    interval: Interval,
    names: tuple[str, ...],
    unit: Unit,
    means: tuple[Mean, ...],
    region_columns: tuple[str, ...],
) -> ir.Table:
    sums = rows.group_by([starts(rows, interval), *(rows[name] for name in region_columns)]).aggregate(
        **{f"{name}{unit.suffix}": total(rows, name, unit, interval) for name in names},
        **{mean.name: weighted(rows, mean.name, mean.weight) for mean in means},
        **{name: count.sum() for name, count in _hours(rows, interval).items()},
        _whole=complete_days(rows).all(),
        _days=rows.count(),
    )
    complete = sums["_whole"] & (sums["_days"] == days_in_period(sums.starts, interval))
    return sums.mutate(complete=complete).drop("_whole", "_days")


def complete_days(rows: ir.Table) -> ir.BooleanValue:
    """Whether every slot of a row is known: of its load, or its exchanges, and of the whole mix where it has one."""
    whole: ir.BooleanValue = rows.measured_slots == rows.expected_slots
    return whole & (rows.mix_slots == rows.expected_slots) if "mix_slots" in rows.columns else whole


def _hours(rows: ir.Table, interval: Interval) -> dict[str, ir.Value]:
    """The time of each row that was measured, and that knows the whole mix where it has one, in hours."""
    counts = {MEASURED.name: rows.measured_slots}
    if "mix_slots" in rows.columns:
        counts[MIXED.name] = rows.mix_slots
    return {name: (count * quarter_hours(rows, interval)).cast("float64") / 4 for name, count in counts.items()}


_COUNTED_AS: Final = {"consommation": "measured", "production": "mix", "net_export": "ech_physiques"}


def known_quarters(rows: ir.Table, name: str, interval: Interval = Interval.DAY) -> ir.Value:
    """The quarter hours of each row in which ``<name>_mwh`` is known: those of its own column.

    Parts of an exchange are known as it is; errors of a forecast where they are compared with a load.
    """
    if name.startswith("prevision_"):  # forecasts are counted in quarter hours, whatever the load is measured in
        return rows[f"{name.removesuffix('_error')}_{'compared_' if name.endswith('_error') else ''}slots"]
    flow = name.removesuffix("_import").removesuffix("_export") if name.startswith("ech_comm_") else name
    count = f"{_COUNTED_AS.get(name, flow)}_slots"
    return rows[count] * quarter_hours(rows, interval)


def _in_unit(rows: ir.Table, name: str, unit: Unit, interval: Interval) -> ir.Value:
    """``<name>_mwh`` of each row in ``unit``, named so: exact as MWh."""
    mwh = rows[f"{name}_mwh"]
    if unit is Unit.SHARE:
        value = rows[f"{name}_share"]
    elif unit is Unit.MWH:
        value = mwh.cast("decimal(18, 2)")
    elif unit is Unit.GWH:
        value = mwh.cast("float64") / 1000
    else:
        # over the time in which this column is known: half a day measured is no half power
        value = mwh.cast("float64") * 4 / known_quarters(rows, name, interval).cast("float64").nullif(0)
    return value.name(f"{name}{unit.suffix}")


def total(rows: ir.Table, name: str, unit: Unit, interval: Interval = Interval.DAY) -> ir.Value:
    """``<name>_mwh`` over a group of rows in ``unit``: exact as MWh; MW over the time in which it is known.

    Shares are over slots that know the whole mix, so that they need ``<name>_share`` and ``production_mwh``; that of a
    part of a source is over the days that know the part.
    """
    mwh = rows[f"{name}_mwh"].sum()
    if unit is Unit.MWH:
        return mwh.cast("decimal(18, 2)")
    if unit is Unit.GWH:
        return mwh.cast("float64") / 1000
    if unit is Unit.MW:
        return mwh.cast("float64") * 4 / known_quarters(rows, name, interval).sum().cast("float64").nullif(0)
    share, production = rows[f"{name}_share"], rows.production_mwh
    # the total of a part of a source leaves out the years before it was split
    known = share.notnull() if "_" in name else None
    # shares back to energy: a mean of daily shares would weigh a calm day like a windy one
    energy = (share * production.cast("float64")).cast("decimal(18, 2)").sum().cast("float64")
    return energy / production.sum(where=known).cast("float64").nullif(0)


def measured_hours(rows: ir.Table) -> ir.Value:
    """The time that was measured, over all rows of a daily mart, in hours."""
    return (rows.measured_slots * quarter_hours(rows)).sum().cast("float64") / 4


def known_hours(rows: ir.Table, name: str, unit: Unit) -> ir.Value:
    """The time in which ``<name>_mwh`` is known over all rows of a daily mart, as :func:`total` takes it, in hours."""
    quarters = known_quarters(rows, name)
    if unit is Unit.SHARE:
        quarters = ibis.least(quarters, rows.mix_slots * quarter_hours(rows))
    return quarters.sum().cast("float64") / 4


def quarter_hours(rows: ir.Table, interval: Interval = Interval.DAY) -> ir.Value:
    """How many quarter hours a slot of this row lasts: a day wholly on half hours has 48 of them, or 46."""
    # marts keep how many slots a day should have, not how long they last
    most = 2 if interval is Interval.HOUR else 48
    return ibis.ifelse(rows.expected_slots <= most, 2, 1).cast("int32")


def weighted(rows: ir.Table, value: str, weight: str) -> ir.Value:
    """The mean of a column over a group, weighted, where both are known."""
    weights = rows[weight].cast("float64")
    known = rows[value].notnull()
    # a rate of low production must not count like one of high production
    return (rows[value] * weights).sum() / weights.sum(where=known).nullif(0)


def energies(mart: Mart, unit: Unit) -> list[str]:
    """The columns of a mart that can be shown in this unit: as a share, those that are part of production."""
    suffix = "_share" if unit is Unit.SHARE else "_mwh"
    return [name.removesuffix(suffix) for name in mart.names if name.endswith(suffix)]


def columns_of(mart: Mart, names: Iterable[str] = ()) -> tuple[AnswerColumn, ...]:
    """A mart's columns, or those of ``names``, as its models describe them."""
    return tuple(
        AnswerColumn(column.name, column.unit, column.meaning)
        for column in (mart.by_name[name] for name in names or mart.names)
    )


def shown(mart: Mart, names: Sequence[str], unit: Unit) -> tuple[AnswerColumn, ...]:
    """The columns ``names`` in ``unit``, in the mart's words."""
    part = ": share of production" if unit is Unit.SHARE else ""
    return tuple(
        AnswerColumn(f"{name}{unit.suffix}", unit.label, mart.by_name[f"{name}_mwh"].meaning + part) for name in names
    )


def last(value: ir.Value, day: ir.Value) -> ir.Value:
    """The value of the newest day on which there is one."""
    return value.argmax(day, where=value.notnull())
