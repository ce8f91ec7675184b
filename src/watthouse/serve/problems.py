"""Errors as ``application/problem+json`` (RFC 9457): what happened, where, and what to do."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from watthouse.errors import (
    BusyError,
    DatabaseError,
    LakeError,
    QueryLimitError,
    UsageError,
    WarehouseError,
    WatthouseError,
)

MEDIA: Final = "application/problem+json"
SCHEMA: Final = "#/components/schemas/Problem"


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


def install(app: FastAPI) -> None:
    """Turn every error of this app into a problem."""
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(WatthouseError, _own)


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return answer(request.url.path, error.status, error.detail, error.faults, error.headers)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [Fault(parameter=_named(error_detail), detail=_meant(error_detail)) for error_detail in error.errors()]
    detail = "; ".join(f"{fault.parameter}: {fault.detail}" for fault in faults)
    return answer(request.url.path, 422, detail, faults)


def _named(error_detail: Mapping[str, Any]) -> str:
    """The parameter's name; a fault between several parameters begins with the name of one of them."""
    named = ".".join(part for part in error_detail["loc"][1:] if isinstance(part, str))
    return named or str(error_detail["msg"]).removeprefix("Value error, ").split()[0]


def _meant(error_detail: Mapping[str, Any]) -> str:
    given = error_detail.get("input")
    if error_detail["type"] == "extra_forbidden":
        return "there is no such parameter: see /docs"
    if error_detail["type"] == "missing":
        return "this parameter is required"
    message = str(error_detail["msg"]).removeprefix("Value error, ")
    shown = str(given)[:60]
    if "date" in error_detail["type"]:
        return f"'{shown}' is not a date or instant that exists ({message})"
    # some of pydantic's messages repeat the value already
    return message if isinstance(given, dict) or shown in message else f"'{shown}' is not valid: {message}"


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    # the texts of Starlette ("Not Found") say nothing of what to do
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"there is nothing at {request.url.path}: /docs lists what there is"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{request.url.path} does not take {request.method}: /docs says what it takes"
    else:
        detail = str(error.detail)
    return answer(request.url.path, error.status_code, detail, headers=error.headers)


def _own(request: Request, error: Exception) -> Response:
    """watthouse's own errors: the call was wrong, or the data are missing."""
    if isinstance(error, UsageError):
        return answer(request.url.path, 422, str(error))
    if isinstance(error, BusyError):
        return answer(request.url.path, 409, str(error))
    if isinstance(error, WarehouseError | LakeError | DatabaseError):
        again = "60" if isinstance(error, QueryLimitError) else "10"
        return answer(request.url.path, 503, str(error), headers={"retry-after": again})
    return answer(request.url.path, 500, str(error))


def unexpected(path: str, error: Exception) -> Response:
    """An unforeseen error: the log has the traceback, the caller the request's id to find it by."""
    # with its traceback here, without it in the answer
    structlog.get_logger().error("unexpected", path=path, exc_info=(type(error), error, error.__traceback__))
    return answer(path, 500, "internal error; look up the request id of this answer in the server log")
