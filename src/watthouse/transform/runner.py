"""dbt in a process of its own: warm by the time the rows are loaded, gone when the build is.

Importing dbt and parsing a project takes longer than an hourly refresh's own work, so the process is started first and
told what to run later. It ends with its parent: its standard input closes.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from watthouse.errors import WarehouseError

PROJECT: Final = Path(__file__).parent
_SOURCES: Final = ("*.sql", "*.yml", "*.md")


@dataclass(frozen=True)
class Node:
    """A model or a test that dbt finished. ``status`` is dbt's own: success, pass, warn, error, fail, skipped."""

    name: str
    status: str
    seconds: float
    message: str = ""


def fingerprint(project: Path = PROJECT) -> str:
    """A hash of a project's text: another one means that the models have changed."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _SOURCES for path in project.rglob(pattern) if "target" not in path.parts):
        digest.update(path.relative_to(project).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


class Transform:
    """A warm dbt. Start it early, :meth:`run` it once, and leave the block."""

    def __init__(
        self, warehouse: Path, scratch: Path, *, threads: int, memory_limit: str, project: Path = PROJECT
    ) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        environment = {
            "WATTHOUSE_DBT_PATH": str(warehouse.absolute()),
            "WATTHOUSE_DBT_THREADS": str(threads),
            "WATTHOUSE_DBT_MEMORY": memory_limit,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
            "PYTHONWARNINGS": "ignore",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "watthouse.transform.worker", str(project), str(scratch.absolute())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, **environment},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate()

    def run(
        self,
        *,
        sources: Iterable[str] = (),
        full: bool = False,
        tests: bool = True,
        on_node: Callable[[Node], None] = lambda _: None,
    ) -> list[Node]:
        """Build what follows from the raw tables named (all where none is named); raises on the first broken node.

        ``tests`` runs the data tests of what is built; a failed one counts as broken.
        """
        order = {"sources": sorted(sources), "full": full, "tests": tests}
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            print(json.dumps(order), file=stdin, flush=True)
        except BrokenPipeError:
            raise WarehouseError(f"dbt ended with code {self._process.wait()} before it was asked to build") from None
        nodes: list[Node] = []
        for line in stdout:
            said = json.loads(line)
            if said["kind"] == "end":
                self._process.wait()  # it has let go of the warehouse
                _refuse_broken(said)
                return nodes
            nodes.append(_node(said))
            on_node(nodes[-1])
        raise WarehouseError(f"dbt ended with code {self._process.wait()} in the middle of a build: run it again")


def _node(said: Mapping[str, Any]) -> Node:
    return Node(said["name"], said["status"], said["seconds"], said["message"])


def _refuse_broken(end: Mapping[str, Any]) -> None:
    if end["failures"]:
        first = end["failures"][0]
        more = f" (and {len(end['failures']) - 1} more)" if len(end["failures"]) > 1 else ""
        raise WarehouseError(f"{first['name']}: {first['message']}{more}; the warehouse stays as it was")
