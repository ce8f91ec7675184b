"""Gas in storage in France."""

from typing import Final

import ibis.expr.operations as ops
import ibis.expr.types as ir

from watthouse.serve.formats import AnswerColumn
from watthouse.serve.queries.base import meant, span_of
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.params import Series, SeriesByDay
from watthouse.serve.queries.series import (
    STARTS,
    days_in_period,
    last,
    starts,
    within,
)
from watthouse.serve.queries.units import BY_DAY, Interval
from watthouse.warehouse.snapshots import Snapshot


def gas_of(snapshot: Snapshot, params: Series) -> RowSet:
    """Gas in storage in France by interval."""
    span = span_of(snapshot.settings.max_points, snapshot, "gas_daily", params, params.interval, BY_DAY)
    rows = span.fill(_gas, snapshot.table("gas_daily"))
    return RowSet("Gas in storage in France", rows, _GAS, meant(span), ("gas_daily",))


def _gas(table: ops.Relation, interval: Interval) -> ir.Table:
    rows = within(table.to_expr())
    # the mart leaves the sum null where an operator is missing
    complete = rows.stock_gaz_gwh.notnull()
    sums = rows.group_by(starts(rows, interval)).aggregate(
        # a stock is a level: its last value stands for an interval, not its sum
        stock_gaz_gwh=last(rows.stock_gaz_gwh, rows.civil_date),
        last_complete_day=rows.civil_date.max(where=complete),
        stock_gaz_first_gwh=rows.stock_gaz_gwh.argmin(rows.civil_date, where=complete),
        first_complete_day=rows.civil_date.min(where=complete),
        stock_gaz_mean_gwh=rows.stock_gaz_gwh.cast("float64").mean(),
        stock_gaz_max_gwh=rows.stock_gaz_gwh.max(),
        days=rows.count(),
        complete_days=rows.stock_gaz_complete.ifelse(1, 0).sum().cast("int64"),
    )
    complete = sums.complete_days == days_in_period(sums.starts, interval)
    return sums.mutate(complete=complete).order_by("starts")


_GAS: Final = (
    STARTS,
    AnswerColumn("stock_gaz_gwh", "GWh PCS 0 °C", "Gas in storage at the end of the last complete day of the interval"),
    AnswerColumn("last_complete_day", "", "That civil day"),
    AnswerColumn(
        "stock_gaz_first_gwh", "GWh PCS 0 °C", "Gas in storage at the end of the first complete day of the interval"
    ),
    AnswerColumn("first_complete_day", "", "That civil day"),
    AnswerColumn("stock_gaz_mean_gwh", "GWh PCS 0 °C", "Mean of gas in storage at the end of the complete days"),
    AnswerColumn("stock_gaz_max_gwh", "GWh PCS 0 °C", "The highest of the complete days"),
    AnswerColumn("days", "days", "Days with a report of at least one operator"),
    AnswerColumn("complete_days", "days", "Days with the report of every operator and storage point"),
    AnswerColumn("complete", "", "Whether every day of the interval, within the period, is complete"),
)


GAS: Final = Call(
    "/gas",
    SeriesByDay,
    gas_of,
    summary="Gas in storage",
    detail="A day without the report of every operator is incomplete; it never counts as less gas.",
    row="One row per interval: the stock at its last complete day, and the mean of its complete days",
)
