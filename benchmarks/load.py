"""Servers on loopback, and ``wrk`` to load them."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx
import psutil

from benchmarks.measure import WATTHOUSE
from tools.services import SERVERS, Services

_SCRIPT: Final = """
local paths = {{{paths}}}
local turn = 0
request = function()
  turn = turn % #paths + 1
  return wrk.format("GET", paths[turn])
end
"""
_MILLISECONDS: Final = {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}


@dataclass(frozen=True)
class Server:
    """A server that answers: where, and how long it took to get there, s."""

    url: str
    process: psutil.Process
    ready_seconds: float

    def worker_mb(self) -> float:
        """Resident memory of its largest process, MB."""
        return max(one.memory_info().rss for one in self.process.children(recursive=True) or [self.process]) / 1e6


@dataclass(frozen=True)
class Load:
    """What came of it: requests a second, and the time that 99 of 100 took at most, ms."""

    rate: float
    p99_ms: float


def shown(one: Load) -> str:
    """Requests a second, and the p99 in ms."""
    return f"{one.rate:,.0f} ({one.p99_ms:,.0f})" if one.rate >= 10 else f"{one.rate:.1f} ({one.p99_ms:,.0f})"


@contextmanager
def watthouse_serving(home: Path, *, cached: bool, **variables: str) -> Iterator[Server]:
    """``watthouse serve`` with these settings; not ``cached``, it computes every answer."""
    kept = {} if cached else {"WATTHOUSE_CACHE_BYTES": "0"}
    with serving([WATTHOUSE, "serve", "--home", str(home)], {**kept, **variables}, "/readyz") as server:
        yield server


@contextmanager
def rival_serving(pg: str) -> Iterator[Server]:
    """The Flask app under Granian's WSGI: a process a core, four threads each."""
    cores, threads = os.cpu_count() or 1, 4
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "benchmarks.rival:create"]
    command += ["--workers", str(cores), "--blocking-threads", str(threads), "--no-log"]
    with serving(command, {"RIVAL_SOCKET": pg, "RIVAL_THREADS": str(threads)}, "/now") as server:
        yield server


@contextmanager
def serving(command: Sequence[str], environment: Mapping[str, str], ready: str) -> Iterator[Server]:
    """A server's command with a free port, from when ``ready`` answers until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    began = time.perf_counter()
    with subprocess.Popen(
        [*command, "--port", str(port)],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url + ready, process)
            yield Server(url, psutil.Process(process.pid), time.perf_counter() - began)
        finally:
            process.send_signal(signal.SIGTERM)


@contextmanager
def service(folder: Path, name: str) -> Iterator[str]:
    """The URL of a real server of that name, which keeps its data below the folder and is gone with the block."""
    services, server = Services(folder / "services"), SERVERS[name]
    try:
        yield server.url(services.up(server))
    finally:
        services.down(name, signal.SIGKILL)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    with httpx.Client(timeout=60) as client:
        while process.poll() is None:
            try:
                if client.get(url).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.01)
    raise SystemExit(f"a server ended with {process.returncode} before it answered {url}")


def load(server: Server, paths: Sequence[str], *, connections: int, seconds: int) -> Load:
    """These paths in turn, again and again; raises where any answer was no success, or none came."""
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not here: apt-get install wrk")
    with TemporaryDirectory() as folder:
        script = Path(folder) / "paths.lua"
        script.write_text(_SCRIPT.format(paths=", ".join(f'"{path}"' for path in paths)))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "--latency"]
        said = subprocess.run(
            [*command, "-s", str(script), server.url], capture_output=True, text=True, check=True
        ).stdout
    rate, p99 = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"99%\s+([\d.]+)(us|ms|s|m)\s", said)
    if "Non-2xx" in said or "Socket errors" in said or not rate or not p99 or not float(rate[1]):
        raise SystemExit(f"under load {server.url} did not do:\n{said}")
    return Load(float(rate[1]), float(p99[1]) * _MILLISECONDS[p99[2]])


@contextmanager
def watching_memory(server: Server) -> Iterator[list[float]]:
    """The memory of its worker while the block runs, MB, ten times a second."""
    seen: list[float] = [server.worker_mb()]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            seen.append(server.worker_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
