"""The regions' mixes side by side."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from watthouse.serve.api.base import TheService, gives_rows
from watthouse.serve.queries.mixes import MixesParams, mixes_of

router = APIRouter(tags=["regions"])


@gives_rows(
    router,
    "/regions/mix",
    "Load and generation mix of every region over a period",
    "A row a region: load, each source, production, storage, exchanges",
)
def mixes(service: TheService, request: Request, params: Annotated[MixesParams, Query()]) -> Response:
    """Energy of each source of every region, or its share of the region's production."""
    return service.answer(request, params.format, lambda snapshot: mixes_of(snapshot, params), "mixes")
