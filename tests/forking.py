"""The command line without its start-up: each call is a process of its own, forked from one that has imported it all.

``python -m watthouse`` spends most of a short call on imports. What a test wants of a process (its own memory, working
directory, environment, exit code and end) a forked one has as well, and it can kill itself (:mod:`tests.killing`); what
hangs on the start itself, or needs to be killed from outside, is tested with :func:`tests.support.command`.
"""

import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

from tests import killing, warm_dbt

_LOCK: Final = Lock()
_LONGEST: Final = 1 << 20


def run(words: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``python -m watthouse`` with these words and nothing but this environment."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        said = json.dumps({"words": list(words), "env": dict(env), "cwd": str(Path.cwd())}).encode()
        with _LOCK:
            orders, _ = _mother()
            socket.send_fds(orders, [said], [out.fileno(), err.fileno()])
            code = int(orders.recv(16))
        texts = [file.seek(0) or file.read().decode() for file in (out, err)]
    return subprocess.CompletedProcess(["watthouse", *words], code, *texts)


@cache
def _mother() -> "tuple[socket.socket, subprocess.Popen[bytes]]":
    """The process that forks and the way to it, started at the first call; it ends when this end is closed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    call = [sys.executable, "-m", "tests.forking", str(theirs.fileno()), warm_dbt.address()]
    root = Path(__file__).parents[1]
    process = subprocess.Popen(call, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, cwd=root)
    theirs.close()
    return ours, process


def _serve(orders: socket.socket) -> None:
    """Fork for every order; returns in the child."""
    while True:
        said, files, *_ = socket.recv_fds(orders, _LONGEST, 2)
        if not said:
            os._exit(0)
        if not (child := os.fork()):
            orders.close()
            _become(json.loads(said), files)
            return
        for file in files:
            os.close(file)
        orders.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def _become(order: Mapping[str, Any], files: Sequence[int]) -> None:
    for stream, file in zip((1, 2), files, strict=True):
        os.dup2(file, stream)
        os.close(file)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sys.argv[1:] = order["words"]


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest
    import watthouse.cli.main  # noqa: F401 (what every call begins with)

    warm_dbt.install(sys.argv[2])
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        _serve(channel)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    killing.arm()
    runpy.run_module("watthouse", run_name="__main__", alter_sys=True)
