"""Meter files over the API."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from watthouse.serve.api.base import TheService
from watthouse.serve.api.token import Credentials, admit
from watthouse.serve.meters import Meters
from watthouse.serve.problems import documented
from watthouse.serve.queries.params import Params

router = APIRouter(prefix="/meters", tags=["meters"])


class LoadedOut(BaseModel):
    """What became of the lines of a file."""

    layout: str = Field(description="The layout of the file", examples=["lp"])
    readings: int = Field(description="Readings that were taken over", examples=[384])
    rejected: int = Field(description="Lines that are no readings", examples=[0])
    duplicates: int = Field(description="Readings that repeat an interval of the same file", examples=[0])
    superseded: int = Field(description="Readings of older files that gave way", examples=[0])
    outdated: int = Field(description="Readings that are older than what is held", examples=[0])


class LoadsOut(BaseModel):
    """What became of the files of the folder, by their names."""

    loaded: dict[str, LoadedOut] = Field(description="Files that were new or had changed")
    unchanged: list[str] = Field(description="Files that are held as they are")
    refused: dict[str, str] = Field(description="Files that cannot be used, and why")
    left: dict[str, str] = Field(description="Files that are no meter files")


@router.post("/loads", summary="Load the folder of meter files", responses=documented(401, 403, 409))
def loads(service: TheService, request: Request, _: Annotated[Params, Query()], given: Credentials) -> LoadsOut:
    """Load what is new or changed in the folder of the settings, and count the days of the historic service again."""
    admit(service.settings, given, "loading")
    meters: Meters = request.app.state.meters
    historic = meters.historic
    report = historic.load()
    historic.fill()
    return LoadsOut(
        loaded={name: LoadedOut(**asdict(figures)) for name, figures in report.loaded.items()},
        unchanged=report.unchanged,
        refused=report.refused,
        left=report.left,
    )
