"""A Prefect server of the whole run, and watthouse in the environment that can speak to it."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from tools.services.base import Launch, Running, ServiceFailedError, responds

ROOT: Final = Path(__file__).parents[1]
BIN: Final = ROOT / ".venv-prefect" / "bin"
QUIET: Final = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "DO_NOT_TRACK": "1",
}


class Prefect:
    """The server as one of :mod:`tools.services`: found again by every worker of a run, and ended with it."""

    name = "prefect"
    variable = "WATTHOUSE_TEST_PREFECT_URL"

    def obtain(self) -> None:
        if not (BIN / "prefect").exists():
            raise ServiceFailedError("Prefect has an environment of its own: run `make .venv-prefect/installed`")

    def launch(self, place: Path, port: int, password: str) -> Launch:
        words = [BIN / "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
        return Launch(words, {**QUIET, "PREFECT_HOME": str(place)})

    def answers(self, running: Running) -> bool:
        return responds(f"{self.url(running)}/health")

    def url(self, running: Running) -> str:
        return f"http://127.0.0.1:{running.port}/api"

    def environment(self, running: Running) -> Mapping[str, str]:
        return {self.variable: self.url(running)}


def orchestrate(url: str, *words: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """``watthouse orchestrate prefect``, with nothing of watthouse set but what ``env`` has."""
    words = (str(BIN / "watthouse"), "orchestrate", "prefect", *words, "--api", url)
    return subprocess.run(words, env={**_bare(), **env}, capture_output=True, text=True, check=False)


@contextmanager
def serving(url: str, env: Mapping[str, str]) -> Iterator[None]:
    """``serve`` beside the block; it ends in good order."""
    words = (BIN / "watthouse", "orchestrate", "prefect", "serve", "--api", url)
    often = {"PREFECT_RUNNER_POLL_FREQUENCY": "1"}
    with subprocess.Popen(words, env={**_bare(), **often, **env}, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield
        finally:
            process.terminate()
            said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert said.splitlines()[-1] == "stopped"


class Api:
    """The server as tests look at it: by its REST interface, not by Prefect's own client."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=30)

    def get(self, path: str) -> Any:
        return self._client.get(path).raise_for_status().json()

    def post(self, path: str, **content: Any) -> Any:
        return self._client.post(path, json=content).raise_for_status().json()

    def close(self) -> None:
        self._client.close()


def _bare() -> dict[str, str]:
    """The environment without what is set of watthouse and of Prefect."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WATTHOUSE_", "PREFECT_"))}
    return {**kept, "COLUMNS": "200"}
