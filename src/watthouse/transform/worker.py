"""The process behind :class:`watthouse.transform.Transform`: one order in, one line of JSON a node out."""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any, TextIO, cast

_BROKEN = {"error", "fail", "runtime error"}


def main(project: str, scratch: str) -> int:
    """Warm up, wait for an order on standard input, carry it out; 0 where there was none."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever libraries print must not mix with the answers
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    common = _common(project, scratch)
    parsed = dbtRunner().invoke(["parse", *common])
    line = sys.stdin.readline()
    if not line:
        return 0
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if not parsed.success:
        _say(answers, {"kind": "end", "failures": [_failure("dbt project", parsed.exception)]})
        return 1
    runner = dbtRunner(manifest=cast("Manifest", parsed.result), callbacks=[lambda event: _report(answers, event)])
    outcome = runner.invoke([*_verb(json.loads(line)), *common])
    _say(answers, {"kind": "end", "failures": _failures(outcome)})
    return 0 if outcome.success else 1


_QUIET = (
    *("--quiet", "--no-version-check", "--no-use-colors", "--no-print", "--no-write-json"),
    *("--log-level", "none", "--log-level-file", "none"),
)


def _common(project: str, scratch: str) -> list[str]:
    places = {"target": Path(scratch) / "target", "log": Path(scratch) / "logs"}
    folders = ["--project-dir", project, "--profiles-dir", project]
    return [*_QUIET, *folders, *(word for name, path in places.items() for word in (f"--{name}-path", str(path)))]


def _end_with_parent() -> None:
    """Nobody may write to a warehouse whose refresh was killed: its end closes our standard input."""
    while os.read(0, 1):
        pass
    os._exit(1)


def _verb(order: dict[str, Any]) -> list[str]:
    verb = ["build" if order["tests"] else "run"]
    if order["full"]:
        verb.append("--full-refresh")
    if order["sources"]:
        verb += ["--select", *(f"source:raw.{table}+" for table in order["sources"])]
    return verb


def _report(answers: TextIO, event: Any) -> None:
    if event.info.name != "NodeFinished":
        return
    node, result = event.data.node_info, event.data.run_result
    _say(
        answers,
        {
            "kind": "node",
            "name": node.unique_id,
            "status": result.status,
            "seconds": round(result.execution_time, 3),
            "message": _one_line(result.message),
        },
    )


def _failures(outcome: Any) -> list[dict[str, str]]:
    if outcome.success:
        return []
    results = getattr(outcome.result, "results", None) or []
    broken = [r for r in results if str(r.status) in _BROKEN]
    return [_failure(r.node.unique_id, r.message) for r in broken] or [_failure("dbt", outcome.exception)]


def _failure(name: str, message: object) -> dict[str, str]:
    return {"name": name, "message": _one_line(message)}


def _one_line(message: object) -> str:
    return " ".join(str(message or "").split())


def _say(answers: TextIO, said: dict[str, Any]) -> None:
    print(json.dumps(said), file=answers, flush=True)


if __name__ == "__main__":
    os._exit(main(sys.argv[1], sys.argv[2]))  # at once: the parent waits to take the warehouse back
