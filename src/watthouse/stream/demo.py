"""The whole live path on this machine, over a synthetic sample: servers, service, producer, processor, pages.

Each part is a process of its own, as it would be elsewhere, with a log of its own. Everything lies in a folder that is
removed at the end, the servers' data included: no figure of a sample can get into a store that somebody uses.
"""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx

import watthouse
from watthouse.clock import PARIS
from watthouse.errors import StreamError, UsageError
from watthouse.parent import COMMAND
from watthouse.settings import Settings

BEHIND: Final = timedelta(hours=6)
"""How far behind the time of day the sample's clock begins: the page has something to show at once."""
STEP: Final = timedelta(minutes=15)
"""How far its clock moves at a time, until it has caught up."""
STEP_SECONDS: Final = 5.0
HISTORY: Final = timedelta(days=14)

_SERVERS: Final = ("kafka", "mongodb")
_VARIABLES: Final = {"WATTHOUSE_TEST_KAFKA": "WATTHOUSE_KAFKA", "WATTHOUSE_TEST_MONGODB_URL": "WATTHOUSE_STREAM_STORE"}
"""Where ``tools.services`` says a server is, and the setting that names it."""
_LOOK: Final = 0.2
_START_SECONDS: Final = 180.0
"""Spark takes half a minute to its first batch on two busy cores."""
_END_SECONDS: Final = 20.0
_JARS: Final = """\
from tools.services.maven import jars
from watthouse.stream.jars import PACKAGES
print(jars(*PACKAGES, alone=True))
"""

