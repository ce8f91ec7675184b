"""The command line: one verb, one call. What only some verbs need is imported when they are called."""

import signal

from watthouse.cli import (
    datamart,
    demo,
    exports,
    health,
    meters,
    meters_grid,
    orchestrate,
    processor,
    read,
    serve,
    signals,
    stream,
    update,
)
from watthouse.cli.app import EXAMPLES, app

__all__ = [
    "EXAMPLES",
    "app",
    "datamart",
    "demo",
    "exports",
    "health",
    "main",
    "meters",
    "meters_grid",
    "orchestrate",
    "processor",
    "read",
    "serve",
    "stream",
    "update",
]


def main() -> None:
    """The entry point."""
    # Python's own handler would do, but a library may swallow its KeyboardInterrupt: signals.py remembers that it came
    signals.heed(signal.SIGINT)
    app()
