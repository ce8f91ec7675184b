"""Stopping in good order: a signal says stop, and what breaks after that breaks because of it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Final

_TOLD: Final = Event()


def heed(number: signal.Signals) -> None:
    """From now on this signal interrupts the main thread as Ctrl-C does, unless it was to be ignored."""
    if signal.getsignal(number) is not signal.SIG_IGN:
        signal.signal(number, _stop)


def wait(seconds: float) -> bool:
    """Sleep; returns whether to stop."""
    return _TOLD.wait(seconds)


@contextmanager
def recognised() -> Iterator[None]:
    """Raises :class:`KeyboardInterrupt` for whatever a library made of one: DuckDB a RuntimeError, Delta a refusal."""
    try:
        yield
    except BaseException as error:
        if _TOLD.is_set():
            raise KeyboardInterrupt from error
        raise


def _stop(_signal: int, _frame: object) -> None:
    _TOLD.set()
    raise KeyboardInterrupt
