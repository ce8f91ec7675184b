"""The demo of the live path: everything starts by one command, moves, and is gone after Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

import watthouse
from tests.servers import do_without
from tests.spark import PYTHON, Spark
from tools.services import SERVERS
from tools.services.base import ServiceFailedError, free_port
from watthouse.errors import StreamError, UsageError
from watthouse.settings import Settings
from watthouse.stream.demo import Demo, running

START_SECONDS = 240.0


@pytest.fixture(scope="module")
def obtained() -> None:
    """What it starts can be had here."""
    try:
        for server in (Spark(), SERVERS["kafka"], SERVERS["mongodb"]):
            server.obtain()
    except ServiceFailedError as error:
        do_without(error)


@pytest.mark.slow
def test_one_command_starts_everything_and_ctrl_c_ends_all_of_it(tmp_path: Path, obtained: None) -> None:
    (scratch := tmp_path / "tmp").mkdir()
    port = free_port()
    words = [sys.executable, "-m", "watthouse", "stream", "demo", "--no-open", "--port", str(port)]
    variables = {**os.environ, "TMPDIR": str(scratch), "WATTHOUSE_SPARK_PYTHON": str(PYTHON)}
    with started(words, variables) as demo:
        assert demo.stdout is not None
        told = []
        for line in demo.stdout:
            told.append(line.strip())
            if line.startswith("live page"):
                break
        assert told[-1].startswith(f"live page: http://127.0.0.1:{port}/live"), told
        assert httpx.get(f"http://127.0.0.1:{port}/live").status_code == 200
        first = newest(port)
        eventually(lambda: newest(port) > first)
        parts = started_below(scratch) + psutil.Process(demo.pid).children(recursive=True)
        assert len(parts) >= 7, parts  # two servers, the sample, producer, processor, its JVM, pages
        demo.send_signal(signal.SIGINT)
        rest = demo.stdout.read()
        assert demo.wait(60) == 0, rest
    assert rest.splitlines()[-1] == "stopped"
    assert not [part for part in parts if part.is_running() and part.status() != psutil.STATUS_ZOMBIE]
    assert list(scratch.glob("watthouse-demo-*")) == []


@contextmanager
def started(words: list[str], variables: dict[str, str]) -> "Iterator[subprocess.Popen[str]]":
    """A command that ends with the block, and asks its parts to, whatever the block does."""
    with subprocess.Popen(words, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)


def test_without_a_checkout_it_says_what_to_run_instead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(watthouse, "__file__", str(tmp_path / "src" / "watthouse" / "__init__.py"))
    with pytest.raises(UsageError, match=r"a checkout of watthouse.*run stream produce, stream process and serve"):
        running(Settings(), print).__enter__()


def test_without_spark_it_says_how_to_get_it(tmp_path: Path) -> None:
    with (
        pytest.raises(
            UsageError, match=r"there is no .*python: run `make \.venv-spark/installed`, or set WATTHOUSE_SPARK"
        ),
        running(Settings(spark_python=tmp_path / "python"), print),
    ):
        pass


def test_a_part_that_ends_is_named_with_its_last_line(tmp_path: Path) -> None:
    demo = Demo(tmp_path, free_port(), print)
    demo._run("pages", {"WATTHOUSE_HOME": str(tmp_path / "home")}, "show", "daily_mix")
    try:
        with pytest.raises(StreamError, match=r"the demo's pages ended with code 1: .*run `watthouse refresh`"):
            demo._rest(30)
    finally:
        demo.end()


def newest(port: int) -> str:
    rows = httpx.get(f"http://127.0.0.1:{port}/api/v1/live/regions").json()["rows"]
    return max(row["instant"] for row in rows)


def eventually(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + START_SECONDS
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.5)


def started_below(folder: Path) -> list[psutil.Process]:
    """The processes that name something in that folder: servers are children of nobody here."""
    # asked for as an attribute, a process that is ending says nothing instead of raising
    return [each for each in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(each.info["cmdline"] or ())]


_DEMO = """
import os, signal, sys
from pathlib import Path
from watthouse.stream import demo
folder = Path(sys.argv[1])
part = demo.Demo(folder, 0, print)
part._run("sample", {}, "sample", "--port", "0")
demo._afterwards(["touch", sys.argv[2]], folder.parent, {}, folder)
print(part._parts["sample"].pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
def test_a_demo_that_is_killed_takes_its_parts_its_servers_and_its_folder_with_it(tmp_path: Path) -> None:
    (folder := tmp_path / "demo").mkdir()
    (stopped := tmp_path / "servers-stopped").unlink(missing_ok=True)
    words = [sys.executable, "-c", _DEMO, str(folder), str(stopped)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        part = psutil.Process(int(demo.stdout.readline()))
        eventually(lambda: "synthetic" in (folder / "sample.log").read_text())
        demo.kill()
    assert psutil.wait_procs([part], timeout=10)[1] == []
    eventually(stopped.exists)
    eventually(lambda: not folder.exists())
