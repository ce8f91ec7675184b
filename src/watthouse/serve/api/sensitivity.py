"""How much more load a colder day brings: the slope of load on temperature, year by year."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from watthouse.serve.api.base import TheService, gives_rows
from watthouse.serve.queries.sensitivity import SensitivityParams, sensitivity_of

router = APIRouter(tags=["France"])


@gives_rows(
    router,
    "/sensitivity",
    "How much more load a colder day brings, by year",
    "A row a civil year: the slope of daily load on temperature over its cold working days",
)
def sensitivity(service: TheService, request: Request, params: Annotated[SensitivityParams, Query()]) -> Response:
    """Least squares of mean load on mean temperature, Mondays to Fridays (public holidays are among them)."""
    return service.answer(request, params.format, lambda snapshot: sensitivity_of(snapshot, params), "sensitivity")
