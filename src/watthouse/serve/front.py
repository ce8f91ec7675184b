"""The door: what no application needs to see is refused here, before anything is computed, read or looked up."""

from collections.abc import Mapping
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watthouse.errors import shown
from watthouse.serve import bodies
from watthouse.serve.clients import client_of
from watthouse.serve.hosts import Hosts
from watthouse.serve.problems import ProblemError, refusal
from watthouse.serve.token import carries
from watthouse.settings import Settings

LONGEST_TARGET: Final = 8 * 2**10
"""Bytes of a path and its parameters."""
MOST_PARAMETERS: Final = 64
"""Parameters of a request: 16,000 names once kept the event loop for 21 seconds."""
WRONG_TOKENS: Final = 20
"""Wrong tokens that one client may send a minute."""
PROBES: Final = frozenset({"/healthz", "/readyz"})
"""Paths that are asked for by the address of a machine or a container, by whatever watches it."""
_SHOWN_PATH: Final = 200


class Front:
    """An ASGI application that lets through what its own can answer.

    ``larger`` names the paths that take more than a small body: bytes at most, and what to do about more of them.
    """

    def __init__(self, app: ASGIApp, settings: Settings, larger: Mapping[str, tuple[int, str]] | None = None) -> None:
        self._app = app
        self._hosts = Hosts(settings)
        self._larger = larger or {}
        self._seconds = settings.client_seconds
        self._wrong = _WrongTokens(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # nothing here speaks it
            await send({"type": "websocket.close"})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_begun = False

        async def sending(message: Message) -> None:
            nonlocal is_begun
            is_begun = True
            await send(message)

        try:
            await self._app(scope, self._admitted(scope, receive), sending)
        except ProblemError as error:
            if is_begun:
                raise
            path = scope["path"][:_SHOWN_PATH]
            await refusal(path, error)(scope, receive, send)

    def _admitted(self, scope: Scope, receive: Receive) -> Receive:
        """What the application reads the body from; raises a problem for a request that it is not to see."""
        _refuse_long(scope)
        if scope["path"] not in PROBES:
            self._refuse_host(scope)
        body = bodies.announced(scope["headers"])
        if body.is_none and scope["method"] != "POST":
            return receive
        most, remedy = self._larger.get(scope["path"], (bodies.SMALL, ""))
        bodies.refuse(scope["method"], body, most, remedy)
        self._wrong.refuse(scope)
        return receive if body.is_none else bodies.counted(receive, most, self._seconds, remedy)

    def _refuse_host(self, scope: Scope) -> None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1:
            raise ProblemError(400, "a request names one host: send one Host header")
        if not self._hosts.answers_to(hosts[0]):
            named = shown(hosts[0].decode("latin-1"))
            raise ProblemError(421, f"this server does not answer to '{named}': name it in WATTHOUSE_HOSTS")


class _WrongTokens:
    """How many each client has sent: past :data:`WRONG_TOKENS` a minute its tokens are not looked at.

    No thread and no answer waits for it. The right token is refused like any other then: it would be told apart from
    the wrong ones.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limit = RateLimitItemPerMinute(WRONG_TOKENS)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def refuse(self, scope: Scope) -> None:
        """Count a token that is wrong; here, as a thousand at once would all pass before the first was answered."""
        if not _sends_token(scope):
            return
        client = client_of(scope)
        # whoever has the token may send as many requests at once as it likes, and wrong ones
        if self._limiter.test(self._limit, client) and carries(_authorization(scope), self._settings):
            return
        if not self._limiter.hit(self._limit, client):
            detail = f"more than {WRONG_TOKENS} wrong tokens a minute: retry in 60 s"
            raise ProblemError(429, detail, headers={"retry-after": "60", **bodies.CLOSES})


def _sends_token(scope: Scope) -> bool:
    """Whether it is one of the calls that want a token, with one."""
    return scope["method"] == "POST" and scope["path"].startswith("/api/") and bool(_authorization(scope))


def _authorization(scope: Scope) -> str:
    """The header as the calls read it: the first, where there are several."""
    return Headers(scope=scope).get("authorization", "")


def _refuse_long(scope: Scope) -> None:
    query = scope["query_string"]
    if len(scope["path"]) + len(query) > LONGEST_TARGET:
        raise ProblemError(414, f"an address has {LONGEST_TARGET:,} bytes at most")
    if query.count(b"&") >= MOST_PARAMETERS:
        raise ProblemError(400, f"a request has {MOST_PARAMETERS} parameters at most")
