"""Freshness and coverage of the data, revisions, and a refresh on demand."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from watthouse.serve.api.base import TheService, gives_rows
from watthouse.serve.api.token import Authorization
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
from watthouse.serve.problems import documented
from watthouse.serve.queries.params import Params
from watthouse.serve.token import admit

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
    dataset = dataset_of(params)

    def answer() -> Response:
        home = service.home
        version = version_of(home, dataset)
        return service.versioned(
            request, params.format, "revisions", version, home.sample, lambda: revisions_of(service, params)
        )

    # a year of the ledger is read from its files
    return service.queued(answer)


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
    authorization: Authorization,
) -> RefreshOut:
    """Ask the service what changed, and bring the marts up to date. One at a time; `/status` reports its state."""
    admit(service.settings, authorization, "refreshing")
    response.headers["location"] = "/api/v1/status"
    return progress_of(service.refresher.start())
