"""Stopping in good order: a signal says stop, and what breaks after that breaks because of it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Final

_TOLD: Final = Event()
_UNBROKEN: Final = Event()


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


@contextmanager
def unbroken() -> Iterator[None]:
    """What is begun in here is ended, and a signal heeded after it: a line that breaks off is said again with the next.

    Raises :class:`KeyboardInterrupt` at its end where a signal came.
    """
    _UNBROKEN.set()
    try:
        yield
    finally:
        _UNBROKEN.clear()
    if _TOLD.is_set():
        raise KeyboardInterrupt


def _stop(_signal: int, _frame: object) -> None:
    _TOLD.set()
    if not _UNBROKEN.is_set():
        raise KeyboardInterrupt