_AFTERWARDS: Final = """\
import shutil, subprocess, sys
sys.stdin.read()
subprocess.run(sys.argv[2:])
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""

Say = Callable[[str], None]


@contextmanager
def running(settings: Settings, say: Say) -> Iterator["Demo"]:
    """Everything, from when the page has every region until the block ends; ``say`` is given a line a step.

    Raises :class:`~watthouse.errors.UsageError` outside a checkout, which the servers come with, and
    :class:`~watthouse.errors.StreamError` where a part of it does not start.
    """
    checkout = _checkout()
    python = _python(settings, checkout)
    with TemporaryDirectory(prefix="watthouse-demo-") as folder:
        demo = Demo(Path(folder), settings.port, say)
        try:
            demo.start(checkout, python, settings.spark_jars)
            yield demo
        finally:
            demo.end()


@dataclass
class Demo:
    """The parts that run, in the order in which they were started."""

    folder: Path
    port: int
    say: Say
    _parts: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    _stop_servers: Callable[[], None] = lambda: None
    _sample: str = ""
    _now: datetime | None = None

    @property
    def page(self) -> str:
        """Where the live page is."""
        return f"http://127.0.0.1:{self.port}/live"

    def start(self, checkout: Path, python: Path, jars: Path | None) -> None:
        """Start one part after the other, and wait until the page has every region."""
        self.say("Kafka and a store that speaks MongoDB's protocol (fetched once: a minute)")
        servers = self._servers(checkout)
        jars = jars or Path(_output([sys.executable, "-c", _JARS], checkout))
        sample, self._now = _free_port(), datetime.now(UTC) - BEHIND
        self._sample = f"http://127.0.0.1:{sample}"
        variables = {
            **servers,
            "WATTHOUSE_HOME": str(self.folder / "home"),
            "WATTHOUSE_ODRE_URL": f"{self._sample}/api/explore/v2.1",
            "WATTHOUSE_SPARK_PYTHON": str(python),
            "WATTHOUSE_SPARK_JARS": str(jars),
        }
        first = (self._now.astimezone(PARIS) - HISTORY).date()
        self.say("the sample service, its clock six hours behind")
        self._run("sample", variables, "sample", "--port", str(sample), "--since", str(first))
        self._until("sample", lambda: self._move(self._now))
        self.say("the processor, in Spark")
        self._run("processor", variables, "stream", "process")
        self.say("the producer, a look every five seconds")
        self._run("producer", variables, "stream", "produce", "--every", f"{STEP_SECONDS:g}s")
        self.say("the pages")
        self._run("pages", variables, "serve", "--port", str(self.port))
        self._until("pages", self._has_every_region)

    def go_on(self) -> None:
        """Let the sample's clock run, fast until it has caught up; raises where a part of the demo has ended."""
        while True:
            self.step()

    def step(self) -> None:
        """Let the sample's clock move once, unless it has caught up; raises as :meth:`go_on` does."""
        self._rest(STEP_SECONDS)
        if self._now is not None:
            self._now = None if self._now + STEP > datetime.now(UTC) else self._now + STEP
            self._move(self._now)

    def end(self) -> None:
        """End every part, the last first, and the servers; nothing of it is left."""
        for name in reversed(self._parts):
            _end(self._parts[name])
        self._stop_servers()

    def _servers(self, checkout: Path) -> dict[str, str]:
        # a folder for temporary files of their own, so that they are not those that somebody has running
        (own := self.folder / "servers").mkdir()
        variables = {"TMPDIR": str(own)}
        services = [sys.executable, "-m", "tools.services"]
        self._stop_servers = _afterwards([*services, "down", *_SERVERS], checkout, variables, self.folder)
        _output([*services, "up", *_SERVERS], checkout, variables)
        told = _output([*services, "env", *_SERVERS], checkout, variables)
        exported = dict(words[1].split("=", 1) for line in told.splitlines() if (words := shlex.split(line)))
        return {setting: exported[name] for name, setting in _VARIABLES.items()}

    def _run(self, name: str, variables: Mapping[str, str], *words: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self._parts[name] = subprocess.Popen(
                [*COMMAND, *words],
                env={**os.environ, **variables},
                stdin=subprocess.PIPE,  # which the system closes where this process is killed
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for this process, which ends them in order
            )

    def _until(self, name: str, is_so: Callable[[], object]) -> None:
        until = time.monotonic() + _START_SECONDS
        while not _tried(is_so):
            if time.monotonic() > until:
                raise StreamError(f"the demo's {name} is not ready after {_START_SECONDS:g} s{self._last_line(name)}")
            self._rest(_LOOK)

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for name, part in self._parts.items():
                if part.poll() is not None:
                    raise StreamError(f"the demo's {name} ended with code {part.returncode}{self._last_line(name)}")
            time.sleep(_LOOK)

    def _last_line(self, name: str) -> str:
        lines = (self.folder / f"{name}.log").read_text(errors="replace").strip().splitlines()
        return f": {lines[-1].strip()}" if lines else ""

    def _move(self, now: datetime | None) -> bool:
        moved = httpx.post(f"{self._sample}/sample/clock", json={"now": now.isoformat() if now else None}, timeout=10)
        return moved.is_success

    def _has_every_region(self) -> bool:
        answer = httpx.get(f"http://127.0.0.1:{self.port}/api/v1/live/regions", timeout=10)
        return answer.is_success and len(answer.json()["rows"]) > 12  # twelve regions, and France


def _checkout() -> Path:
    folder = Path(watthouse.__file__).parents[2]
    if not (folder / "tools" / "services").is_dir():
        raise UsageError(
            "stream demo starts servers of its own, which a checkout of watthouse has the tools for: run it there;"
            " with servers of yours, run stream produce, stream process and serve"
        )
    return folder


def _python(settings: Settings, checkout: Path) -> Path:
    python = settings.spark_python or checkout / ".venv-spark" / "bin" / "python"
    if not python.exists():
        raise UsageError(f"there is no {python}: run `make .venv-spark/installed`, or set WATTHOUSE_SPARK_PYTHON")
    return python.absolute()


def _output(words: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None) -> str:
    """What a command prints; raises :class:`~watthouse.errors.StreamError` with its last line, where it fails."""
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, **(variables or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise StreamError(f"the demo cannot start: {lines[-1] if lines else f'code {done.returncode}'}")
    return done.stdout.strip()


def _afterwards(words: Sequence[str], folder: Path, variables: Mapping[str, str], removed: Path) -> Callable[[], None]:
    """Run a command, then remove a folder, when what is returned is called, or as soon as this process is gone."""
    waiting = subprocess.Popen(
        [sys.executable, "-c", _AFTERWARDS, str(removed), *words],
        cwd=folder,
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

    def end() -> None:
        waiting.communicate()

    return end


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _tried(is_so: Callable[[], object]) -> bool:
    try:
        return bool(is_so())
    except httpx.HTTPError:  # it does not listen yet
        return False


def _end(part: "subprocess.Popen[bytes]") -> None:
    """Ask it to end, and end what is left of its group."""
    # not SIGINT: where this process was started in the background, they ignore it as it does
    for how, seconds in ((signal.SIGTERM, _END_SECONDS), (signal.SIGKILL, _END_SECONDS)):
        with suppress(ProcessLookupError):
            os.killpg(part.pid, how)
        with suppress(subprocess.TimeoutExpired):
            part.wait(seconds)
