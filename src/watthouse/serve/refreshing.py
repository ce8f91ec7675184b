"""A refresh requested over HTTP: a process of its own, one at a time."""

import os
import subprocess
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

import structlog

from watthouse.home import Home
from watthouse.parent import COMMAND
from watthouse.serve.problems import ProblemError
from watthouse.settings import Settings

_LAST = 400  # characters kept of its last line
_LOGGED = 20  # lines of a failure that go into the log


class State(Enum):
    """The state of a refresh."""

    NEVER = "never asked for"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class RefreshProgress:
    """The last refresh requested over the API; ``last_line`` is the last line of its output."""

    state: State = State.NEVER
    started_at: datetime | None = None
    ended_at: datetime | None = None
    last_line: str | None = None


class Refresher:
    """Runs ``watthouse refresh`` on the home that is served."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        # a process of its own: what it takes in memory and threads ends with it
        self._process: subprocess.Popen[str] | None = None
        self.progress = RefreshProgress()

    def start(self) -> RefreshProgress:
        """Start one; raises a problem while one runs."""
        with self._lock:
            if self.progress.state is State.RUNNING:
                raise ProblemError(409, "a refresh is already running: see /api/v1/status")
            self.progress = RefreshProgress(State.RUNNING, datetime.now(UTC))
            self._process = self._spawn()
            # its output has to be read all along: a full pipe would stop it
            threading.Thread(target=self._wait, args=(self._process,), daemon=True).start()
            return self.progress

    def stop(self) -> None:
        """Stop a running one: what it fetched is kept."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.terminate()

    def _spawn(self) -> subprocess.Popen[str]:
        home, words = self._settings.home, ["refresh"]
        # a sample is served from a subfolder, but `--sample` wants its parent
        if Home(self._settings).sample and home.name == "sample":
            home, words = home.parent, [*words, "--sample"]
        # wide enough that the last line, which is reported, is not wrapped
        environment = {**os.environ, "WATTHOUSE_HOME": str(home.absolute()), "COLUMNS": "200"}
        environment["WATTHOUSE_STARTED_BY"] = "api"
        return subprocess.Popen(
            [*COMMAND, *words],
            env=environment,
            stdin=subprocess.PIPE,  # which the system closes where this server is killed
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _wait(self, process: subprocess.Popen[str]) -> None:
        # not communicate(), which closes its input: that is how it is told that this server is gone
        output = process.stdout.read() if process.stdout else ""
        process.wait()
        # its last line is the summary, or what went wrong
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        state = State.FAILED if process.returncode else State.DONE
        last = lines[-1][:_LAST] if lines else None
        if process.returncode:
            structlog.get_logger().warning("refresh failed", code=process.returncode, lines=lines[-_LOGGED:])
            last = "it failed: the server's log says why"
        with self._lock:
            self.progress = RefreshProgress(state, self.progress.started_at, datetime.now(UTC), last)
