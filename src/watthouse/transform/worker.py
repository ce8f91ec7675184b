"""The process behind :class:`watthouse.transform.Transform`: a folder in, lines of JSON out.

First one that the project is read, then one a node, then an end.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, TextIO, cast

from watthouse.parent import end_with_input
from watthouse.transform.step import Node, Step, broken

_BROKEN = {"error", "fail", "runtime error"}
_QUIET = (
    *("--quiet", "--no-version-check", "--no-use-colors", "--no-print", "--no-write-json"),
    *("--log-level", "none", "--log-level-file", "none"),
)


def main(project: str, scratch: str, prepare: Callable[[Path], None] = lambda _: None) -> int:
    """Warm up, wait for the folder of a warehouse on standard input, ``prepare`` it, build everything in it."""
    orders: SimpleQueue[str] = SimpleQueue()
    Thread(target=_take_order, args=(orders,), daemon=True).start()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    common = _common(project, scratch)
    parsed = dbtRunner().invoke(["parse", *common])
    if not parsed.success:
        orders.get()
        _send(answers, kind="end", failures=[_failure("dbt project", parsed.exception)])
        return 1
    _send(answers, kind="parsed", tables=_tables(cast("Any", parsed.result)))
    folder = orders.get()
    # The profile has only the file's name: dbt parses the project again whenever its profile changes, which a path that
    # differs with every run would do.
    os.chdir(folder)
    try:
        prepare(Path(folder))
    except Exception as error:
        _send(answers, kind="end", failures=[_failure("the warehouse", error)])
        return 1
    manifest = cast("Manifest", parsed.result)
    runner = dbtRunner(manifest=manifest, callbacks=[lambda event: _report(answers, event)])
    outcome = runner.invoke(["build", "--full-refresh", *common])
    failures = _failures(outcome)
    steps = [] if failures else [asdict(step) for step in _steps(cast("Any", outcome.result).results)]
    _send(answers, kind="end", failures=failures, steps=steps)
    return 0 if outcome.success else 1


def _tables(manifest: Any) -> list[str]:
    models = (node for node in manifest.nodes.values() if node.resource_type == "model")
    return [model.name for model in models if model.config.materialized != "view"]


def _take_order(orders: "SimpleQueue[str]") -> None:
    """Hand over the folder, and end this process where its input closes, before that or after."""
    # nothing may write to the warehouse of a refresh that was killed, nor warm up for it
    if line := sys.stdin.readline():
        orders.put(line.rstrip("\n"))
    end_with_input()


def _common(project: str, scratch: str) -> list[str]:
    places = {"target": Path(scratch) / "target", "log": Path(scratch) / "logs"}
    folders = ["--project-dir", project, "--profiles-dir", project]
    return [*_QUIET, *folders, *(word for name, path in places.items() for word in (f"--{name}-path", str(path)))]


def _report(answers: TextIO, event: Any) -> None:
    if event.info.name != "NodeFinished":
        return
    node, result = event.data.node_info, event.data.run_result
    is_model, message = node.resource_type == "model", _one_line(result.message)
    if result.num_failures and not is_model:
        message = broken(result.num_failures)
    title, seconds = node.unique_id.split(".")[2], round(result.execution_time, 3)
    finished = Node(title, is_model, result.status, seconds, message)
    _send(answers, kind="node", **asdict(finished))


def _steps(results: list[Any]) -> list[Step]:
    """Every node in the order dbt finished them, but each test right after the last model that it looks at."""
    # A replay stops at the first broken test, and a test looks at the days that its model has just rebuilt: the
    # session variable still holds them.
    nodes = [result.node for result in results]
    models = {node.unique_id: node for node in nodes if node.resource_type == "model"}
    places = {name: place for place, name in enumerate(models)}
    tests: dict[str, list[Any]] = {}
    for node in nodes:
        tested = [name for name in node.depends_on.nodes if name in models]
        if node.resource_type == "test" and tested:
            tests.setdefault(max(tested, key=places.__getitem__), []).append(node)
    ordered = [node for name, model in models.items() for node in (model, *tests.get(name, []))]
    return [_step(node, models) for node in ordered]


def _step(node: Any, models: dict[str, Any]) -> Step:
    stands_on, meta = tuple(node.depends_on.nodes), dict(node.config.meta)
    if node.resource_type == "test":
        return Step(node.unique_id, node.compiled_code, stands_on, severity=node.config.severity.lower())
    if node.config.materialized == "view":
        return Step(node.unique_id, "", stands_on)
    by_name = {model.name: _relation(model) for model in models.values()}
    return Step(
        node.unique_id,
        node.compiled_code,
        stands_on,
        relation=_relation(node),
        observed_in=tuple(meta.get("observed_in", ())),
        follows={by_name[name]: repeated for name, repeated in meta.get("follows", {}).items()},
        period=meta.get("period"),
        starts=meta.get("starts", "civil_date"),
    )


def _relation(model: Any) -> str:
    return f"{model.schema}.{model.alias}"


def _failures(outcome: Any) -> list[dict[str, str]]:
    if outcome.success:
        return []
    results = getattr(outcome.result, "results", None) or []
    bad = [r for r in results if str(r.status) in _BROKEN]
    return [_failure(r.node.unique_id, _message(r)) for r in bad] or [_failure("dbt", outcome.exception)]


def _message(result: Any) -> str:
    failures = getattr(result, "failures", None)
    return f"the test finds it {broken(failures)}" if failures else _one_line(result.message)


def _failure(name: str, message: object) -> dict[str, str]:
    return {"name": name, "message": _one_line(message)}


def _one_line(message: object) -> str:
    return " ".join(str(message or "").split())


def _send(answers: TextIO, **message: Any) -> None:
    print(json.dumps(message), file=answers, flush=True)


if __name__ == "__main__":
    os._exit(main(sys.argv[1], sys.argv[2]))  # at once: the parent waits to take the warehouse back
