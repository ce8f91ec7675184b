"""Series by slot, quarter hour, half hour and hour, as Ibis expressions over core: each column by its own duration.

A row of core is a slot: ``<name>`` [MW] lasts ``<name>_quarter_hours``. So energy is a sum of both, mean power that sum
over the time in which the column is known, and nothing is guessed between two values.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from watthouse.serve.formats import AnswerColumn
from watthouse.serve.queries.series import Span, between, of_region, within
from watthouse.serve.queries.units import Interval, Unit
from watthouse.warehouse.query import Prepared

BEGINS: Final = AnswerColumn("starts", "", "Start of the slot (UTC)")
CLOCK: Final = AnswerColumn("heure", "", "Clock time at which the slot begins (Europe/Paris), HH:MM")
NATURE: Final = AnswerColumn("nature", "", "How settled the row is")
SLOT_MINUTES: Final = AnswerColumn("slot_minutes", "min", "Duration of load and mix: 15 or 30")
MIX_KNOWN: Final = AnswerColumn("mix_known", "", "Whether every source that the day publishes is known in this slot")
COMMERCIAL_MINUTES: Final = AnswerColumn("commercial_minutes", "min", "Duration of the commercial exchanges: 15 or 30")
PHYSICAL_MINUTES: Final = AnswerColumn("physical_minutes", "min", "Duration of the physical balance: 15 or 30")
RATE: Final = "taux_co2"
_REGION: Final = ("code_insee_region", "libelle_region")


@dataclass(frozen=True)
class SlotKind:
    """What is cut: the columns that make a row one of this kind, and whether it is a mix (else exchanges).

    ``regional`` is for one row per region; ``region`` the one requested.
    """

    columns: tuple[str, ...]
    mixed: bool = True
    rated: bool = False
    regional: bool = False
    region: str | None = None


def cut(span: Span, table: ir.Table, kind: SlotKind, names: Sequence[str], unit: Unit) -> Prepared:
    """``names`` in ``unit`` by the span's interval (an hour or less), oldest first; ``table`` is of core's power."""
    draw = _published if span.interval is Interval.SLOT else _summed
    return span.fill(draw, table, kind, tuple(names), unit)


def longest(span: Span, table: ir.Table, kind: SlotKind, names: Sequence[str]) -> Prepared:
    """One row: ``quarter_hours``, how long the longest value of the period lasts, and its ``civil_date``."""
    return span.fill(_longest, table, kind, tuple(names))


def _longest(table: ops.Relation, _: Interval, kind: SlotKind, names: tuple[str, ...]) -> ir.Table:
    rows = _rows(table, kind, between)
    lasting = ibis.greatest(*(ibis.ifelse(_value(rows, name).notnull(), _lasts(rows, name), 0) for name in names))
    rows = rows.mutate(lasting=lasting)
    return rows.aggregate(quarter_hours=rows.lasting.max(), civil_date=rows.civil_date.min(where=rows.lasting > 1))


def _rows(table: ops.Relation, kind: SlotKind, period: Callable[[ir.Table], ir.Table]) -> ir.Table:
    """The rows of core that hold anything of this kind."""
    rows = period(of_region(table.to_expr(), kind.region))
    if kind.mixed:
        return rows.filter(rows.slot_minutes.notnull())
    return rows.filter(ibis.coalesce(*(rows[name] for name in kind.columns)).notnull())


def _published(table: ops.Relation, _: Interval, kind: SlotKind, names: tuple[str, ...], unit: Unit) -> ir.Table:
    """One row per slot, each value in the row that it was published in."""
    rows = _rows(table, kind, between)
    # load and exchanges have durations of their own in one row
    minutes = (
        {"slot_minutes": rows.slot_minutes}
        if kind.mixed
        else {
            "commercial_minutes": rows.commercial_minutes,
            "physical_minutes": ibis.ifelse(rows.ech_physiques.notnull(), 15 * rows.ech_physiques_quarter_hours, None),
        }
    )
    return rows.select(
        rows.date_heure.name("starts"),
        rows.heure,
        *(rows[name] for name in (_REGION if kind.regional else ())),
        **minutes,
        nature=rows.nature,
        **{f"{name}{unit.suffix}": _of_slot(rows, name, unit) for name in names},
        **({f"{RATE}_g_kwh": rows[RATE]} if kind.rated else {}),
        **({"mix_known": rows.production_mw.notnull()} if kind.mixed else {}),
    ).order_by(["starts", *_REGION[: 1 if kind.regional else 0]])


def _of_slot(rows: ir.Table, name: str, unit: Unit) -> ir.Value:
    value, lasts = _value(rows, name), _lasts(rows, name)
    if unit is Unit.SHARE:
        return value.cast("float64") / rows.production_mw.cast("float64").nullif(0)
    published = ibis.ifelse(lasts > 0, value, None)  # 0: it lasts from the half hour before
    return in_unit(published, lasts, unit)


def in_unit(mw: ir.Value, quarters: ir.Value, unit: Unit) -> ir.Value:
    """Power in MW, or its energy over a number of quarter hours."""
    return mw if unit is Unit.MW else as_energy(mw * quarters, unit)


def sum_of(quarter_mwh: ir.Value, quarters: ir.Value, unit: Unit, where: ir.Value | None = None) -> ir.Value:
    """Energy of a group of rows, or its mean power over the quarter hours in which it is known."""
    energy = quarter_mwh.sum(where=where)
    if unit is not Unit.MW:
        return as_energy(energy, unit)
    known = quarter_mwh.notnull() if where is None else quarter_mwh.notnull() & where
    return energy.cast("float64") / quarters.sum(where=known).cast("float64").nullif(0)


def as_energy(quarter_mwh: ir.Value, unit: Unit) -> ir.Value:
    """Whole quarters of a MWh in MWh, exactly, or in GWh."""
    if unit is Unit.GWH:
        return quarter_mwh.cast("float64") / 4000
    # MW times quarter hours are whole numbers: exact up to here, and two decimals hold a quarter
    return (quarter_mwh.cast("float64") / 4).cast("decimal(18, 2)")


def _value(rows: ir.Table, name: str) -> ir.Value:
    """What ``name`` is in each row, MW."""
    if name == "production":
        return rows.production_mw
    if name == "net_export":
        return -rows.ech_physiques
    if name.endswith("_import"):
        # gross flows have no column: a slot either imports or exports
        flow = rows[name.removesuffix("_import")]
        return ibis.ifelse(flow < 0, 0, flow)
    if name.endswith("_export"):
        flow = rows[name.removesuffix("_export")]
        return ibis.ifelse(flow > 0, 0, -flow)
    return rows[name]


def _lasts(rows: ir.Table, name: str) -> ir.Value:
    """How long it lasts, quarter hours."""
    flow = name.removesuffix("_import").removesuffix("_export")
    return rows[f"{'ech_physiques' if name == 'net_export' else flow}_quarter_hours"]


def _summed(table: ops.Relation, interval: Interval, kind: SlotKind, names: tuple[str, ...], unit: Unit) -> ir.Table:
    """One row per interval: no value reaches from one into the next, as half hours begin on the half hour."""
    # flows need the whole days first, to tell what each day publishes
    rows = _rows(table, kind, within if not kind.mixed else between)
    if not kind.mixed:
        rows = _with_published(rows, kind.columns)
    expected = QUARTERS[interval]
    key = [bucket(rows.date_heure, interval).name("starts"), *(rows[name] for name in _REGION if kind.regional)]
    measured = _measured_mix(rows) if kind.mixed else _measured_flows(rows, kind.columns)
    sums = rows.group_by(key).aggregate(
        **{f"{name}{unit.suffix}": _total(rows, name, unit) for name in names},
        **({f"{RATE}_g_kwh": _rate(rows)} if kind.rated else {}),
        **measured,
    )
    hours = {name: sums[name].cast("float64") / 4 for name in measured}
    complete = ibis.and_(*(sums[name].fill_null(0) == expected for name in measured))
    return sums.mutate(**hours, complete=complete).order_by(["starts", *_REGION[: 1 if kind.regional else 0]])


QUARTERS: Final = {Interval.QUARTER_HOUR: 1, Interval.HALF_HOUR: 2, Interval.HOUR: 4}


def bucket(instant: ir.Value, interval: Interval) -> ir.Value:
    """When the interval of an instant begins; hours of Paris and of UTC begin together."""
    return instant.truncate("h") if interval is Interval.HOUR else instant.bucket(minutes=15 * QUARTERS[interval])


def _total(rows: ir.Table, name: str, unit: Unit) -> ir.Value:
    value, lasts = _value(rows, name), _lasts(rows, name)
    if unit is Unit.SHARE:
        whole = rows.production_mw * rows.production_quarter_hours
        of = value.notnull() if "_" in name else None  # part of a source: over the slots that know the part
        part = (value * rows.production_quarter_hours).sum(where=rows.production_mw.notnull())
        return part.cast("float64") / whole.sum(where=of).cast("float64").nullif(0)
    return sum_of(value * lasts, lasts, unit)


def _rate(rows: ir.Table) -> ir.Value:
    """CO₂ intensity, weighted by production, over the slots that know both."""
    weight = (rows.production_mw * rows.production_quarter_hours).cast("float64")
    return (rows[RATE] * weight).sum() / weight.sum(where=rows[RATE].notnull()).nullif(0)


def _measured_mix(rows: ir.Table) -> dict[str, ir.Value]:
    """The quarter hours of a group of rows in which the load is known, and the whole mix."""
    # load and mix apart: one source may have a hole while the others go on
    load = rows.consommation_quarter_hours.sum(where=rows.consommation.notnull())
    mix = rows.production_quarter_hours.sum(where=rows.production_mw.notnull())
    return {"measured_hours": load.fill_null(0), "mix_hours": mix.fill_null(0)}


def _with_published(rows: ir.Table, columns: Sequence[str]) -> ir.Table:
    """With a word for every column whether its day publishes it; then the rows of the period alone."""
    # a border that nobody publishes on a day makes none of its hours incomplete
    day = ibis.window(group_by="civil_date")
    rows = rows.mutate(**{f"{name}_published": rows[name].notnull().any().over(day) for name in columns})
    return between(rows)


def _measured_flows(rows: ir.Table, columns: Sequence[str]) -> dict[str, ir.Value]:
    """The quarter hours in which every column that the day publishes is known."""
    known = (
        ibis.ifelse(
            rows[f"{name}_published"].any(),
            rows[f"{name}_quarter_hours"].sum(where=rows[name].notnull()).fill_null(0),
            None,
        )
        for name in columns
    )
    return {"measured_hours": ibis.least(*known)}
