"""A process that is killed takes with it whatever it had started: nothing goes on that nobody knows of."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import httpx
import psutil
import pytest

from tests.integration.service import service, utc
from tests.integration.serving import TOKEN, free_port
from tests.integration.test_made_up_marts import gas
from tests.support import command, environment, write_csv

pytestmark = [pytest.mark.slow]

SECONDS = 10.0


@contextmanager
def started(home: Path, *words: str, **variables: str) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        command(*words), env=environment(home, variables), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


def below(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def gone(processes: list[psutil.Process]) -> bool:
    """Whether all of them end soon; whatever does not is ended, so that it outlives no test."""
    _, alive = psutil.wait_procs(processes, timeout=SECONDS)
    for one in alive:
        one.kill()
    return not alive


def until(is_so: object, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


def answers(port: int, path: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize(
    ("words", "alive"),
    [
        (("serve", "--sample"), "/healthz"),
        (("meters", "serve"), "/"),
        (("serve", "--sample", "--streamlit"), "/_stcore/health"),
    ],
    ids=["serve", "meters serve", "serve --streamlit"],
)
def test_the_worker_of_a_killed_server_ends(words: tuple[str, ...], alive: str, sampled: Path, tmp_path: Path) -> None:
    port = free_port()
    db = f"sqlite:///{tmp_path / 'meters.sqlite'}"
    with started(sampled, *words, "--port", str(port), WATTHOUSE_METER_DB=db) as server:
        until(lambda: answers(port, alive))
        workers = below(server)
        assert workers or "--streamlit" in words
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        assert gone(workers)
    assert not answers(port, alive)


def test_a_refresh_that_a_killed_server_had_started_ends(tmp_path: Path) -> None:
    port, home = free_port(), tmp_path / "home"
    with (
        service(date(2025, 11, 20), utc("2025-12-01T10:40")) as source,
        started(home, "serve", "--port", str(port), WATTHOUSE_API_TOKEN=TOKEN, **source.variables) as server,
    ):
        until(lambda: answers(port, "/healthz"))
        bearer = {"authorization": f"Bearer {TOKEN}"}
        assert httpx.post(f"http://127.0.0.1:{port}/api/v1/refresh", headers=bearer).status_code == 202
        until(lambda: len(below(server)) > 1)
        processes = below(server)
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        assert gone(processes)


def test_dbt_of_a_killed_refresh_ends(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "gas.csv", gas(date(2025, 6, 1), {"Saline": "1", "Teréga": "2"}))
    with started(tmp_path / "home", "refresh", "--from", str(path)) as refresh:
        until(lambda: (tmp_path / "home").exists() and [*(tmp_path / "home").glob("building-*")])
        workers = below(refresh)
        assert workers
        os.kill(refresh.pid, signal.SIGKILL)
        refresh.wait()
        assert gone(workers)
