"""The server of a home: its worker's threads wait while the engine counts."""

from fastapi import FastAPI

from watthouse.serve.app import create
from watthouse.serve.listening import listen, refuse_taken
from watthouse.serve.middleware import configure_logs
from watthouse.settings import Settings

__all__ = ["refuse_taken", "serve"]


def serve(settings: Settings, *, afresh: bool = False) -> None:
    """Serve a home until a signal ends it; see :func:`~watthouse.serve.listening.listen`."""
    listen(settings, _made, afresh=afresh)


def _made(settings: Settings) -> FastAPI:
    configure_logs()
    return create(settings)
