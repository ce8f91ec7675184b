"""The list of regions, or the mix of each."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from watthouse.catalog import MAINLAND, REGIONS
from watthouse.serve.api.base import Rows, TheService, rows_described
from watthouse.serve.api.calls import answered
from watthouse.serve.queries.regions import REGIONS_MIX, RegionsParams

router = APIRouter(tags=["regions"])


class RegionOut(BaseModel):
    """A region."""

    insee: str = Field(description="Its INSEE code", examples=["53"])
    name: str = Field(description="Its official name", examples=["Bretagne"])
    mapped: bool = Field(
        description="Whether éCO2mix covers it: all of metropolitan France but Corsica", examples=[True]
    )


@router.get(
    REGIONS_MIX.path,
    summary=REGIONS_MIX.summary,
    response_model=list[RegionOut] | Rows,
    responses=rows_described(REGIONS_MIX.row, list[RegionOut] | Rows),
)
def regions(service: TheService, request: Request, params: Annotated[RegionsParams, Query()]) -> Any:
    """All thirteen of metropolitan France; éCO2mix covers twelve of them. With `interval`, the mix of those twelve."""
    if params.interval is None:
        return [RegionOut(insee=code, name=name, mapped=code in MAINLAND) for code, name in REGIONS.items()]
    return answered(service, request, REGIONS_MIX, params)
