"""Gas in storage by operator and storage point."""

from enum import Enum
from typing import Annotated, Final

import ibis.expr.operations as ops
import ibis.expr.types as ir
from pydantic import Field

from watthouse.serve.formats import AnswerColumn
from watthouse.serve.problems import wrong
from watthouse.serve.queries.base import meant, span_of
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.params import SeriesByDay
from watthouse.serve.queries.series import STARTS, last, starts, within
from watthouse.serve.queries.units import BY_DAY, Interval
from watthouse.warehouse.snapshots import Snapshot


class Holder(Enum):
    """What the gas is summed by."""

    POINT = "point"
    OPERATOR = "operator"


class GasPointsParams(SeriesByDay):
    """Gas by storage point or operator."""

    by: Annotated[
        Holder,
        Field(description="One row per storage point (PITS), or per operator, summing its points", examples=["point"]),
    ] = Holder.POINT
    operator: Annotated[
        str | None, Field(description="Only this operator's points", examples=["Storengy"], max_length=100)
    ] = None


def points_of(snapshot: Snapshot, params: GasPointsParams) -> RowSet:
    """Columns: ``starts``, ``source``, ``pits`` (or ``points``), ``civil_date``, ``stock_gwh``, ``highest_gwh``,
    ``fill_of_highest`` (0 to 1); raises a problem for an unknown operator."""
    span = span_of(snapshot.settings.max_points, snapshot, "gas_points_daily", params, params.interval, BY_DAY)
    if params.operator is not None:
        _refuse_unknown(snapshot, params.operator)
    rows = span.fill(_stocks, snapshot.table("gas_points_daily"), params.by, params.operator)
    columns = _POINT if params.by is Holder.POINT else _OPERATOR
    return RowSet(
        "Gas in storage by storage point", rows, (STARTS, *columns, *_STOCK), meant(span), ("gas_points_daily",)
    )


def _stocks(table: ops.Relation, interval: Interval, by: Holder, operator: str | None) -> ir.Table:
    rows = within(table.to_expr())
    if operator is not None:
        rows = rows.filter(rows.source == operator)
    by_point = rows.group_by([starts(rows, interval), "source", "pits"]).aggregate(
        # its day beside the stock: points report on days of their own
        civil_date=rows.civil_date.max(),
        stock_gwh=last(rows.stock_gwh, rows.civil_date),
        highest_gwh=rows.highest_gwh.max(),
    )
    columns, holders = (_POINT, by_point) if by is Holder.POINT else (_OPERATOR, _by_operator(by_point))
    fill = holders.stock_gwh.cast("float64") / holders.highest_gwh.cast("float64").nullif(0)
    return holders.mutate(fill_of_highest=fill).order_by(["starts", *(column.name for column in columns)])


def _refuse_unknown(snapshot: Snapshot, operator: str) -> None:
    # once a version: every call with an operator asks
    known = snapshot.once(_operators)
    if operator not in known:
        raise wrong("operator", f"there is no operator '{operator[:60]}': there are {', '.join(known)}")


def _operators(snapshot: Snapshot) -> list[str]:
    table = snapshot.table("gas_points_daily")
    sources = snapshot.rows(table.select("source").distinct()).column("source")
    return sorted(str(source) for source in sources.to_pylist())


def _by_operator(by_point: ir.Table) -> ir.Table:
    return by_point.group_by(["starts", "source"]).aggregate(
        points=by_point.count(),
        civil_date=by_point.civil_date.max(),
        stock_gwh=by_point.stock_gwh.sum(),
        highest_gwh=by_point.highest_gwh.sum(),
    )


_SOURCE: Final = AnswerColumn("source", "", "Operator")
_POINT: Final = (_SOURCE, AnswerColumn("pits", "", "Storage point (PITS: point d'interface transport-stockage)"))
_OPERATOR: Final = (_SOURCE, AnswerColumn("points", "storage points", "Storage points that reported in the interval"))
_STOCK: Final = (
    AnswerColumn("civil_date", "", "Civil day of the last report in the interval"),
    AnswerColumn("stock_gwh", "GWh PCS 0 °C", "Gas in storage at the end of that day"),
    AnswerColumn(
        "highest_gwh", "GWh PCS 0 °C", "The highest stock ever reported; for an operator, the sum over its points"
    ),
    AnswerColumn("fill_of_highest", "0-1", "The stock divided by the highest"),
)


GAS_POINTS: Final = Call(
    "/gas/points",
    GasPointsParams,
    points_of,
    summary="Gas in storage by storage point or operator",
    detail="A storage point is a PITS (point d'interface transport-stockage), a group of sites. Capacities are not"
    " published: fill is relative to the highest stock a point ever reported.",
    row="One row per interval and storage point (or operator): its stock at its last report, and its fill",
    file="gas-points",
)
