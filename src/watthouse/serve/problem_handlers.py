"""Every error of a FastAPI application, as a problem."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from watthouse.errors import WatthouseError
from watthouse.serve.problems import Fault, ProblemError, answer, refusal


def install(app: FastAPI) -> None:
    """Turn every error of this app into a problem.

    The handlers are coroutines: a plain function would wait for one of the threads that the calls wait in.
    """
    app.add_exception_handler(ProblemError, _refused)
    app.add_exception_handler(WatthouseError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError | WatthouseError)
    return refusal(request.url.path, error)


async def _invalid(request: Request, error: Exception) -> Response:
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


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    # the texts of Starlette ("Not Found") say nothing of what to do
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"there is nothing at {request.url.path}: /docs lists what there is"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{request.url.path} does not take {request.method}: /docs says what it takes"
    else:
        detail = str(error.detail)
    return answer(request.url.path, error.status_code, detail, headers=error.headers)
