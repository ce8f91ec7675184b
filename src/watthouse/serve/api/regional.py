"""The regions: which there are, the mix of one, and all of them side by side for a map."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from watthouse.catalog import CORSE, REGIONS
from watthouse.serve.api.base import Rows, TheService, answer_series, gives_rows, rows_described, unbounded
from watthouse.serve.problems import ProblemError
from watthouse.serve.queries.base import refuse_share
from watthouse.serve.queries.params import EnergyAsOf
from watthouse.serve.queries.regions import MapParams, RegionsParams, every_mix_of, map_of, mix_of_region

router = APIRouter(tags=["regions"])


class RegionOut(BaseModel):
    """A region."""

    insee: str = Field(description="Its INSEE code", examples=["53"])
    name: str = Field(description="Its official name", examples=["Bretagne"])
    mapped: bool = Field(description="Whether éCO2mix has it: all of mainland France but Corse", examples=[True])


@router.get(
    "/regions",
    summary="The regions; by interval, the load and generation mix of each",
    response_model=list[RegionOut] | Rows,
    responses=rows_described(
        "The regions, or a row a region and interval: load, each source, production, exchanges", list[RegionOut] | Rows
    ),
)
def regions(service: TheService, request: Request, params: Annotated[RegionsParams, Query()]) -> Any:
    """All thirteen of mainland France; éCO2mix publishes twelve of them. With `interval`, the mix of these twelve."""
    if params.interval is None:
        return [RegionOut(insee=code, name=name, mapped=code != CORSE) for code, name in REGIONS.items()]
    any_number = unbounded(request, params)
    return answer_series(
        service,
        request,
        params,
        lambda snapshot: every_mix_of(snapshot, params, any_number=any_number),
        "regions",
    )


@gives_rows(
    router,
    "/regions/{insee}/mix",
    "Load and generation mix of a region",
    "A row an interval: load, each source, production, storage, exchanges",
    404,
)
def mix(
    service: TheService,
    request: Request,
    insee: Annotated[str, Path(description="INSEE code of the region", examples=["53"])],
    params: Annotated[EnergyAsOf, Query()],
) -> Response:
    """Energy of each source, of load, of storage and of exchanges, by interval."""
    if insee not in REGIONS or insee == CORSE:
        detail = f"éCO2mix has no region '{insee[:20]}': the codes are {', '.join(sorted({*REGIONS} - {CORSE}))}"
        raise ProblemError(404, detail, parameter="insee")
    any_number = unbounded(request, params)
    return answer_series(
        service,
        request,
        params,
        lambda snapshot: mix_of_region(snapshot, insee, params, any_number=any_number),
        f"mix-{insee}",
    )


@gives_rows(router, "/regions/map", "A quantity of every region over a period", "A row a region")
def regions_map(service: TheService, request: Request, params: Annotated[MapParams, Query()]) -> Response:
    """One value a region: for a map, or a ranking."""
    if params.measure in {"consommation", "production", "difference"}:
        refuse_share(params.unit, f"{params.measure} is")
    return service.answer(request, params.format, lambda snapshot: map_of(snapshot, params), "regions")
