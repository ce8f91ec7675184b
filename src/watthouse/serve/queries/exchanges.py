"""Exchanges of France with other countries, by border."""

from datetime import date
from typing import Final

import ibis.expr.operations as ops
import ibis.expr.types as ir

from watthouse.catalog import COMMERCIAL
from watthouse.serve.queries.base import by_slot, energies_of, named, refuse_share, span_of
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.mix import POWER
from watthouse.serve.queries.params import Flows
from watthouse.serve.queries.series import (
    total,
    within,
)
from watthouse.serve.queries.slots import SlotKind
from watthouse.serve.queries.units import BY_DAY, BY_SLOT, Unit
from watthouse.warehouse.query import Prepared
from watthouse.warehouse.snapshots import Snapshot


def exchanges_of(snapshot: Snapshot, params: Flows, *, any_number: bool = False) -> RowSet:
    """Exchanges by border, net and gross, by interval; raises a problem for shares."""
    # the pages show them as parts of the load, which is another quantity
    refuse_share(params.unit, "exchanges are")
    most = None if any_number else snapshot.settings.max_points
    # `auto` stays at days or longer: exchanges by hour are asked for by name
    span = span_of(most, snapshot, "exchanges_daily", params, params.interval, BY_SLOT, BY_DAY)
    mart, title, unit = snapshot.marts["exchanges_daily"], "Exchanges with other countries", params.counted_in
    if span.interval.length is None:
        return energies_of(mart, snapshot.table(mart.name), span, unit, title)
    return by_slot(snapshot, None, span, _FLOWS, POWER, unit, title, named(mart, unit))


def exchanged(snapshot: Snapshot, since: date, until: date, unit: Unit) -> dict[str, float | None]:
    """Exchanges of a whole period by column of ``exchanges_daily``: null where one is known for none of it, MW over the
    time in which it is known."""
    # gross and net: every column of energy that the mart has
    table = snapshot.table("exchanges_daily")
    names = tuple(name.removesuffix("_mwh") for name in table.columns if name.endswith("_mwh"))
    return _whole(snapshot, table, names, unit, since, until)


def mean_load(snapshot: Snapshot, since: date, until: date) -> float | None:
    """Mean load of a whole period [MW], over the time in which it is known."""
    return _whole(snapshot, snapshot.table("daily_mix"), ("consommation",), Unit.MW, since, until)["consommation"]


def _whole(
    snapshot: Snapshot, table: ir.Table, names: tuple[str, ...], unit: Unit, since: date, until: date
) -> dict[str, float | None]:
    (totals,) = snapshot.rows(Prepared(_summed_up, (table.op(), names, unit), since, until)).to_pylist()
    return totals


def _summed_up(table: ops.Relation, names: tuple[str, ...], unit: Unit) -> ir.Table:
    rows = within(table.to_expr())
    return rows.aggregate(**{name: total(rows, name, unit).cast("float64") for name in names})


_FLOWS: Final = SlotKind(("ech_physiques", *COMMERCIAL), mixed=False)


EXCHANGES: Final = Call(
    "/exchanges",
    Flows,
    exchanges_of,
    summary="Exchanges with other countries, by border",
    detail="Commercial exchanges by border, net and gross, and the physical balance.",
    row="One row per interval: net, imports and exports by border; net values are negative for exports",
    series=True,
)
