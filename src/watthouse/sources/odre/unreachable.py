"""Why a service could not be reached, in words."""

import socket
import ssl
from collections.abc import Iterator
from typing import Final

import httpx

from watthouse.errors import UnreachableError
from watthouse.sources.folding import shown

FAILURES: Final = (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError)
"""What a client raises where no answer comes; a host's name that cannot be spelt is a UnicodeError."""

_ADVICE: Final = "check the network, or see the sample: `watthouse refresh --sample`"


def unreachable(host: str, why: str) -> UnreachableError:
    """The one line for it."""
    return UnreachableError(f"{host} cannot be reached ({why}): {_ADVICE}")


def reason(error: BaseException, seconds: float) -> str:
    """Why a connection failed, of all its causes the one that says most; ``seconds`` it was given."""
    if isinstance(error, httpx.ProxyError):
        return f"the proxy said {shown(error, 120)}"
    for cause in _causes(error):
        if said := _known(cause):
            return said
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
