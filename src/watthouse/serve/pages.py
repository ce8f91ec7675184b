"""The pages, loaded while the API answers already: what draws them takes as long to import as all the rest."""

import threading
from importlib import import_module

from anyio import to_thread
from starlette.types import ASGIApp, Receive, Scope, Send

from watthouse.serve.desk import Desk
from watthouse.starting import uncollected


class Pages:
    """An ASGI application that stands in for :mod:`watthouse.serve.dashboard.app` until that is there."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._loaded: ASGIApp | None = None

    def load(self) -> ASGIApp:
        """The pages themselves; whoever asks first waits for them."""
        with self._lock:
            if self._loaded is None:
                with uncollected():
                    import_module("pandas")  # Arrow loads it for its first rows: Plotly must not meet it half loaded
                    self._loaded = import_module("watthouse.serve.dashboard.app").create(self._desk)
            loaded: ASGIApp = self._loaded
            return loaded

    def warm(self) -> None:
        """Load the pages and draw the first, so that the first visitor need not wait for what is made once."""
        self.load()
        import_module("watthouse.serve.dashboard.app").rendered(self._desk, {"path": "/"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loaded = self._loaded
        if loaded is None:
            loaded = await to_thread.run_sync(self.load)
        await loaded(scope, receive, send)
