"""The regions' mixes side by side."""

from typing import Annotated

import ibis.expr.operations as ops
import ibis.expr.types as ir
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from watthouse.serve.api.base import A_REGION, DAYS, TheDesk, days, gives_rows
from watthouse.serve.asking import Period, Unit, newest_first
from watthouse.serve.desk import Desk, Question
from watthouse.serve.forms import Form
from watthouse.serve.series import MEASURED, MIXED, energies, known_hours, measured_hours, shown, total, within
from watthouse.serve.snapshots import Snapshot

router = APIRouter(tags=["regions"])


class MixesAsked(Period):
    """The mix of every region over a period."""

    unit: Annotated[
        Unit,
        Field(
            description="MWh and GWh are energy; MW is the mean power of what was measured; share is the part of the"
            " region's production, 0 to 1",
            examples=["share"],
        ),
    ] = Unit.MWH


@gives_rows(
    router,
    "/regions/mix",
    "Load and generation mix of every region over a period",
    "A row a region: load, each source, production, storage, exchanges",
)
def mixes(desk: TheDesk, request: Request, asked: Annotated[MixesAsked, Query()]) -> Response:
    """Energy of each source of every region, or its share of the region's production."""
    return desk.answer(request, asked.format, lambda snapshot: mixes_of(desk, snapshot, asked), "mixes")


def mixes_of(desk: Desk, snapshot: Snapshot, asked: MixesAsked) -> Question:
    """Load, sources, storage and exchanges of every region over a period."""
    mart = desk.marts["daily_regional"]
    since, until = newest_first(snapshot.extent(mart.name), asked)
    names = energies(mart, asked.unit)
    found = Form(_mixes, (snapshot.table(mart.name).op(), tuple(names), asked.unit), since, until)
    columns = (*A_REGION, *shown(mart, names, asked.unit), MEASURED, MIXED, DAYS)
    more = {**days(since, until), "unit": asked.unit.value}
    return Question("Mix of the regions", found, columns, more, (mart.name,))


def _mixes(table: ops.Relation, names: tuple[str, ...], unit: Unit) -> ir.Table:
    rows = within(table.to_expr())
    sums = rows.group_by("code_insee_region").aggregate(
        libelle_region=rows.libelle_region.max(),
        **{f"{name}{unit.suffix}": total(rows, name, unit) for name in names},
        measured_hours=measured_hours(rows),
        mix_hours=known_hours(rows, "production", Unit.MW),
        days=rows.count(),
    )
    return sums.order_by("code_insee_region")
