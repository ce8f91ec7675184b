"""Gas in storage by operator and storage point."""

from enum import Enum
from typing import Annotated, Final

import ibis.expr.operations as ops
import ibis.expr.types as ir
from pydantic import Field

from watthouse.serve.formats import Shown
from watthouse.serve.problems import wrong
from watthouse.serve.queries.base import meant, span_of
from watthouse.serve.queries.params import Daily
from watthouse.serve.queries.question import Call, Question
from watthouse.serve.queries.series import STARTS, last, starts, within
from watthouse.serve.queries.units import BY_DAY, Interval
from watthouse.warehouse.snapshots import Snapshot


class Holder(Enum):
    """Who holds the gas."""

    POINT = "point"
    OPERATOR = "operator"


class GasPointsParams(Daily):
    """Gas by storage point or operator."""

    by: Annotated[
        Holder, Field(description="A row a storage point, or an operator's points summed up", examples=["point"])
    ] = Holder.POINT
    operator: Annotated[
        str | None, Field(description="Only this operator's points", examples=["Storengy"], max_length=100)
    ] = None


def points_of(snapshot: Snapshot, params: GasPointsParams) -> Question:
    """Columns: ``starts``, ``source``, ``pits`` (or ``points``), ``civil_date``, ``stock_gwh``, ``highest_gwh``,
    ``fill_of_highest`` (0 to 1); raises a problem for an operator that there is not."""
    span = span_of(snapshot.settings.max_points, snapshot, "gas_points_daily", params, params.interval, BY_DAY)
    if params.operator is not None:
        _refuse_unknown(snapshot, params.operator)
    found = span.fill(_held, snapshot.table("gas_points_daily"), params.by, params.operator)
    told = _POINT if params.by is Holder.POINT else _OPERATOR
    return Question(
        "Gas in storage by storage point", found, (STARTS, *told, *_STOCK), meant(span), ("gas_points_daily",)
    )


def _held(table: ops.Relation, interval: Interval, by: Holder, operator: str | None) -> ir.Table:
    rows = within(table.to_expr())
    if operator is not None:
        rows = rows.filter(rows.source == operator)
    held = rows.group_by([starts(rows, interval), "source", "pits"]).aggregate(
        civil_date=rows.civil_date.max(),
        stock_gwh=last(rows.stock_gwh, rows.civil_date),
        highest_gwh=rows.highest_gwh.max(),
    )
    told, found = (_POINT, held) if by is Holder.POINT else (_OPERATOR, _by_operator(held))
    fill = found.stock_gwh.cast("float64") / found.highest_gwh.cast("float64").nullif(0)
    return found.mutate(fill_of_highest=fill).order_by(["starts", *(one.name for one in told)])


def _refuse_unknown(snapshot: Snapshot, operator: str) -> None:
    known = snapshot.once(_operators)
    if operator not in known:
        raise wrong("operator", f"there is no operator '{operator[:60]}': there are {', '.join(known)}")


def _operators(snapshot: Snapshot) -> list[str]:
    table = snapshot.table("gas_points_daily")
    found = snapshot.rows(table.select("source").distinct()).column("source")
    return sorted(str(one) for one in found.to_pylist())


def _by_operator(held: ir.Table) -> ir.Table:
    return held.group_by(["starts", "source"]).aggregate(
        points=held.count(),
        civil_date=held.civil_date.max(),
        stock_gwh=held.stock_gwh.sum(),
        highest_gwh=held.highest_gwh.sum(),
    )


_SOURCE: Final = Shown("source", "", "Operator")
_POINT: Final = (_SOURCE, Shown("pits", "", "Storage point (PITS)"))
_OPERATOR: Final = (_SOURCE, Shown("points", "storage points", "Storage points that reported in the interval"))
_STOCK: Final = (
    Shown("civil_date", "", "Civil day of the last report in the interval"),
    Shown("stock_gwh", "GWh PCS 0 °C", "Gas in storage at the end of that day"),
    Shown("highest_gwh", "GWh PCS 0 °C", "The highest stock ever reported, of an operator the sum of its points'"),
    Shown("fill_of_highest", "0-1", "The stock in relation to the highest"),
)


GAS_POINTS: Final = Call(
    "/gas/points",
    GasPointsParams,
    points_of,
    summary="Gas in storage by storage point or operator",
    detail="Capacities are not published: how full a point is is told by the highest stock it ever reported.",
    row="A row an interval and storage point (or operator): its stock at its last report, and how full that is",
    file="gas-points",
)
