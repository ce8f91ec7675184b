"""What every server does here, and how one is started, found again and stopped."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Protocol

import httpx
from filelock import FileLock

CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "watthouse" / "services"
"""Where binaries are kept."""
RUN: Final = Path(tempfile.gettempdir()) / f"watthouse-services-{os.getuid()}"
"""Where what `up` starts keeps its data: not in a home, which PostgreSQL's own user may not enter."""
_PATIENCE: Final = 60.0
_PAUSE: Final = 0.05
_LOG_LINES: Final = 15


class ServiceFailedError(RuntimeError):
    """A server cannot be had, or does not start: one line that says which, why, and where its log is."""


@dataclass(frozen=True)
class Running:
    """A server that was started: ``password`` is random, ``began`` tells its process from a later one of that pid."""

    name: str
    pid: int
    began: int
    port: int
    password: str
    place: Path

    @property
    def is_alive(self) -> bool:
        return _began(self.pid) == self.began


@dataclass(frozen=True)
class Launch:
    """How its process is started: the words of its command, and the variables that it wants besides."""

    words: Sequence[str | Path]
    variables: Mapping[str, str] = field(default_factory=dict)


class Server(Protocol):
    """A kind of server. ``variable`` is where a test finds one that was started elsewhere."""

    name: str
    variable: str

    def obtain(self) -> None:
        """Fetch or build it, unless it is there; raises :class:`ServiceFailedError` where it cannot be had."""

    def launch(self, place: Path, port: int, password: str) -> Launch:
        """Prepare its folder, unless it holds data, and say how it starts."""

    def answers(self, running: Running) -> bool:
        """Whether it takes requests."""

    def url(self, running: Running) -> str:
        """Where it is, password included: for a variable, never for a log."""

    def environment(self, running: Running) -> Mapping[str, str]:
        """The variables by which clients reach it."""


class Services:
    """The servers of one folder, private to whoever made it."""

    def __init__(self, folder: Path = RUN) -> None:
        self.folder = folder

    def up(self, server: Server) -> Running:
        """One that answers: the one that runs here already, else a new one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)  # others pass through to their own folder, and see nothing
        with FileLock(self.folder / f"{server.name}.lock"):  # two workers of one run ask at once
            if (running := self.find(server.name)) and server.answers(running):
                return running
            server.obtain()
            self.down(server.name)  # one that is alive and does not answer would go on without its folder
            shutil.rmtree(self.folder / server.name, ignore_errors=True)
            return self._started(server, free_port(), secrets.token_urlsafe(18))

    def again(self, server: Server) -> Running:
        """The one that was stopped or killed here, on its port and with its data."""
        last = self._last(server.name)
        if last is None:
            raise ServiceFailedError(f"{server.name} was not started here")
        return self._started(server, last.port, last.password)

    def down(self, name: str, how: int = signal.SIGTERM) -> bool:
        """Stop one, by its pid; returns whether it ran. Its data stay until the next :meth:`up`."""
        running = self.find(name)
        if running is None:
            return False
        os.killpg(running.pid, how)
        until = time.monotonic() + _PATIENCE
        while running.is_alive:
            if time.monotonic() > until:
                os.killpg(running.pid, signal.SIGKILL)
            time.sleep(_PAUSE)
        return True

    def find(self, name: str) -> Running | None:
        """One that was started here and is alive."""
        last = self._last(name)
        return last if last and last.is_alive else None

    def _last(self, name: str) -> Running | None:
        try:
            fields = json.loads(self._note(name).read_text())
        except (OSError, ValueError):
            return None
        return Running(**{**fields, "place": Path(fields["place"])})

    def _started(self, server: Server, port: int, password: str) -> Running:
        place = self.folder / server.name
        place.mkdir(exist_ok=True, mode=0o700)
        launch = server.launch(place, port, password)
        with (place / "log").open("ab") as log:
            process = subprocess.Popen(
                [str(word) for word in launch.words],
                env={**os.environ, **launch.variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=place,
                start_new_session=True,  # its own group: what it starts is stopped with it
            )
        running = Running(server.name, process.pid, _began(process.pid), port, password, place)
        self._wait(server, running, process)
        self._remember(running)
        return running

    def _wait(self, server: Server, running: Running, process: "subprocess.Popen[bytes]") -> None:
        until = time.monotonic() + _PATIENCE
        while not server.answers(running):
            code = process.poll()
            if code is not None or time.monotonic() > until:
                why = "does not answer" if code is None else f"ended with code {code}"
                if code is None:
                    os.killpg(process.pid, signal.SIGKILL)
                log = (running.place / "log").read_text(errors="replace").strip().splitlines()[-_LOG_LINES:]
                raise ServiceFailedError(
                    f"{server.name} {why}; its log ({running.place / 'log'}) ends:\n" + "\n".join(log)
                )
            time.sleep(_PAUSE)

    def _remember(self, running: Running) -> None:
        note = self._note(running.name)
        note.touch(mode=0o600)
        note.write_text(json.dumps({**asdict(running), "place": str(running.place)}))

    def _note(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def responds(url: str) -> bool:
    """Whether a request for it succeeds."""
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


def run(words: Sequence[str | Path], what: str, **variables: str) -> None:
    """Run a command to its end; raises :class:`ServiceFailedError` with the last line it wrote, where it fails."""
    done = subprocess.run(
        [str(word) for word in words], env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise ServiceFailedError(f"{what}: {said[-1] if said else f'code {done.returncode}'}")


def _began(pid: int) -> int:
    """When a process began, in ticks since the machine did; -1 for one that is gone, or only waits to be collected."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return -1
    return -1 if fields[0] in "ZX" else int(fields[19])
