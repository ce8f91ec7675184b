"""Meter files on the server of a home: opened when they are first asked for, as most homes have none."""

import threading
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from watthouse.errors import DatabaseError
from watthouse.settings import Settings
from watthouse.starting import uncollected

if TYPE_CHECKING:
    from watthouse.meters.storage.database import MeterDatabase
    from watthouse.serve.historic import Historic


class Meters:
    """The historic service, as an ASGI application to be mounted, and the database behind it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._historic: Historic | None = None
        self._app: ASGIApp | None = None

    @property
    def is_begun(self) -> bool:
        """Whether anything may be held: a look into the database would make one."""
        return self._settings.meter_db is not None or self._settings.meter_sqlite.exists()

    @property
    def historic(self) -> "Historic":
        """The service; raises :class:`~watthouse.errors.DatabaseError` where the extra is not installed."""
        with self._lock:
            if self._historic is None:
                try:
                    with uncollected():
                        from watthouse.serve.historic import Historic
                except ModuleNotFoundError as error:
                    missing = f"{error.name} is not installed: pip install 'watthouse[meters]'"
                    raise DatabaseError(missing) from error
                is_open = self._settings.meter_gets or False
                self._historic = Historic(self._settings, gets_change_state=is_open)
            return self._historic

    @property
    def database(self) -> "MeterDatabase":
        """The database of readings; raises as :attr:`historic` does."""
        return self.historic.database

    def close(self) -> None:
        """Close the database, where it was opened."""
        if self._historic is not None:
            self._historic.database.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            # importing takes long, and the event loop has to go on answering the API
            self._app = await to_thread.run_sync(self._made)
        await self._app(scope, receive, send)

    def _made(self) -> ASGIApp:
        app = Starlette(routes=self.historic.routes, exception_handlers=self.historic.pages)
        app.router.redirect_slashes = False
        return app
