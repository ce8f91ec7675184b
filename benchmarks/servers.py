"""The same work by four arrangements: the API under Granian and under uvicorn, its calls in threads and on the loop.

``watthouse serve`` is Granian with threads. What runs on the event loop stops all else while it computes, so it would
have to be much faster to be shipped: the gauge is how long a probe waits while the calls are under load.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from benchmarks.load import Server, load, serving, shown
from watthouse.serve.api.calls import CALLS, answered
from watthouse.serve.api.direct import ASKED, Direct
from watthouse.serve.app import create
from watthouse.serve.listening import listen
from watthouse.serve.middleware import API, configure_logs
from watthouse.settings import Settings

ARRANGEMENTS: Final = (
    ("granian", "threads", "Granian, threads (as shipped)"),
    ("granian", "loop", "Granian, `async def`"),
    ("uvicorn", "threads", "uvicorn, threads"),
    ("uvicorn", "loop", "uvicorn, `async def`"),
)
_PROBES_A_SECOND: Final = 20


def table(home: Path, paths: Sequence[str], newest: str, *, connections: int, seconds: int) -> list[str]:
    """Lines of a table: each arrangement with the newest day, and with all ``paths`` in turn; nothing cached."""
    lines = []
    for server, way, name in ARRANGEMENTS:
        command = [sys.executable, "-m", "benchmarks.servers", server, way, str(home)]
        with serving(command, {"WATTHOUSE_CACHE_BYTES": "0"}, "/readyz") as running:
            for path in paths:  # compiled before it is loaded
                httpx.get(running.url + path, timeout=60).raise_for_status()
            alone = load(running, [newest], connections=connections, seconds=seconds)
            with _probing(running) as waits:
                turn = load(running, paths, connections=connections, seconds=2 * seconds)
        lines.append(f"| {name} | {shown(alone)} | {shown(turn)} | {1000 * max(waits):.0f} |")
    return [
        "| requests/s (p99, ms), nothing cached | the newest day | the five in turn | a probe beside: longest, ms |",
        "|---|---:|---:|---:|",
        *lines,
    ]


@contextmanager
def _probing(server: Server) -> Iterator[list[float]]:
    """How long ``/healthz`` takes while the block runs, s."""
    waits, over = list[float](), threading.Event()

    def probe() -> None:
        with httpx.Client(timeout=60) as client:
            while not (waits and over.wait(1 / _PROBES_A_SECOND)):
                began = time.perf_counter()
                client.get(f"{server.url}/healthz").raise_for_status()
                waits.append(time.perf_counter() - began)

    prober = threading.Thread(target=probe)
    prober.start()
    try:
        yield waits
    finally:
        over.set()
        prober.join()


class _OnLoop(Direct):
    """The calls on the event loop."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope[ASKED]
        response = answered(self.service, Request(scope, receive), asked.call, asked.params, *asked.place)
        await response(scope, receive, send)


def _in_threads(settings: Settings) -> FastAPI:
    configure_logs()
    return create(settings)


def _on_loop(settings: Settings) -> FastAPI:
    app = _in_threads(settings)
    app.router.routes[0] = _OnLoop(app.state.service, CALLS, API)
    return app


_WAYS: Final[Mapping[str, Callable[[Settings], FastAPI]]] = {"threads": _in_threads, "loop": _on_loop}


def main(server: str, way: str, home: str, _: str, port: str) -> None:
    """Serve a home at a port until a signal comes."""
    settings = Settings(home=Path(home), port=int(port))
    if server == "granian":
        listen(settings, _WAYS[way], afresh=True)
    else:
        uvicorn.run(_WAYS[way](settings), host=settings.host, port=settings.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
