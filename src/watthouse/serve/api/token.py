"""The token that calls which change something must carry."""

from secrets import compare_digest
from typing import Annotated, Final

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from watthouse.serve.problems import ProblemError
from watthouse.settings import Settings

_BEARER: Final = HTTPBearer(auto_error=False, description="The token of the server's settings")

Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


def admit(settings: Settings, credentials: HTTPAuthorizationCredentials | None, doing: str) -> None:
    """Raise :class:`~watthouse.serve.problems.ProblemError` where the token is not that of the settings."""
    token, given = settings.api_token, credentials.credentials if credentials else ""
    # a variable that is set but empty must not open the door
    if token is None or not token.get_secret_value():
        raise ProblemError(
            403,
            f"{doing} over the API is disabled: start the server with WATTHOUSE_API_TOKEN set, and send that token",
        )
    # in constant time, so that the token cannot be guessed letter by letter
    if not compare_digest(given.encode(), token.get_secret_value().encode()):
        headers = {"www-authenticate": "Bearer"}
        detail = "send the token of the settings as 'Authorization: Bearer …'"
        raise ProblemError(401, detail, parameter="Authorization", headers=headers)
