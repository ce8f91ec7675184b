"""Why a service could not be reached, in words."""

import socket
import ssl
from collections.abc import Iterator
from typing import Final

import httpx

from watthouse.errors import UnreachableError, shown

FAILURES: Final = (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError)
"""What a client raises when no answer comes; a host name that cannot be encoded is a UnicodeError."""

_ADVICE: Final = "check the network, or see the sample: `watthouse refresh --sample`"


def unreachable(host: str, why: str) -> UnreachableError:
    """The error, with its one line."""
    return UnreachableError(f"{host} cannot be reached ({why}): {_ADVICE}")


def reason(error: BaseException, seconds: float) -> str:
    """Why a connection failed, by the most telling of its causes; ``seconds`` is how long it was given."""
    if isinstance(error, httpx.ProxyError):
        return f"the proxy said {shown(error, 120)}"
    # httpx wraps what httpcore wraps what the socket raised: "no such host" is at the bottom of the chain
    for cause in _causes(error):
        if text := _known(cause):
            return text
    if isinstance(error, httpx.TimeoutException):
        return f"no answer in {seconds:g} s"
    return shown(error, 120) or type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _known(cause: BaseException) -> str:
    if isinstance(cause, socket.gaierror):
        absent = cause.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)}
        return "no such host" if absent else f"its name cannot be looked up: {shown(cause.strerror)}"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"TLS refused: {shown(cause.verify_message, 120)}"
    if isinstance(cause, ssl.SSLError):
        return f"TLS refused: {shown(cause.reason or cause, 120)}"
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused"
    if isinstance(cause, OSError) and not isinstance(cause, TimeoutError) and cause.strerror:
        return shown(cause.strerror, 120).lower()
    return ""
