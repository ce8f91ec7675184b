"""A signal ends a command in good order, whatever a library makes of it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import environment

STOPPED = """
import os, signal, sys, threading, time
import duckdb
from watthouse.cli import main
from watthouse.operate import pipeline
from watthouse.errors import LakeError

number, busy = signal.Signals[sys.argv[1]], sys.argv[2]

def in_duckdb():
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("select sum(a.range * b.range) from range(100000000) a, range(1000000) b")

def in_the_lake():
    try:
        time.sleep(30)
    except KeyboardInterrupt as error:
        raise LakeError("the writer broke off") from error

def unheard():
    try:
        time.sleep(30)
    except KeyboardInterrupt:
        pass
    raise LakeError("something else")

def refresh(*_, **__):
    threading.Timer(0.2, os.kill, (os.getpid(), number)).start()
    {"duckdb": in_duckdb, "lake": in_the_lake, "unheard": unheard}[busy]()

signal.signal(signal.SIGINT, signal.default_int_handler)
pipeline.refresh = refresh
sys.argv[1:] = ["refresh", *sys.argv[3:]]
main.main()
"""

TELLING = """
import os, signal, sys
from watthouse.cli import main
from watthouse.operate import pipeline
from watthouse.errors import LakeError
from watthouse.sync.report import Report

class Interrupted:
    told = False

    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def flush(self):
        self.stream.flush()
        if not Interrupted.told:
            Interrupted.told = True
            os.kill(os.getpid(), signal.SIGTERM)

def refresh(*_, **__):
    if sys.argv[-1] == "--full":
        raise LakeError("no space")
    return Report(notes={"gas": ("a column is gone",)})

pipeline.refresh = refresh
sys.stdout, sys.stderr = Interrupted(sys.stdout), Interrupted(sys.stderr)
main.main()
"""

WAITING = """
import signal, sys
from watthouse.cli import signals

signals.heed(signal.SIGTERM)
steps, strike = 0, int(sys.argv[1])

def at_each_step(frame, event, _):
    global steps
    frame.f_trace_opcodes = True
    if event == "opcode":
        steps += 1
        if steps == strike:
            sys.settrace(None)
            signal.raise_signal(signal.SIGTERM)
    return at_each_step

def waits():
    sys.settrace(at_each_step)
    signals.wait(0.01)
    sys.settrace(None)

try:
    waits()
except KeyboardInterrupt:
    pass
print(steps, signals.wait(0))
"""


def stopped(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A refresh that is sent the first word, a signal, while it is busy with the second."""
    call = [sys.executable, "-c", STOPPED, *words]
    return subprocess.run(call, env=environment(home), capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("busy", ["duckdb", "lake", "unheard"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_refresh_that_stays_ends_in_good_order_whatever_it_is_at(
    number: signal.Signals, busy: str, tmp_path: Path
) -> None:
    done = stopped(tmp_path, number.name, busy, "--follow")
    assert (done.returncode, done.stdout, done.stderr) == (0, "stopped\n", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [([], ["nothing moved", "a column is gone", "stopped"]), (["--full"], ["trying again", "stopped"])],
)
def test_a_signal_while_a_round_is_told_makes_no_line_of_it_come_twice(
    words: list[str], said: list[str], tmp_path: Path
) -> None:
    """A console that is interrupted between a write and its account of it writes the line again with the next."""
    call = [sys.executable, "-c", TELLING, "refresh", "--follow", *words]
    done = subprocess.run(call, env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0
    lines = [*done.stderr.splitlines(), *done.stdout.splitlines()]
    assert [line.endswith(end) for line, end in zip(lines, said, strict=True)] == [True] * len(said), lines


def test_a_signal_ends_a_wait_whenever_it_comes() -> None:
    """At each of the steps in which Python waits: a lock that is held just then would never be given back."""

    def waited(strike: int) -> list[str]:
        call = [sys.executable, "-c", WAITING, str(strike)]
        return subprocess.run(call, capture_output=True, text=True, check=True, timeout=20).stdout.split()

    steps, told = waited(0)
    assert told == "False"
    for strike in range(1, int(steps) + 1):
        assert waited(strike) == [str(strike), "True"]


@pytest.mark.parametrize("busy", ["duckdb", "lake"])
def test_ctrl_c_ends_a_refresh_with_a_line(busy: str, tmp_path: Path) -> None:
    done = stopped(tmp_path, "SIGINT", busy)
    assert done.returncode == 130
    assert done.stderr == "watthouse: stopped: run it again to go on from what the lake holds\n"
