"""A Spark of the whole run: one process of ``.venv-spark`` that starts it once, and takes orders of every test.

Started it is in seven seconds, each order then takes a second or two. Run by its own Python, so this module imports
nothing that only tests have.
"""

import json
import os
import shutil
import socket
import socketserver
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
PYTHON: Final = Path(os.environ.get("WATTHOUSE_SPARK_PYTHON") or ROOT / ".venv-spark" / "bin" / "python")
DELTA: Final = ("io.delta:delta-spark_2.13:4.0.0", "io.delta:delta-storage:4.0.0")
QUICK: Final = {"JAVA_TOOL_OPTIONS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"}
"""A build of few rows is over before Java's second compiler pays."""
_LONGEST: Final = 300.0

Answer = dict[str, Any]


class Spark:
    """The process as one of :mod:`tools.services`: found again by every worker of a run, and ended with it."""

    name = "spark"
    variable = "WATTHOUSE_TEST_SPARK"

    def obtain(self) -> None:
        refuse_missing()
        jars()

    def launch(self, place: Path, port: int, password: str) -> Any:
        from tools.services.base import Launch

        variables = {"PYTHONPATH": str(ROOT), "WATTHOUSE_SPARK_JARS": str(jars())}
        return Launch([PYTHON, "-m", "tests.spark", str(port)], variables)

    def answers(self, running: Any) -> bool:
        try:
            return order(self.url(running), "ping") == {}
        except OSError:
            return False

    def url(self, running: Any) -> str:
        return f"127.0.0.1:{running.port}"

    def environment(self, running: Any) -> Mapping[str, str]:
        return {self.variable: self.url(running)}


def refuse_missing() -> None:
    """Raise where there is no Spark."""
    from tools.services.base import ServiceFailedError

    if not PYTHON.exists():
        raise ServiceFailedError("Spark has an environment of its own: run `make .venv-spark/installed`")
    if shutil.which("java") is None:
        raise ServiceFailedError("Spark wants Java: run `make java`")


def jars() -> Path:
    """The folder of Spark's jars for Kafka."""
    from tools.services.maven import jars as fetched
    from watthouse.stream.jars import PACKAGES

    return fetched(*PACKAGES, alone=True)


def delta_jars() -> Path:
    """The folder of Spark's jars for Delta tables."""
    from tools.services.maven import jars as fetched

    return fetched(*DELTA, alone=True)


def order(address: str, verb: str, **words: Any) -> Answer:
    """Have that process do something; raises :class:`RuntimeError` with the traceback where it fails."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=_LONGEST) as connection:
        connection.sendall(json.dumps({"verb": verb, **words}).encode() + b"\n")
        with connection.makefile() as lines:
            answer: Answer = json.loads(lines.readline())
    if "traceback" in answer:
        raise RuntimeError(answer["traceback"])
    return answer


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """The address of a standalone cluster of this machine alone: a master, and a worker with one core."""
    program = next((PYTHON.parents[1] / "lib").glob("python*/site-packages/pyspark/bin/spark-class"))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    place = ["--host", "127.0.0.1", "--webui-port", "0"]
    master, address = [*place, "--port", str(port)], f"spark://127.0.0.1:{port}"
    worker = [*place, "--cores", "1", "--memory", "1G", "--work-dir", str(folder), address]
    calls = [["org.apache.spark.deploy.master.Master", *master], ["org.apache.spark.deploy.worker.Worker", *worker]]
    with (folder / "cluster.log").open("wb") as log:
        running = [subprocess.Popen([str(program), *call], stdout=log, stderr=log, cwd=folder) for call in calls]
    try:
        yield address
    finally:
        for each in reversed(running):
            each.kill()
            each.wait()


def _derive(spark: Any, dataset: str, observations: str, out: str) -> Answer:
    import pyarrow.parquet as pq

    from watthouse.stream.derive import derived
    from watthouse.stream.documents import LAYOUTS

    pq.write_table(derived(spark, LAYOUTS[dataset], pq.read_table(observations)), out)
    return {}


def _process(spark: Any, variables: Mapping[str, str], fail_after: str | None = None) -> Answer:
    from watthouse.errors import WatthouseError
    from watthouse.settings import Settings
    from watthouse.stream.processor import process

    lines: list[str] = []
    for name in [name for name in os.environ if name.startswith("WATTHOUSE_")]:
        del os.environ[name]
    os.environ.update(variables)
    with _failing(fail_after) if fail_after else nullcontext():
        try:
            process(Settings(), once=True, report=lines.append, spark=spark)
        except (WatthouseError, BrokenOffError) as error:
            return {"lines": lines, "error": str(error)}
    return {"lines": lines, "error": None}


class BrokenOffError(Exception):
    """As if the process had ended there."""


@contextmanager
def _failing(point: str) -> Iterator[None]:
    """Raise after the first call of a function (``module:Class.name``)."""
    module, path = point.split(":")
    *owners, name = path.split(".")
    owner: Any = import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    function = getattr(owner, name)

    def broken(*args: Any, **named: Any) -> Any:
        function(*args, **named)
        raise BrokenOffError(f"broken off after {path}")

    setattr(owner, name, broken)
    try:
        yield
    finally:
        setattr(owner, name, function)


def _serve(port: int) -> None:
    import traceback

    from watthouse.settings import Settings
    from watthouse.stream.session import session

    with session(Settings(), Path.cwd()) as spark:
        verbs: Mapping[str, Callable[..., Answer]] = {"ping": lambda _: {}, "derive": _derive, "process": _process}

        class Orders(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                words = json.loads(self.rfile.readline())
                try:
                    answer = verbs[words.pop("verb")](spark, **words)
                except Exception:
                    answer = {"traceback": traceback.format_exc()}
                self.wfile.write(json.dumps(answer).encode() + b"\n")

        with socketserver.TCPServer(("127.0.0.1", port), Orders) as server:
            server.serve_forever()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
