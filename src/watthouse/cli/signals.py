"""Stopping in good order: a signal asks to stop, and any error after that is a consequence of it."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final


@dataclass
class _State:
    """What the signal handler and the main thread share."""

    # Plain flags, not a threading.Event: the handler runs in the thread that it interrupts, and an Event's lock that
    # this thread holds at that moment would never be released. `refresh --follow` once hung that way.
    stopping: bool = False
    unbroken: bool = False


_STATE: Final = _State()


def heed(number: signal.Signals) -> None:
    """From now on this signal interrupts the main thread as Ctrl-C does, unless it is ignored already."""
    # nohup and background jobs of a shell start with SIGINT ignored: that is the user's choice
    if signal.getsignal(number) is not signal.SIG_IGN:
        signal.signal(number, _stop)


def wait(seconds: float) -> bool:
    """Sleep; returns whether to stop, raises :class:`KeyboardInterrupt` where a signal arrives meanwhile."""
    if not _STATE.stopping:
        time.sleep(seconds)
    return _STATE.stopping


@contextmanager
def recognised() -> Iterator[None]:
    """Raises :class:`KeyboardInterrupt` for whatever a library turned one into."""
    # The engine makes a RuntimeError of it, Delta a refused commit: neither is a failure to report.
    try:
        yield
    except BaseException as error:
        if _STATE.stopping:
            raise KeyboardInterrupt from error
        raise


@contextmanager
def unbroken() -> Iterator[None]:
    """Finish the block before a signal takes effect; raises :class:`KeyboardInterrupt` at its end where one came."""
    # An interrupted print leaves half a line in the buffer, which would come out again with the next one.
    _STATE.unbroken = True
    try:
        yield
    finally:
        _STATE.unbroken = False
    if _STATE.stopping:
        raise KeyboardInterrupt


def _stop(_signal: int, _frame: object) -> None:
    _STATE.stopping = True
    if not _STATE.unbroken:
        raise KeyboardInterrupt
