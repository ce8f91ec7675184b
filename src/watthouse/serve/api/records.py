"""Records: the highest load, wind, sun and export, the lowest CO₂, and when they were broken."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from watthouse.serve.api.base import TheService, gives_rows
from watthouse.serve.queries.records import RecordsParams, records_of

router = APIRouter(tags=["France"])


@gives_rows(
    router,
    "/records",
    "Records of France that were broken in a period",
    "A row a record: what, when, its value, the record that it broke and when it was broken in turn; newest first",
)
def records(service: TheService, request: Request, params: Annotated[RecordsParams, Query()]) -> Response:
    """Of hours and days that were measured in full: the highest of each, and the lowest CO₂ intensity.

    They are records of what is held: `history_measured` says how much of the days since the first one that is.
    """
    return service.answer(request, params.format, lambda snapshot: records_of(snapshot, params), "records")
