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
from watthouse import cli, pipeline
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
cli.main()
"""


def stopped(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A refresh that is sent the first word, a signal, while it is busy with the second."""
    call = [sys.executable, "-c", STOPPED, *words]
    return subprocess.run(call, env=environment(home), capture_output=True, text=True, check=False, timeout=20)


@pytest.mark.parametrize("busy", ["duckdb", "lake", "unheard"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_refresh_that_stays_ends_in_good_order_whatever_it_is_at(
    number: signal.Signals, busy: str, tmp_path: Path
) -> None:
    done = stopped(tmp_path, number.name, busy, "--follow")
    assert (done.returncode, done.stdout, done.stderr) == (0, "stopped\n", "")


@pytest.mark.parametrize("busy", ["duckdb", "lake"])
def test_ctrl_c_ends_a_refresh_with_a_line(busy: str, tmp_path: Path) -> None:
    done = stopped(tmp_path, "SIGINT", busy)
    assert done.returncode == 130
    assert done.stderr == "watthouse: stopped: run it again to go on from what the lake holds\n"
