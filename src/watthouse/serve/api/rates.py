"""TCO and TCH: how much of its load a region covers with a source, and how hard the source's capacity works."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from watthouse.serve.api.base import TheService, gives_rows
from watthouse.serve.queries.rates import RatesParams, rates_of

router = APIRouter(tags=["regions"])


@gives_rows(
    router,
    "/regions/rates",
    "Share, TCO and TCH of every source, by region",
    "A row a region and source: its energy, share of production, share of load covered (TCO), load factor (TCH)",
)
def rates(service: TheService, request: Request, params: Annotated[RatesParams, Query()]) -> Response:
    """TCO is computed from the period's mean powers; TCH is the mean of what RTE publishes. Both pass 100 in places."""
    return service.answer(request, params.format, lambda snapshot: rates_of(snapshot, params), "rates")
