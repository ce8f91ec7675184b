"""The dbt of a build without its start-up: forked from a process that has imported it.

Importing dbt and reading the whole project take longer than building a test's few rows. What the runner starts here in
place of ``python -m watthouse.transform.worker`` is a small process with the same streams, which has the work done in a
fork of one that has imported dbt, and ends with it. That dbt starts from the project as an earlier build of the run
read it; it compares checksums by itself, and reads anew what differs.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from watthouse.parent import end_with_input

_READ: Final = "partial_parse.msgpack"
_LONGEST: Final = 1 << 20
_ORDER: Final = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as channel:
    channel.connect(sys.argv[1])
    order = {"words": sys.argv[2:], "env": dict(os.environ), "cwd": os.getcwd()}
    socket.send_fds(channel, [json.dumps(order).encode()], [0, 1, 2])
    code = channel.recv(16)
    channel.recv(1)
    os._exit(int(code or 137))
"""
"""What stands in for dbt: killed, it takes the fork with it, which hears that the channel is closed.

It ends after the fork, as whoever waits for it opens the file that the fork had locked.
"""
_LAST: Final = 900
"""A file of a higher number than any other: an ending process closes them in order, the lock before this."""


@cache
def address() -> str:
    """Where forks are to be had in this process and its children; the process that forks ends with this one."""
    folder = tempfile.TemporaryDirectory(prefix="watthouse-dbt-")
    path = f"{folder.name}/socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        listener.listen(16)
        call = [sys.executable, "-m", "tests.warm_dbt", str(listener.fileno()), folder.name]
        root = Path(__file__).parents[1]
        mother = subprocess.Popen(call, pass_fds=[listener.fileno()], stdin=subprocess.PIPE, cwd=root)
    _KEPT.extend((folder, mother))
    return path


_KEPT: Final[list[object]] = []


def install(path: str) -> None:
    """Have every :class:`watthouse.transform.Transform` of this process start its dbt at that address."""
    from watthouse.transform import runner

    def started(call: list[str], **named: Any) -> "subprocess.Popen[str]":
        python, *module, project, scratch = call
        if module != ["-m", "watthouse.transform.worker"]:  # of an engine with an environment of its own
            return subprocess.Popen(call, **named)
        return subprocess.Popen([python, "-I", "-S", "-c", _ORDER, path, project, scratch], **named)

    runner.subprocess = SimpleNamespace(Popen=started, PIPE=subprocess.PIPE)  # type: ignore[attr-defined]


def _serve(listener: socket.socket) -> socket.socket:
    """Fork for every order; returns in the child, with its channel."""
    listener.settimeout(None)
    while True:
        channel, _ = listener.accept()
        _import_dbt()
        if not os.fork():
            listener.close()
            return channel
        channel.close()


@cache
def _import_dbt() -> None:
    import dbt.adapters.duckdb
    import dbt.adapters.postgres
    import dbt.cli.main
    import dbt.task.build  # noqa: F401 (with what it imports, the longest part of dbt's start)

    import watthouse.transform.worker  # noqa: F401


def _become(channel: socket.socket, lent: Path) -> None:
    said, files, *_ = socket.recv_fds(channel, _LONGEST, 3)
    if not said:
        os._exit(0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    for stream, file in enumerate(files):
        os.dup2(file, stream)
        os.close(file)
    low, channel = channel, socket.socket(fileno=fcntl.fcntl(channel, fcntl.F_DUPFD_CLOEXEC, _LAST))
    low.close()
    order = json.loads(said)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    threading.Thread(target=_end_with, args=[channel], daemon=True).start()
    sys.stdin = os.fdopen(os.dup(0))
    warnings.simplefilter("ignore")  # as PYTHONWARNINGS, which the runner sets, has a new process do
    code = _work(*order["words"], lent)
    with suppress(OSError):
        channel.send(str(code).encode())
    os._exit(code)


def _end_with(channel: socket.socket) -> None:
    """End where the stand-in was killed."""
    channel.recv(1)
    os._exit(137)


def _work(project: str, scratch: str, lent: Path) -> int:
    from watthouse.transform.worker import main

    target = os.environ.get("WATTHOUSE_DBT_TARGET", "duckdb")
    read, known = Path(scratch) / "target" / _READ, lent / sha256(f"{project} {target}".encode()).hexdigest()
    if known.exists() and not read.exists():
        read.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(known, read)
    code = main(project, scratch)
    if read.exists() and not known.exists():
        shutil.copy(read, known.with_suffix(f".{os.getpid()}"))
        known.with_suffix(f".{os.getpid()}").rename(known)
    return code


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    end_with_input()
    with socket.socket(fileno=int(sys.argv[1])) as listening:
        asked = _serve(listening)
    _become(asked, Path(sys.argv[2]))
