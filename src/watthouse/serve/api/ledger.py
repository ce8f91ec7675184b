"""Freshness and coverage of the data, revisions, and a refresh on demand."""

from secrets import compare_digest
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.responses import Response

from watthouse.serve.api.base import TheService, gives_rows
from watthouse.serve.formats import SAMPLE_HEADER
from watthouse.serve.ledger import (
    RefreshOut,
    RevisionsParams,
    StatusOut,
    dataset_of,
    progress_of,
    revisions_of,
    status_of,
    version_of,
)
from watthouse.serve.problems import ProblemError, documented
from watthouse.serve.queries.params import Params
from watthouse.serve.service import Service

router = APIRouter(tags=["freshness and revisions"])


@router.get("/status", summary="What is served, and how fresh it is", responses=documented())
def status(service: TheService, response: Response, _: Annotated[Params, Query()]) -> StatusOut:
    """Freshness is that of the newest *measured* slot: future rows have forecasts only."""
    served = status_of(service)
    if served.sample:
        response.headers[SAMPLE_HEADER] = served.sample
    # a running refresh changes it without a new version of the data
    response.headers["cache-control"] = "no-store"
    return served


@gives_rows(
    router,
    "/revisions",
    "Revisions of published values",
    "One row per change: the slot, the column, its value before and after, and when it was seen",
)
def revisions(service: TheService, request: Request, params: Annotated[RevisionsParams, Query()]) -> Response:
    """A value that fills an empty cell is not a revision; a withdrawn one is. One year of slots at most."""
    dataset, home = dataset_of(params), service.home
    return service.versioned(
        request,
        params.format,
        "revisions",
        version_of(home, dataset),
        home.sample,
        lambda: revisions_of(service, params),
    )


_BEARER: Final = HTTPBearer(auto_error=False, description="The token of the server's settings")


@router.post(
    "/refresh",
    status_code=202,
    summary="Refresh now",
    responses=documented(401, 403, 409),
)
def refresh(
    service: TheService,
    response: Response,
    _: Annotated[Params, Query()],
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> RefreshOut:
    """Ask the service what changed, and bring the marts up to date. One at a time; `/status` reports its state."""
    _admit(service, given.credentials if given else "")
    response.headers["location"] = "/api/v1/status"
    return progress_of(service.refresher.start())


def _admit(service: Service, given: str) -> None:
    token = service.settings.api_token
    # a variable that is set but empty must not open the door
    if token is None or not token.get_secret_value():
        raise ProblemError(
            403,
            "refreshing over the API is disabled: start the server with WATTHOUSE_API_TOKEN set, and send that token",
        )
    # in constant time, so that the token cannot be guessed letter by letter
    if not compare_digest(given.encode(), token.get_secret_value().encode()):
        headers = {"www-authenticate": "Bearer"}
        detail = "send the token of the settings as 'Authorization: Bearer …'"
        raise ProblemError(401, detail, parameter="Authorization", headers=headers)
