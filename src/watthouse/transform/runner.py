"""dbt in a process of its own: it imports and parses while the rows are loaded, and holds no lock after its end.

It ends with its parent, when its standard input closes.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from watthouse.errors import WarehouseError
from watthouse.transform.step import PROJECT, Node, Step

BROUGHT: Final = "WATTHOUSE_DBT_BROUGHT"
"""Set in a profile, tables are taken from schema ``brought`` of the draft instead of being computed."""
PYTHON: Final = "WATTHOUSE_DBT_PYTHON"
WORKER: Final = "WATTHOUSE_DBT_WORKER"


class Transform:
    """A dbt that warms up in parallel with other work. :meth:`run` it once, and leave the block.

    ``profile`` is the environment in which its profile finds the engine. Where dbt is in another environment than this
    process, :data:`PYTHON` in it names the Python there, and :data:`WORKER` the module to run.
    """

    def __init__(self, profile: Mapping[str, str], scratch: Path, project: Path = PROJECT) -> None:
        environment = {
            **profile,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
            "PYTHONWARNINGS": "ignore",
        }
        self._process = subprocess.Popen(
            [
                profile.get(PYTHON, sys.executable),
                *("-m", profile.get(WORKER, "watthouse.transform.worker")),
                *(str(project.absolute()), str(scratch.absolute())),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, **environment},
            start_new_session=True,  # a terminal sends Ctrl-C to the whole group: dbt must not end before its parent
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def tables(self) -> list[str]:
        """The models that are kept as tables, once dbt has read the project; to be asked before :meth:`run`."""
        for line in self._process.stdout or ():
            message = json.loads(line)
            if message["kind"] == "parsed":
                return [*message["tables"]]
            _refuse_broken(message)
        raise WarehouseError(f"dbt ended with code {self._process.wait()} before it was asked to build")

    def run(self, folder: Path, on_node: Callable[[Node], None] = lambda _: None) -> tuple[list[Node], list[Step]]:
        """Build and test everything from scratch in the warehouse in ``folder``; raises on the first broken node.

        Returns what was done, and the steps that will do the same for a few days.
        """
        try:
            print(folder.absolute(), file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise WarehouseError(f"dbt ended with code {self._process.wait()} before it was asked to build") from None
        nodes: list[Node] = []
        for line in self._process.stdout or ():
            message = json.loads(line)
            if (kind := message.pop("kind")) == "parsed":
                continue
            if kind == "end":
                self._process.wait()  # until then it may still hold the file's lock
                _refuse_broken(message)
                return nodes, [Step.of(step) for step in message["steps"]]
            nodes.append(Node(**message))
            on_node(nodes[-1])
        raise WarehouseError(f"dbt ended with code {self._process.wait()} in the middle of a build: run it again")


def _refuse_broken(end: Mapping[str, Any]) -> None:
    if end["failures"]:
        first = end["failures"][0]
        more = f" (and {len(end['failures']) - 1} more)" if len(end["failures"]) > 1 else ""
        name = first["name"].split(".")[2] if first["name"].count(".") > 1 else first["name"]
        raise WarehouseError(
            f"{name}: {first['message']}{more}; the warehouse stays as it was, the lake keeps the rows"
        )
