"""Load forecasts by slot, quarter hour, half hour and hour, compared with the load slot by slot."""

from collections.abc import Sequence
from typing import Final

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from watthouse.serve.queries.series import Span, between
from watthouse.serve.queries.slots import QUARTERS, bucket, in_unit, sum_of
from watthouse.serve.queries.units import Interval, Unit
from watthouse.warehouse.query import Prepared

HORIZONS: Final = ("prevision_j1", "prevision_j")


def cut(span: Span, forecasts: ir.Table, power: ir.Table, unit: Unit) -> Prepared:
    """By the span's interval (an hour or less), oldest first; the tables are core's, and have the ``horizon`` and
    ``forecast_mw`` of every forecast, and the load."""
    draw = _published if span.interval is Interval.SLOT else _summed
    return span.fill(draw, forecasts, power.op(), unit)


def longest(span: Span, forecasts: ir.Table, power: ir.Table) -> Prepared:
    """One row: ``quarter_hours``, how long the longest forecast or load of the period lasts, and its ``civil_date``."""
    return span.fill(_longest, forecasts, power.op())


def _longest(forecasts: ops.Relation, _: Interval, power: ops.Relation) -> ir.Table:
    load = _load(power)
    columns = ("civil_date", "quarter_hours")
    rows = between(forecasts.to_expr()).select(*columns).union(load.select(*columns))
    return rows.aggregate(
        quarter_hours=rows.quarter_hours.max(), civil_date=rows.civil_date.min(where=rows.quarter_hours > 1)
    )


def _load(power: ops.Relation) -> ir.Table:
    """The slots whose load is known: ``civil_date``, ``date_heure``, ``load_mw``, ``quarter_hours``."""
    rows = between(power.to_expr())
    return rows.filter(rows.consommation.notnull()).select(
        "civil_date",
        "date_heure",
        load_mw=rows.consommation,
        quarter_hours=rows.consommation_quarter_hours.cast("int32"),
    )


def _published(forecasts: ops.Relation, _: Interval, power: ops.Relation, unit: Unit) -> ir.Table:
    """One row per instant at which a forecast stands, with the load that stands there."""
    rows = between(forecasts.to_expr())
    forecast = rows.group_by([rows.date_heure.name("starts"), "heure"]).aggregate(
        **{
            name: value.max(where=rows.horizon == horizon)
            for horizon in HORIZONS
            for name, value in {
                f"{horizon}_minutes": rows.slot_minutes,
                f"{horizon}{unit.suffix}": in_unit(rows.forecast_mw, rows.quarter_hours, unit),
            }.items()
        }
    )
    load = _load(power)
    load = load.select(
        starts=load.date_heure,
        slot_minutes=15 * load.quarter_hours,
        **{f"consommation{unit.suffix}": in_unit(load.load_mw, load.quarter_hours, unit)},
    )
    return forecast.left_join(load, "starts").drop("starts_right").order_by("starts")


def _summed(forecasts: ops.Relation, interval: Interval, power: ops.Relation, unit: Unit) -> ir.Table:
    """One row per interval that has a forecast; errors are of the load's slots that a forecast covers whole."""
    rows = between(forecasts.to_expr())
    sums = rows.group_by(bucket(rows.date_heure, interval).name("starts")).aggregate(
        **{
            f"{horizon}{unit.suffix}": sum_of(
                rows.forecast_mw * rows.quarter_hours, rows.quarter_hours, unit, rows.horizon == horizon
            )
            for horizon in HORIZONS
        }
    )
    load = _compared(_load(power), rows)
    starts = bucket(load.date_heure, interval).name("starts")
    errors = {
        f"{horizon}_error{unit.suffix}": sum_of(load[f"{horizon}_error"], load.quarter_hours, unit)
        for horizon in HORIZONS
    }
    missed = {f"{horizon}_mape_pct": _mape(load, horizon) for horizon in HORIZONS}
    known = load.group_by(starts).aggregate(
        **{f"consommation{unit.suffix}": sum_of(load.load_mw * load.quarter_hours, load.quarter_hours, unit)},
        **errors,
        **missed,
        # of the load: an interval of the future has forecasts and nothing measured
        _quarters=load.quarter_hours.sum(),
    )
    both = sums.left_join(known, "starts").drop("starts_right")
    quarters = both["_quarters"].fill_null(0)
    return (
        both.mutate(measured_hours=quarters.cast("float64") / 4, complete=quarters == QUARTERS[interval])
        .drop("_quarters")
        .order_by("starts")
    )


def _compared(load: ir.Table, forecasts: ir.Table) -> ir.Table:
    """Each slot of the load with ``<horizon>_error`` [quarter MWh] where forecasts of all of it are known."""
    quarters = _by_quarter(load, ["load_mw", "quarter_hours"]).left_join(
        _by_quarter(forecasts, ["horizon", "forecast_mw"]), "quarter"
    )
    slots = quarters.group_by(["date_heure", "load_mw", "quarter_hours"]).aggregate(
        **{
            name: value
            for horizon in HORIZONS
            for name, value in {
                f"{horizon}_sum": quarters.forecast_mw.sum(where=quarters.horizon == horizon),
                f"{horizon}_covered": quarters.forecast_mw.count(where=quarters.horizon == horizon),
            }.items()
        }
    )
    return slots.mutate(
        **{
            f"{horizon}_error": ibis.ifelse(
                slots[f"{horizon}_covered"] == slots.quarter_hours,
                slots[f"{horizon}_sum"] - slots.load_mw * slots.quarter_hours,
                None,
            )
            for horizon in HORIZONS
        }
    )


def _by_quarter(rows: ir.Table, names: Sequence[str]) -> ir.Table:
    """Each row once for every quarter hour (``quarter``, its instant) that it lasts."""
    first = rows.select("date_heure", *names, quarter=rows.date_heure)
    # a half hour covers two quarters: forecasts and load can then be matched, whatever their steps
    late = rows.filter(rows.quarter_hours == 2)
    second = late.select("date_heure", *names, quarter=late.date_heure + ibis.interval(minutes=15))
    return first.union(second)


def _mape(load: ir.Table, horizon: str) -> ir.Value:
    """The mean relative error of the slots that are compared, weighted by how long they last, %."""
    error, weight = load[f"{horizon}_error"], load.quarter_hours.cast("float64")
    # a load of 0 would make the mean infinite
    relative = error.abs().cast("float64") / (load.load_mw * load.quarter_hours).cast("float64").nullif(0)
    return 100 * (relative * weight).sum() / weight.sum(where=relative.notnull()).nullif(0)
