"""Who buys France's electricity: the border with the largest net commercial exports of each day, counted."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from watthouse.serve.api.base import TheService, gives_rows
from watthouse.serve.queries.buyers import buyers_of
from watthouse.serve.queries.params import Series

router = APIRouter(tags=["France"])


@gives_rows(
    router,
    "/exchanges/buyers",
    "The border that buys most, and how often",
    "A row an interval: the border that was the largest net buyer on most of its days, and the days of each",
)
def buyers(service: TheService, request: Request, params: Annotated[Series, Query()]) -> Response:
    """The buyer of a day is the border with the largest net commercial exports; on some days there is none."""
    return service.answer(request, params.format, lambda snapshot: buyers_of(snapshot, params), "buyers")
