"""The same work by four arrangements: the API under Granian and under uvicorn, its calls in threads and on the loop.

``watthouse serve`` is Granian with threads. What runs on the event loop stops all else while it computes, so it would
have to be much faster to be shipped: the gauge is how long a probe waits while the calls are under load.
"""

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import quantiles
from typing import Final

import httpx
import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from benchmarks.load import Load, Server, load, serving
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
            load(running, paths, connections=connections, seconds=seconds)
            alone = load(running, [newest], connections=connections, seconds=seconds)
            with _probing(running) as waits:
                turn = load(running, paths, connections=connections, seconds=2 * seconds)
        lines.append(f"| {name} | {_shown(alone)} | {_shown(turn)} | {1000 * quantiles(waits, n=20)[-1]:.0f} |")
    return [
        "| requests/s (p99, ms), nothing cached | the newest day | the five in turn | a probe beside, p95, ms |",
        "|---|---:|---:|---:|",
        *lines,
    ]


class _Probing:
    """How long ``/healthz`` takes while the block runs, s."""

    def __init__(self, server: Server) -> None:
        self._url, self._waits, self._over = f"{server.url}/healthz", list[float](), threading.Event()
        self._thread = threading.Thread(target=self._probe)

    def __enter__(self) -> list[float]:
        self._thread.start()
        return self._waits

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _probe(self) -> None:
        with httpx.Client(timeout=60) as client:
            while not self._over.wait(1 / _PROBES_A_SECOND):
                began = time.perf_counter()
                client.get(self._url).raise_for_status()
                self._waits.append(time.perf_counter() - began)


_probing = _Probing


def _shown(one: Load) -> str:
    return f"{one.rate:,.0f} ({one.p99_ms:,.0f})"


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
