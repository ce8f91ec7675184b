"""The mix of every region over a period."""

from typing import Annotated, Final

import ibis.expr.operations as ops
import ibis.expr.types as ir
from pydantic import Field

from watthouse.serve.queries.base import A_REGION, DAYS, days
from watthouse.serve.queries.call import Call, RowSet
from watthouse.serve.queries.params import Period, period_or_newest
from watthouse.serve.queries.series import MEASURED, MIXED, energies, known_hours, measured_hours, shown, total, within
from watthouse.serve.queries.units import Unit
from watthouse.warehouse.query import Prepared
from watthouse.warehouse.snapshots import Snapshot


class MixesParams(Period):
    """The mix of every region over a period."""

    unit: Annotated[
        Unit,
        Field(
            description="MWh and GWh are energy; MW is mean power over the time measured; share is the part of the"
            " region's production, 0 to 1",
            examples=["share"],
        ),
    ] = Unit.MWH


def mixes_of(snapshot: Snapshot, params: MixesParams) -> RowSet:
    """Load, sources, storage and exchanges of every region over a period."""
    mart = snapshot.marts["daily_regional"]
    since, until = period_or_newest(snapshot.extent(mart.name), params)
    names = energies(mart, params.unit)
    rows = Prepared(_mixes, (snapshot.table(mart.name).op(), tuple(names), params.unit), since, until)
    columns = (*A_REGION, *shown(mart, names, params.unit), MEASURED, MIXED, DAYS)
    more = {**days(since, until), "unit": params.unit.value}
    return RowSet("Mix of the regions", rows, columns, more, (mart.name,))


def _mixes(table: ops.Relation, names: tuple[str, ...], unit: Unit) -> ir.Table:
    rows = within(table.to_expr())
    sums = rows.group_by("code_insee_region").aggregate(
        libelle_region=rows.libelle_region.max(),
        **{f"{name}{unit.suffix}": total(rows, name, unit) for name in names},
        measured_hours=measured_hours(rows),
        # beside measured_hours: a source with a hole makes production known for less than the load
        mix_hours=known_hours(rows, "production", Unit.MW),
        days=rows.count(),
    )
    return sums.order_by("code_insee_region")


MIXES: Final = Call(
    "/regions/mix",
    MixesParams,
    mixes_of,
    summary="Load and generation mix of every region over a period",
    detail="Energy of each source of every region, or its share of the region's production.",
    row="One row per region: load, each source, production, storage, exchanges",
    tag="regions",
    file="mixes",
)
