"""The header that carries the token, and its place in the API's documentation."""

from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

_BEARER: Final = HTTPBearer(auto_error=False, description="The token of the server's settings")


def _sent(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> str:
    # as it came: watthouse.serve.token reads it, for servers without FastAPI too
    return request.headers.get("authorization", "")


Authorization = Annotated[str, Depends(_sent)]
