"""The largest net buyer, by interval."""

from typing import Final

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from watthouse.catalog import BORDERS
from watthouse.serve.formats import AnswerColumn
from watthouse.serve.queries.base import meant, span_of
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.params import Series
from watthouse.serve.queries.series import STARTS, complete_days, starts, within
from watthouse.serve.queries.units import BY_DAY, Interval
from watthouse.warehouse.snapshots import Snapshot

_FAR_MORE: Final = 1e12  # MWh, than crosses a border


def buyers_of(snapshot: Snapshot, params: Series) -> RowSet:
    """The largest net buyer by interval; in a tie of days, the one that bought more."""
    span = span_of(snapshot.settings.max_points, snapshot, "exchanges_daily", params, params.interval, BY_DAY)
    borders = tuple(BORDERS)
    rows = span.fill(_counted, snapshot.table("exchanges_daily"), borders)
    return RowSet("The largest net buyer", rows, _columns(borders), meant(span), ("exchanges_daily",))


def _counted(table: ops.Relation, interval: Interval, borders: tuple[str, ...]) -> ir.Table:
    rows = within(table.to_expr())
    counts = {f"{border}_days": rows.count(where=rows.top_foreign_buyer == border) for border in borders}
    counted = rows.group_by(starts(rows, interval)).aggregate(
        **counts,
        # published negative for exports
        **{f"{border}_bought": -rows[f"{BORDERS[border].column.name}_mwh"].cast("float64").sum() for border in borders},
        net_export_days=rows.count(where=rows.net_export_mwh > 0),
        days=rows.count(where=rows.measured_slots > 0),
        complete_days=rows.count(where=complete_days(rows)),
    )
    with_buyer = counted.mutate(top_foreign_buyer=_most(counted, borders)).order_by("starts")
    return with_buyer.select(*(column.name for column in _columns(borders)))


def _most(counted: ir.Table, borders: tuple[str, ...]) -> ir.Value:
    """The border with most days; energy, far below 1 on this scale, breaks ties."""
    # days first, energy to break ties, in one number that the engine can compare
    score = {b: counted[f"{b}_days"] + counted[f"{b}_bought"].fill_null(0) / _FAR_MORE for b in borders}
    best = ibis.greatest(*score.values())
    return ibis.cases(*(((score[b] == best) & (counted[f"{b}_days"] > 0), b) for b in borders))


def _columns(borders: tuple[str, ...]) -> tuple[AnswerColumn, ...]:
    return (
        STARTS,
        AnswerColumn(
            "top_foreign_buyer",
            "",
            "Border that was the largest net buyer on most days of the interval; null if there was none",
        ),
        *(
            AnswerColumn(f"{border}_days", "days", "Days on which this border was the largest net buyer")
            for border in borders
        ),
        AnswerColumn("net_export_days", "days", "Days on which France was a net exporter, by the physical balance"),
        AnswerColumn("days", "days", "Days with a measurement"),
        AnswerColumn("complete_days", "days", "Days on which every slot was measured"),
    )


BUYERS: Final = Call(
    "/exchanges/buyers",
    Series,
    buyers_of,
    summary="The largest net buyer by interval",
    detail="The buyer of a day is the border with the largest net commercial exports; some days have none.",
    row="One row per interval: the border that was the largest net buyer on most of its days, and the days of each",
)
