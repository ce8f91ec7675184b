"""Processes that end with the one that started them, however that ended: killed, it can tell nobody.

Whoever starts one holds the writing end of a pipe that the system closes with it. (Linux could send a signal instead,
but when the *thread* ends that started a process, and those of a server come and go.)

``python -m watthouse.parent WORDS`` is ``watthouse WORDS`` with such a pipe as its standard input.
"""

import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from threading import Thread

COMMAND = (sys.executable, "-m", "watthouse.parent")
"""What goes before the words of a call that ends with its parent, where its ``stdin`` is a pipe."""


def end_with_parent() -> None:
    """For a worker of :mod:`multiprocessing`: end it as soon as its parent is gone."""
    if parent := multiprocessing.parent_process():
        _end_after(lambda: wait([parent.sentinel]))


def end_with_input() -> None:
    """End this process as soon as its standard input closes."""
    _end_after(_input_closed)


def is_bound() -> bool:
    """Whether this process was started by :data:`COMMAND`, or went on as another from one that was."""
    return "watthouse.parent" in sys.orig_argv


def _end_after(gone: Callable[[], object]) -> None:
    def end() -> None:
        gone()
        # as hard as its parent's end was: whatever runs here is made for that
        os.kill(os.getpid(), signal.SIGKILL)

    Thread(target=end, daemon=True, name="parent").start()


def _input_closed() -> None:
    while os.read(0, 1):
        pass


def _main(words: Sequence[str]) -> None:
    end_with_input()
    sys.argv[1:] = words
    runpy.run_module("watthouse", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main(sys.argv[1:])
