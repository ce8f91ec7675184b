"""The headers by which a browser keeps an answer from doing harm: on every answer, whatever made it."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ALWAYS: Final = {
    "x-content-type-options": "nosniff",
    # older browsers do not know frame-ancestors
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    # no page uses any of these
    "permissions-policy": "geolocation=(), camera=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
}
# no fallback to default-src covers these three
_NOBODY: Final = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# an answer of the API is never a page: nothing in it may run
CLOSED: Final = f"default-src 'none'; {_NOBODY}"
# styles alone are inline: Plotly and Mantine write theirs into the page
OPEN_TO_ITSELF: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    f" font-src 'self' data:; object-src 'none'; {_NOBODY}"
)


def guard(headers: MutableHeaders, path: str) -> None:
    """Put them into the headers of an answer at ``path``."""
    for name, value in _ALWAYS.items():
        headers[name] = value
    headers["content-security-policy"] = CLOSED if path.startswith("/api/") else OPEN_TO_ITSELF


class Guarded:
    """An application whose every answer has them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                guard(MutableHeaders(scope=message), scope["path"])
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)
