"""The token that calls which change something must carry."""

from secrets import compare_digest

from watthouse.serve.problems import ProblemError
from watthouse.settings import Settings


def admit(settings: Settings, authorization: str, doing: str) -> None:
    """Raise :class:`~watthouse.serve.problems.ProblemError` where this header does not carry the settings' token.

    ``doing`` is what the call does, for the refusal of a server that has no token.
    """
    token = settings.api_token.get_secret_value() if settings.api_token else ""
    # a variable that is set but empty must not open the door
    if not token:
        raise ProblemError(
            403,
            f"{doing} over the API is disabled: start the server with WATTHOUSE_API_TOKEN set, and send that token",
        )
    if not carries(authorization, settings):
        headers = {"www-authenticate": "Bearer"}
        detail = "send the token of the settings as 'Authorization: Bearer …'"
        raise ProblemError(401, detail, parameter="Authorization", headers=headers)


def carries(authorization: str, settings: Settings) -> bool:
    """Whether this header carries the settings' token; nothing does where they have none."""
    token = settings.api_token.get_secret_value() if settings.api_token else ""
    scheme, _, given = authorization.partition(" ")
    # in constant time, so that the token cannot be guessed letter by letter
    is_right = compare_digest(given.strip().encode(), token.encode())
    return bool(token) and scheme.lower() == "bearer" and is_right
