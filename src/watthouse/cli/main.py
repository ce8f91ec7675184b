"""The command line: one verb, one call. What only some verbs need is imported when they are called."""

import signal

from watthouse.cli import read, serve, signals, update
from watthouse.cli.app import EXAMPLES, app

__all__ = ["EXAMPLES", "app", "main", "read", "serve", "update"]


def main() -> None:
    """The entry point."""
    signals.heed(signal.SIGINT)
    app()
