"""BigQuery's protocol: bqemulator, on DuckDB and sqlglot, from PyPI in an environment of its own.

It takes SQL that BigQuery refuses, so what runs here is not proved there: `tests/bigquery_dialect.py` holds models to
what BigQuery documents. Anybody may enter, so no password is made. Rows stay in memory, and are gone once it stops.
"""

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tools.services.base import CACHE, Launch, Running, ServiceFailedError, free_port, responds, run

_SOURCE: Final = Path(__file__).with_name("bigquery_server")
_PINNED: Final = _SOURCE / "requirements.txt"
PROJECT: Final = "watthouse-test"


class BigQuery:
    """One without datasets."""

    name = "bigquery"
    variable = "WATTHOUSE_TEST_BIGQUERY_URL"

    def obtain(self) -> None:
        _environment()

    def launch(self, place: Path, port: int, password: str) -> Launch:
        ports = ["--rest-port", str(port), "--grpc-port", str(free_port())]
        words = [_environment() / "bin" / "python", _SOURCE / "launch.py", "start", "--project", PROJECT, *ports]
        # DuckDB's extensions cannot be downloaded where only registries can be reached
        return Launch([*words, "--log-level", "warning"], {"BQEMU_ENABLE_FORMAT_EXTENSIONS": "false"})

    def answers(self, running: Running) -> bool:
        return responds(f"{self.url(running)}/bigquery/v2/projects/{PROJECT}/datasets")

    def url(self, running: Running) -> str:
        return f"http://127.0.0.1:{running.port}"

    def environment(self, running: Running) -> Mapping[str, str]:
        return {"WATTHOUSE_BIGQUERY_ENDPOINT": self.url(running), "WATTHOUSE_WAREHOUSE": f"bigquery://{PROJECT}"}


def _environment() -> Path:
    """The environment with what is pinned: another one where another Python or other versions are asked for."""
    asked = _PINNED.read_bytes() + sys.version.encode()
    folder = CACHE / f"bqemulator-{hashlib.sha256(asked).hexdigest()[:12]}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            made = Path(work, "environment")
            _install(made)
            made.rename(folder)
    return folder


def _install(folder: Path) -> None:
    what = "bqemulator cannot be installed"
    uv = shutil.which("uv") or shutil.which("uv", path=CACHE.parent / "uv" / "bin")
    if uv is None:
        raise ServiceFailedError(f"{what}: uv is not there, run `make .venv/base`")
    run([uv, "venv", "--quiet", "--python", sys.executable, folder], what)
    run([uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python", "--requirement", _PINNED], what)
