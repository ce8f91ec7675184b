"""The regions: which there are, the mix of one, and all of them side by side for a map."""

from typing import Annotated, Literal

import ibis.expr.operations as ops
import ibis.expr.types as ir
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from watthouse.catalog import CORSE, REGIONS
from watthouse.serve.api.base import (
    A_REGION,
    DAYS,
    TheDesk,
    as_known,
    days,
    energies_of,
    gives_rows,
    refuse_share,
    span_of,
)
from watthouse.serve.asking import BY_DAY, Asked, DailyMix, EnergyAsOf, Period, Unit, newest_first
from watthouse.serve.delivery import Shown
from watthouse.serve.desk import Desk, Question
from watthouse.serve.forms import Form
from watthouse.serve.known import REGIONAL, Tables
from watthouse.serve.problems import ProblemError, documented
from watthouse.serve.series import MEASURED, Span, measured_hours, total, within
from watthouse.serve.snapshots import Snapshot

router = APIRouter(tags=["regions"])


class RegionOut(BaseModel):
    """A region."""

    insee: str = Field(description="Its INSEE code", examples=["53"])
    name: str = Field(description="Its official name", examples=["Bretagne"])
    mapped: bool = Field(description="Whether éCO2mix has it: all of mainland France but Corse", examples=[True])


@router.get("/regions", summary="The regions", responses=documented())
def regions(_: Annotated[Asked, Query()]) -> list[RegionOut]:
    """All thirteen of mainland France; éCO2mix publishes twelve of them."""
    return [RegionOut(insee=code, name=name, mapped=code != CORSE) for code, name in REGIONS.items()]


@gives_rows(
    router,
    "/regions/{insee}/mix",
    "Load and generation mix of a region",
    "A row an interval: load, each source, production, storage, exchanges",
    404,
)
def mix(
    desk: TheDesk,
    request: Request,
    insee: Annotated[str, Path(description="INSEE code of the region", examples=["53"])],
    asked: Annotated[DailyMix, Query()],
) -> Response:
    """Energy of each source, of load, of storage and of exchanges, by interval; kept by day."""
    if insee not in REGIONS or insee == CORSE:
        detail = f"éCO2mix has no region '{insee[:20]}': the codes are {', '.join(sorted({*REGIONS} - {CORSE}))}"
        raise ProblemError(404, detail, parameter="insee")
    return desk.answer(request, asked.format, lambda snapshot: mix_of(desk, snapshot, insee, asked), f"mix-{insee}")


def mix_of(desk: Desk, snapshot: Snapshot, insee: str, asked: EnergyAsOf) -> Question:
    """Load, sources, storage and exchanges of a region by interval."""
    span = span_of(desk.settings.max_points, snapshot, "daily_regional", asked, asked.interval, BY_DAY)
    return as_known(snapshot, asked.as_of, span, REGIONAL, lambda table: _mix(desk, table, insee, span, asked.unit))


def _mix(desk: Desk, table: Tables, insee: str, span: Span, unit: Unit) -> Question:
    mart = desk.marts["daily_regional"]
    title = f"Load and generation mix of {REGIONS[insee]}"
    return energies_of(mart, table(mart.name), span, unit, title, region=insee)


Measure = Literal[
    "consommation", "production", "difference",
    "thermique", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies",
]  # fmt: skip


class MapAsked(Period):
    """A quantity of every region over a period."""

    measure: Annotated[
        Measure,
        Field(
            description="What is shown: load, production, production less load, or a source", examples=["consommation"]
        ),
    ] = "consommation"
    unit: Annotated[
        Unit,
        Field(
            description="MW is the mean power of what was measured; share a source's part of the region's production",
            examples=["MW"],
        ),
    ] = Unit.MW


@gives_rows(router, "/regions/map", "A quantity of every region over a period", "A row a region")
def regions_map(desk: TheDesk, request: Request, asked: Annotated[MapAsked, Query()]) -> Response:
    """One value a region: for a map, or a ranking."""
    if asked.measure in {"consommation", "production", "difference"}:
        refuse_share(asked.unit, f"{asked.measure} is")
    return desk.answer(request, asked.format, lambda snapshot: map_of(snapshot, asked), "regions")


def map_of(snapshot: Snapshot, asked: MapAsked) -> Question:
    """One value a region over a period."""
    since, until = newest_first(snapshot.extent("daily_regional"), asked)
    found = Form(_mapped, (snapshot.table("daily_regional").op(), asked.measure, asked.unit), since, until)
    more = {**days(since, until), "unit": asked.unit.value, "measure": asked.measure}
    value = Shown(f"{asked.measure}{asked.unit.suffix}", asked.unit.label, f"{asked.measure} of the period")
    columns = (*A_REGION, value, MEASURED, DAYS)
    return Question("Regions of France", found, columns, more, ("daily_regional",))


def _mapped(table: ops.Relation, measure: str, unit: Unit) -> ir.Table:
    rows = within(table.to_expr())
    if measure == "difference":
        value = total(rows, "production", unit) - total(rows, "consommation", unit)
    else:
        value = total(rows, measure, unit)
    sums = rows.group_by("code_insee_region").aggregate(
        libelle_region=rows.libelle_region.max(),
        value=value.cast("float64"),
        measured_hours=measured_hours(rows),
        days=rows.count(),
    )
    return sums.order_by("code_insee_region").rename({f"{measure}{unit.suffix}": "value"})
