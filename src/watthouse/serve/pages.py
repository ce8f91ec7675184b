"""The pages, loaded while the API already answers: their libraries take as long to import as everything else."""

import threading
from importlib import import_module

from anyio import to_thread
from starlette.types import ASGIApp, Receive, Scope, Send

from watthouse.serve.service import Service
from watthouse.starting import uncollected, without


class Pages:
    """An ASGI application that stands in for :mod:`watthouse.serve.dashboard.app` until that is there."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._loaded: ASGIApp | None = None

    def load(self) -> ASGIApp:
        """The pages themselves; the first request waits for them."""
        # two first visitors at once each found a page that failed: one library was still being loaded for the other
        with self._lock:
            if self._loaded is None:
                # Dash shows itself in notebooks where it finds IPython, which takes a server 11 MB
                with uncollected(), without("IPython"):
                    self._loaded = import_module("watthouse.serve.dashboard.app").create(self._service)
            loaded: ASGIApp = self._loaded
            return loaded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loaded = self._loaded
        if loaded is None:
            # importing takes long, and the event loop has to go on answering the API
            loaded = await to_thread.run_sync(self.load)
        await loaded(scope, receive, send)
