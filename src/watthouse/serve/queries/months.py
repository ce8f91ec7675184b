"""Series of whole civil months, from a mart that has a row for each: no day is read."""

from collections.abc import Sequence
from datetime import date, timedelta

import ibis.expr.operations as ops
import ibis.expr.types as ir
from dateutil.relativedelta import relativedelta

from watthouse.serve.queries.series import STARTS, Mean, Span, days_in_period, stored
from watthouse.serve.queries.units import Interval, Unit
from watthouse.warehouse.query import SINCE, UNTIL, Parts, Prepared


def are_whole(span: Span, held: tuple[date, date]) -> bool:
    """Whether a series is by month, and no month of what is ``held``, both days included, is cut by its period."""
    if span.interval is not Interval.MONTH:
        return False
    since, until = max(span.since, held[0]), min(span.until, held[1])
    begins = since.day == 1 or since == held[0]
    return begins and (until == held[1] or (until + timedelta(days=1)).day == 1)


def energy_of_months(
    table: ir.Table, span: Span, names: Sequence[str], unit: Unit, means: Sequence[Mean] = ()
) -> Prepared:
    """As :func:`~watthouse.serve.queries.series.energy` by month, of a period that cuts none (:func:`are_whole`).

    ``table`` has one row a ``civil_month``, with ``complete_days``, and its slots in quarter hours.
    """
    # a month that the period cuts is complete where its days within are
    cuts_none = span.since.day == 1 and span.until == span.until + relativedelta(day=31)
    parts = Parts(STARTS.name, years=100) if cuts_none else None
    return span.fill(_months, table, tuple(names), unit, tuple(means), parts=parts)


def _months(
    table: ops.Relation, interval: Interval, names: tuple[str, ...], unit: Unit, means: tuple[Mean, ...]
) -> ir.Table:
    months = table.to_expr()
    rows = months.filter(months.civil_month >= SINCE.truncate("M"), months.civil_month <= UNTIL)
    complete = rows.complete_days == days_in_period(rows.civil_month, interval)
    return stored(rows, rows.civil_month, complete, interval, names, unit, means).order_by("starts")
