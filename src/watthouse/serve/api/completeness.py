"""How much of each day every dataset measured."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from watthouse.serve.api.base import TheService, gives_rows
from watthouse.serve.queries.completeness import CompletenessParams, completeness_of

router = APIRouter(tags=["freshness and revisions"])


@gives_rows(
    router,
    "/completeness",
    "How much of each day was measured",
    "A row a dataset and civil day between its first and last measured one: measured, expected, complete",
)
def completeness(service: TheService, request: Request, params: Annotated[CompletenessParams, Query()]) -> Response:
    """A day without any measurement has a row with 0; days before a dataset's first and after its last have none."""
    return service.answer(request, params.format, lambda snapshot: completeness_of(snapshot, params), "completeness")
