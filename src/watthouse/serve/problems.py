"""Errors as ``application/problem+json`` (RFC 9457): what happened, where, and what to do.

Nothing here needs FastAPI, which ``watthouse meters serve`` does without.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from watthouse.errors import (
    BusyError,
    DatabaseError,
    LakeError,
    QueryLimitError,
    StreamError,
    UsageError,
    WarehouseError,
    WatthouseError,
)

MEDIA: Final = "application/problem+json"
SCHEMA: Final = "#/components/schemas/Problem"
AGAIN_SECONDS: Final = 10


class Fault(BaseModel):
    """A parameter that cannot be used."""

    parameter: str = Field(description="The parameter's name as it is asked for", examples=["since"])
    detail: str = Field(description="What is wrong with it", examples=["2025-02-30 is not a valid date"])


class Problem(BaseModel):
    """A problem (RFC 9457)."""

    type: str = Field(default="about:blank", description="about:blank: the status says it all")
    title: str = Field(description="The status in words", examples=["Unprocessable Content"])
    status: int = Field(description="The HTTP status", examples=[422])
    detail: str = Field(description="What happened, and what to do", examples=["until is before since: swap them"])
    instance: str = Field(description="The request's path", examples=["/api/v1/mix"])
    errors: list[Fault] = Field(default=[], description="The parameters at fault")


class ProblemError(Exception):
    """A refusal with its status; ``parameter`` is the one at fault."""

    def __init__(
        self, status: int, detail: str, *, parameter: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.faults = [Fault(parameter=parameter, detail=detail)] if parameter else []
        self.headers = dict(headers or {})


def busy(detail: str) -> ProblemError:
    """503 for what may be tried again in :data:`AGAIN_SECONDS`."""
    return ProblemError(503, detail, headers={"retry-after": str(AGAIN_SECONDS)})


def wrong(parameter: str, detail: str) -> ProblemError:
    """A parameter that cannot be answered."""
    return ProblemError(422, detail, parameter=parameter)


def answer(
    path: str, status: int, detail: str, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """The problem as a response."""
    problem = Problem(title=phrase(status), status=status, detail=detail, instance=path, errors=list(faults))
    response_headers = {"cache-control": "no-store", **(headers or {})}
    return JSONResponse(problem.model_dump(), status_code=status, media_type=MEDIA, headers=response_headers)


def phrase(status: int) -> str:
    """The status in the words of RFC 9110, whatever Python calls it."""
    # Python 3.13 calls it so, older versions "Unprocessable Entity"; the document must be the same on all
    return "Unprocessable Content" if status == 422 else HTTPStatus(status).phrase


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems a call may answer with, for its documentation."""
    # these three can come from any call
    return {status: _documented(status) for status in sorted({422, 503, 429, *statuses})}


def _documented(status: int) -> dict[str, Any]:
    response = {"description": phrase(status), "content": {MEDIA: {"schema": {"$ref": SCHEMA}}}}
    if status not in {429, 503}:
        return response
    again = {"description": "When to try again [s]", "schema": {"type": "integer", "minimum": 1}}
    return {**response, "headers": {"Retry-After": again}}


def told(error: WatthouseError) -> str:
    """What callers and readers are told of an error; where that is less than it says, the log has the rest."""
    if error.public is None:
        return str(error)
    structlog.get_logger().warning("refused", error=type(error).__name__, reason=str(error))
    return error.public


def refusal(path: str, error: ProblemError | WatthouseError) -> Response:
    """What was refused, as a response: by a call, or by what lies behind it (a wrong call, or missing data)."""
    if isinstance(error, ProblemError):
        return answer(path, error.status, error.detail, error.faults, error.headers)
    if isinstance(error, UsageError):
        return answer(path, 422, told(error))
    if isinstance(error, BusyError):
        return answer(path, 409, told(error))
    if isinstance(error, WarehouseError | LakeError | DatabaseError | StreamError):
        again = 60 if isinstance(error, QueryLimitError) else AGAIN_SECONDS
        return answer(path, 503, told(error), headers={"retry-after": str(again)})
    return answer(path, 500, told(error))


def unexpected(path: str, error: Exception) -> Response:
    """An unforeseen error: the log has the traceback, the caller the request's id to find it by."""
    # with its traceback here, without it in the answer
    structlog.get_logger().error("unexpected", path=path, exc_info=(type(error), error, error.__traceback__))
    return answer(path, 500, "internal error; look up the request id of this answer in the server log")
