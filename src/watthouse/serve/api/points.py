"""Gas by storage point, or by operator: the stock, and how much of the highest ever seen that is."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from watthouse.serve.api.base import TheService, gives_rows
from watthouse.serve.queries.gas_points import GasPointsParams, points_of

router = APIRouter(tags=["France"])


@gives_rows(
    router,
    "/gas/points",
    "Gas in storage by storage point or operator",
    "A row an interval and storage point (or operator): its stock at its last report, and how full that is",
)
def points(service: TheService, request: Request, params: Annotated[GasPointsParams, Query()]) -> Response:
    """Capacities are not published: how full a point is is told by the highest stock it ever reported."""
    return service.answer(request, params.format, lambda snapshot: points_of(snapshot, params), "gas-points")
