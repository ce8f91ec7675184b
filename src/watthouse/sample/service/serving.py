"""The sample over real HTTP on 127.0.0.1: in a thread beside other work, or as the only work of the process."""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from watthouse.errors import UsageError

HOST: Final = "127.0.0.1"
_ENDINGS: Final = (signal.SIGINT, signal.SIGTERM)
_CLOSING_SECONDS: Final = 5


class Served(Protocol):
    """Anything with an ASGI application."""

    app: ASGIApp


@contextlib.contextmanager
def serving(sample: Served, port: int = 0) -> Iterator[str]:
    """Serve in a thread of this process; gives the base URL of the API. Port 0 is any free one.

    Raises :class:`~watthouse.errors.UsageError` where the port is taken.
    """
    with _listening(port) as listener:
        url, server = _url(listener), _server(sample)
        thread = threading.Thread(target=server.run, args=([listener],), name="sample", daemon=True)
        thread.start()
        try:
            yield url
        finally:
            server.should_exit = True
            thread.join(_CLOSING_SECONDS)


def serve(sample: Served, port: int, announce: Callable[[str], object] = print) -> None:
    """Serve until SIGINT or SIGTERM, then return; ``announce`` is called with the base URL. For the main thread.

    Raises :class:`~watthouse.errors.UsageError` where the port is taken.
    """
    with _listening(port) as listener, _signals_end_quietly():
        announce(_url(listener))
        _server(sample).run([listener])


@contextlib.contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    # the protocol is given explicitly: without it asyncio leaves Nagle's algorithm on, 40 ms an answer
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with listener:
        try:
            listener.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise UsageError(
                f"port {port} of {HOST} is not available ({error}): choose another, or 0 for a free one"
            ) from None
        listener.listen(256)
        yield listener


def _url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}/api/explore/v2.1"


def _server(sample: Served) -> uvicorn.Server:
    config = uvicorn.Config(
        sample.app,
        http=cast("type[asyncio.Protocol]", _connection),
        ws="none",
        interface="asgi3",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def _connection(
    config: uvicorn.Config,
    server_state: ServerState,
    app_state: dict[str, Any],
    _loop: asyncio.AbstractEventLoop | None = None,
) -> H11Protocol:
    """A connection whose requests can reach all open connections."""
    # ASGI has no way to reset a connection or to close it in the middle: such troubles are done to the transport.
    app_state["connections"] = server_state.connections
    return H11Protocol(config, server_state, app_state, _loop)


@contextlib.contextmanager
def _signals_end_quietly() -> Iterator[None]:
    """Ignore the signal that uvicorn raises again after it has closed."""
    before = [signal.signal(ending, lambda *_: None) for ending in _ENDINGS]
    try:
        yield
    finally:
        for ending, handler in zip(_ENDINGS, before, strict=True):
            signal.signal(ending, handler)
