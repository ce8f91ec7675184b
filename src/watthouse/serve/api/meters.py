"""Meter files over the API: what is held of them, and more of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from watthouse.serve.api.base import TheService, gives_rows
from watthouse.serve.api.token import Authorization
from watthouse.serve.problems import documented
from watthouse.serve.queries.call import RowSet
from watthouse.serve.queries.meter_params import (
    CoverageParams,
    DaysParams,
    GapsParams,
    ReadingsParams,
    RejectsParams,
)
from watthouse.serve.queries.params import FormatParams, Params
from watthouse.serve.service import Service
from watthouse.serve.token import admit

if TYPE_CHECKING:  # what the extra `meters` brings
    from watthouse.meters.load import LoadReport
    from watthouse.serve.meter_rows import MeterRows

router = APIRouter(prefix="/meters", tags=["meters"])

MeterCode = Annotated[str, Path(description="The code of a meter", examples=["210095893"])]


class LoadedOut(BaseModel):
    """What became of the lines of a file."""

    layout: str = Field(description="The layout of the file", examples=["lp"])
    readings: int = Field(description="Readings that were taken over", examples=[384])
    rejected: int = Field(description="Lines that are no readings", examples=[0])
    duplicates: int = Field(description="Readings that repeat an interval of the same file", examples=[0])
    superseded: int = Field(description="Readings of older files that gave way", examples=[0])
    outdated: int = Field(description="Readings that are older than what is held", examples=[0])


class LoadsOut(BaseModel):
    """What became of files, by their names."""

    loaded: dict[str, LoadedOut] = Field(description="Files that were new or had changed")
    unchanged: list[str] = Field(description="Files that are held as they are")
    refused: dict[str, str] = Field(description="Files that cannot be used, and why")
    left: dict[str, str] = Field(description="Files that are no meter files")


@gives_rows(router, "", "The meters", "A meter, and from when to when it has readings")
def meters(service: TheService, request: Request, params: Annotated[FormatParams, Query()]) -> Response:
    """All meters of which a file was loaded."""
    return _at_once(service, request, params, "meters", lambda rows: rows.meters())


@gives_rows(router, "/rejects", "Lines that are no readings", "A line of a file, and why it is no reading")
def rejects(service: TheService, request: Request, params: Annotated[RejectsParams, Query()]) -> Response:
    """Those of the newest files first; `found` tells how many there are in all."""
    return _answer(service, request, params, "meter-rejects", lambda rows: rows.rejects(params))


@gives_rows(router, "/{meter}", "A meter: its channels, and how whole they are", "A channel of the meter", 404)
def channels(
    service: TheService, request: Request, meter: MeterCode, params: Annotated[CoverageParams, Query()]
) -> Response:
    """Of all that is held, or of a part of it. Where neighbours are further apart than usual, intervals are missing."""
    return _answer(service, request, params, "meter-channels", lambda rows: rows.channels(meter, params))


@gives_rows(router, "/{meter}/gaps", "Gaps of a meter", "A stretch of missing intervals of a channel", 404)
def gaps(service: TheService, request: Request, meter: MeterCode, params: Annotated[GapsParams, Query()]) -> Response:
    """A step that changes from one length to another for good is no gap."""
    return _answer(service, request, params, "meter-gaps", lambda rows: rows.gaps(meter, params))


@gives_rows(router, "/{meter}/readings", "Readings of a meter", "A reading, or an interval of a channel", 404)
def readings(
    service: TheService, request: Request, meter: MeterCode, params: Annotated[ReadingsParams, Query()]
) -> Response:
    """As they are, or by interval. Each channel is counted by itself: no two quantities ever meet in a value."""
    return _answer(service, request, params, "meter-readings", lambda rows: rows.readings(meter, params))


@gives_rows(router, "/{meter}/days", "Statistics of days by data type", "A civil day of a data type", 404)
def days(service: TheService, request: Request, meter: MeterCode, params: Annotated[DaysParams, Query()]) -> Response:
    """Each quantity in one unit: `unit`, else kWh, kvarh, kW, V, A … Rates of a register are not counted twice."""
    return _answer(service, request, params, "meter-days", lambda rows: rows.days(meter, params))


@router.post("/loads", summary="Load the folder of meter files", responses=documented(401, 403, 409))
def loads(service: TheService, _: Annotated[Params, Query()], authorization: Authorization) -> LoadsOut:
    """Load what is new or changed in the folder of the settings, and count the days of the historic service again."""
    admit(service.settings, authorization, "loading")
    historic = service.meters.historic
    report = historic.load()
    historic.fill()
    return _reported(report)


_FORM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "description": "Meter files, or zips of them",
                            "items": {"type": "string", "format": "binary"},
                        }
                    },
                }
            }
        },
    }
}


@router.post(
    "/uploads",
    summary="Load meter files that are sent",
    responses=documented(401, 403, 409, 413, 415),
    openapi_extra=_FORM,
)
async def uploads(
    service: TheService, request: Request, _: Annotated[Params, Query()], authorization: Authorization
) -> LoadsOut:
    """Files and zips, as parts named `files`. Each counts whole or not at all, and replaces one of its name."""
    # before a byte of the body is taken in
    admit(service.settings, authorization, "uploading")
    from starlette.concurrency import run_in_threadpool

    database = await run_in_threadpool(lambda: service.meters.database)
    from watthouse.serve.uploads import upload

    return _reported(await upload(request, service.settings, database))


def _answer(
    service: Service, request: Request, params: FormatParams, name: str, ask: "Callable[[MeterRows], RowSet]"
) -> Response:
    # a meter may have millions of readings, and its curves are made in Python
    return service.queued(lambda: _at_once(service, request, params, name, ask))


def _at_once(
    service: Service, request: Request, params: FormatParams, name: str, ask: "Callable[[MeterRows], RowSet]"
) -> Response:
    with meter_rows(service) as rows:
        return service.versioned(request, params.format, name, rows.version, None, lambda: ask(rows))


@contextmanager
def meter_rows(service: Service) -> "Iterator[MeterRows]":
    """The answers from the meters' database as it is now."""
    database = service.meters.database
    from watthouse.serve.meter_rows import MeterRows

    with database.reading() as connection:
        yield MeterRows(connection, service.settings)


def _reported(report: "LoadReport") -> LoadsOut:
    return LoadsOut(
        loaded={name: LoadedOut(**asdict(figures)) for name, figures in report.loaded.items()},
        unchanged=report.unchanged,
        refused=report.refused,
        left=report.left,
    )
