"""The regions: which there are, the mix of one, and all of them side by side for a map."""

from typing import Annotated, Final, Literal

import ibis
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from watthouse.catalog import REGIONS
from watthouse.serve import known
from watthouse.serve.api.base import Rows, TheDesk, meant, rows_of, span_of
from watthouse.serve.api.national import BY_DAY, energies
from watthouse.serve.asking import EnergyAsOf, Period, Unit, instant, newest_first
from watthouse.serve.delivery import Shown
from watthouse.serve.desk import Desk, Question
from watthouse.serve.problems import ProblemError, documented, wrong
from watthouse.serve.series import COMPLETE, MEASURED, STARTS, Span, energy, measured_hours, shown
from watthouse.serve.snapshots import Snapshot

router = APIRouter(tags=["regions"])


class RegionOut(BaseModel):
    """A region."""

    insee: str = Field(description="Its INSEE code", examples=["53"])
    name: str = Field(description="Its official name", examples=["Bretagne"])
    mapped: bool = Field(description="Whether éCO2mix has it: all of mainland France but Corse", examples=[True])


@router.get("/regions", summary="The regions", responses=documented())
def regions() -> list[RegionOut]:
    """All thirteen of mainland France; éCO2mix publishes twelve of them."""
    return [RegionOut(insee=code, name=name, mapped=code != "94") for code, name in REGIONS.items()]


@router.get(
    "/regions/{insee}/mix",
    summary="Load and generation mix of a region",
    response_model=Rows,
    responses=rows_of("A row an interval: load, each source, production, storage, exchanges") | documented(404),
)
def mix(
    desk: TheDesk,
    request: Request,
    insee: Annotated[str, Path(description="INSEE code of the region", examples=["53"])],
    asked: Annotated[EnergyAsOf, Query()],
) -> Response:
    """Energy of each source, of load, of storage and of exchanges, by interval; kept by day."""
    if insee not in REGIONS:
        detail = f"there is no region '{insee[:20]}': the codes are {', '.join(sorted(REGIONS))}"
        raise ProblemError(404, detail, parameter="insee")

    def ask(snapshot: Snapshot) -> Question:
        span = span_of(desk.settings.max_points, snapshot, "daily_regional", asked, asked.interval, BY_DAY)
        if asked.as_of is None:
            return _mix(desk, snapshot.table, insee, span, asked.unit)
        question = _mix(desk, known.tables_then(snapshot), insee, span, asked.unit)
        rows = known.rows_then(snapshot, asked.as_of, span, known.REGIONAL, question.rows)
        return question.with_rows(rows, as_of=instant(asked.as_of))

    return desk.answer(request, asked.format, ask, f"mix-{insee}")


def _mix(desk: Desk, table: known.Tables, insee: str, span: Span, unit: Unit) -> Question:
    mart = desk.marts["daily_regional"]
    names = energies(mart, unit)
    rows = table(mart.name)
    found = energy(rows.filter(rows.code_insee_region == insee), span, names, unit)
    columns = (STARTS, *shown(mart, names, unit), MEASURED, COMPLETE)
    return Question(f"Load and generation mix of {REGIONS[insee]}", found, columns, meant(span, unit=unit.value))


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


@router.get(
    "/regions/map",
    summary="A quantity of every region over a period",
    response_model=Rows,
    responses=rows_of("A row a region") | documented(),
)
def regions_map(desk: TheDesk, request: Request, asked: Annotated[MapAsked, Query()]) -> Response:
    """One value a region: for a map, or a ranking."""
    if asked.unit is Unit.SHARE and asked.measure in {"consommation", "production", "difference"}:
        raise wrong("unit", f"{asked.measure} is no part of production: ask for MW, MWh or GWh")

    def ask(snapshot: Snapshot) -> Question:
        since, until = newest_first(snapshot.extent("daily_regional"), asked)
        table = snapshot.table("daily_regional")
        rows = table.filter(table.civil_date >= ibis.date(since), table.civil_date <= ibis.date(until))
        sums = rows.group_by("code_insee_region").aggregate(
            libelle_region=rows.libelle_region.max(),
            value=_measured(rows, asked.measure),
            production=rows.production_mwh.cast("float64").sum(),
            measured_hours=measured_hours(rows),
            days=rows.count(),
        )
        by = {Unit.MWH: 1.0, Unit.GWH: 1000.0, Unit.MW: sums.measured_hours, Unit.SHARE: sums.production}[asked.unit]
        divisor = by if isinstance(by, float) else by.nullif(0)
        found = sums.mutate(value=sums.value / divisor).drop("production").order_by("code_insee_region")
        more = {"since": since.isoformat(), "until": until.isoformat(), "unit": asked.unit.value}
        unit = "0-1" if asked.unit is Unit.SHARE else asked.unit.value
        columns = (*_MAPPED, Shown("value", unit, f"{asked.measure} of the period"))
        return Question("Regions of France", found, columns, more | {"measure": asked.measure})

    return desk.answer(request, asked.format, ask, "regions")


_MAPPED: Final = (
    Shown("code_insee_region", "", "INSEE code of the region"),
    Shown("libelle_region", "", "Official name of the region"),
    MEASURED,
    Shown("days", "days", "Days of the period with any measured slot"),
)


def _measured(rows: ibis.expr.types.Table, measure: str) -> ibis.expr.types.Value:
    if measure == "difference":
        return (rows.production_mwh - rows.consommation_mwh).cast("float64").sum()
    return rows[f"{measure}_mwh"].cast("float64").sum()
