"""Standard output and error, where nobody reads them any more or the disk behind them is full."""

import errno
import io
import os
import sys
from collections.abc import Callable
from typing import Any, Final, TextIO

CLOSED: Final = 128 + 13
"""The exit code of a program whose output was closed, as a shell shows the end by SIGPIPE."""


class OutputError(BaseException):
    """Standard output cannot be written: raised once, what is written after that is dropped.

    Not an Exception: nothing has failed that could be tried again or reported, as with :class:`KeyboardInterrupt`.
    """

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self._error = error

    @property
    def exit_code(self) -> int:
        """141 where the reader has left (``| head``), 1 where what was written is lost."""
        return CLOSED if self._error.errno == errno.EPIPE else 1

    @property
    def line(self) -> str:
        """What to print on standard error; empty where the reader has left, who knows it."""
        if self.exit_code == CLOSED:
            return ""
        return f"standard output cannot be written ({self._error.strerror}): free some space, or write elsewhere"


def install() -> None:
    """Have this process's output fail in order: :class:`OutputError` for standard output, nothing for the other.

    A stream that is closed from the start is opened on nothing.
    """
    for descriptor in range(3):
        _open(descriptor)
    # an error stream that nobody reads is no reason to stop a refresh
    sys.stdout, sys.stderr = _text(1, sys.stdout, _raise), _text(2, sys.stderr, lambda _: None)


def leave(error: OutputError) -> int:
    """Print what there is to say about it; returns the exit code."""
    if error.line:
        print(f"watthouse: {error.line}", file=sys.stderr)
    return error.exit_code


def _open(descriptor: int) -> None:
    # The next file that is opened would get the free number: a warehouse has been written to as standard output.
    try:
        os.fstat(descriptor)
    except OSError:
        os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _raise(error: OSError) -> None:
    raise OutputError(error)


def _text(descriptor: int, before: TextIO | None, lost: Callable[[OSError], None]) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(_Raw(descriptor, lost)),
        encoding=getattr(before, "encoding", None) or "utf-8",
        # a terminal that knows no "–" is no reason to fail
        errors="backslashreplace",
        line_buffering=os.isatty(descriptor) or descriptor == 2,
        write_through=bool(getattr(before, "write_through", False)),
    )


class _Raw(io.FileIO):
    def __init__(self, descriptor: int, lost: Callable[[OSError], None]) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self._lost = lost

    def write(self, content: Any, /) -> int:
        try:
            return super().write(content)
        except OSError as error:
            self._drop()
            self._lost(error)
            return len(content)

    def _drop(self) -> None:
        """Nothing more is written there: Python flushes its streams once more when it ends."""
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self.fileno())
        os.close(nothing)
