"""Stopping in good order: a signal says stop, and what breaks after that breaks because of it."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final


@dataclass
class _State:
    """What the handler of signals and the thread that it interrupts tell each other: they share that thread, so that a
    lock (such as an event has) that one of them holds would keep the other waiting for ever."""

    told: bool = False
    unbroken: bool = False


_STATE: Final = _State()


def heed(number: signal.Signals) -> None:
    """From now on this signal interrupts the main thread as Ctrl-C does, unless it was to be ignored."""
    if signal.getsignal(number) is not signal.SIG_IGN:
        signal.signal(number, _stop)


def wait(seconds: float) -> bool:
    """Sleep; returns whether to stop, raises :class:`KeyboardInterrupt` where a signal says so meanwhile."""
    if not _STATE.told:
        time.sleep(seconds)
    return _STATE.told


@contextmanager
def recognised() -> Iterator[None]:
    """Raises :class:`KeyboardInterrupt` for what a library made of one: an engine a RuntimeError, Delta a refusal."""
    try:
        yield
    except BaseException as error:
        if _STATE.told:
            raise KeyboardInterrupt from error
        raise


@contextmanager
def unbroken() -> Iterator[None]:
    """What is begun in here is ended, and a signal heeded after it: a line that breaks off is said again with the next.

    Raises :class:`KeyboardInterrupt` at its end where a signal came.
    """
    _STATE.unbroken = True
    try:
        yield
    finally:
        _STATE.unbroken = False
    if _STATE.told:
        raise KeyboardInterrupt


def _stop(_signal: int, _frame: object) -> None:
    _STATE.told = True
    if not _STATE.unbroken:
        raise KeyboardInterrupt
