"""The API for tests: a real server on a free port, and the home it serves."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx
import psutil

from tests.support import command, environment

TOKEN = "s3cret"


@dataclass(frozen=True)
class Api:
    """A running server: ``home`` is the one it serves, ``log`` what it wrote."""

    client: httpx.Client
    home: Path
    log: Path
    process: psutil.Process

    @property
    def url(self) -> str:
        return str(self.client.base_url).rstrip("/")

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(
            f"/api/v1{path}", headers={name.replace("_", "-"): said for name, said in headers.items()}
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.home / "warehouse.duckdb", read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()

    def logged(self, request_id: str) -> dict[str, Any]:
        """The line of the log about a request; it is written when the answer has gone out."""
        for _ in range(100):
            for line in self.log.read_text().splitlines():
                if line.startswith("{") and (said := json.loads(line)).get("request_id") == request_id:
                    return said
            time.sleep(0.05)
        raise AssertionError(f"no line about {request_id}")

    def worker(self) -> psutil.Process:
        """The process that answers."""
        return max(self.process.children(recursive=True) or [self.process], key=lambda one: one.memory_info().rss)


@contextmanager
def served(
    home: Path,
    folder: Path,
    *options: str,
    verb: str = "serve",
    sample: bool = True,
    alive: str = "/healthz",
    before: Sequence[str] = (),
    port: int = 0,
    **variables: str,
) -> Iterator[Api]:
    """Serve ``home`` (its sample, or itself) with these options and settings until the block ends.

    ``folder`` is for the log, ``verb`` what serves, ``alive`` the path that tells that it runs, ``before`` what
    goes before the command, ``port`` one that was used before.
    """
    words = ["--sample"] if sample else ["--home", str(home)]
    port, log = port or free_port(), folder / "serve.log"
    with log.open("w") as out:
        server = subprocess.Popen(
            [*before, *command(verb, *words, *options, "--port", str(port))],
            env=environment(home, variables),
            stdout=out,
            stderr=out,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            _wait(client, alive, server, log)
            yield Api(client, home / "sample" if sample else home, log, psutil.Process(server.pid))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _wait(client: httpx.Client, alive: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(1200):
        assert server.poll() is None, log.read_text()
        try:
            if client.get(alive).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("the server did not answer in 60 s")


def problem(answer: httpx.Response, status: int, *parameters: str) -> Mapping[str, Any]:
    """The problem that this answer tells, having checked that it is one of ``status`` about ``parameters``."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    said: dict[str, Any] = answer.json()
    assert (said["status"], said["instance"]) == (status, answer.request.url.path)
    assert [fault["parameter"] for fault in said["errors"]] == list(parameters)
    return said
