"""A Spark of this process's own: quiet, with its log and scratch files in one folder, and ended with it."""

import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any, Final

from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkRuntimeError
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from watthouse.errors import WatthouseError
from watthouse.storage.notes import disk

_LOG: Final = "spark.log"
_LOGGING: Final = """\
rootLogger.level = error
rootLogger.appenderRef.file.ref = file
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {log}
appender.file.filePattern = {log}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{ISO8601}} %p %c{{1}}: %m%n%ex
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 1
"""
"""Errors alone, at most 20 MB of them: Spark says a hundred lines of its own well-being a batch."""
_PATIENCE: Final = 10.0


@contextmanager
def running(
    options: Mapping[str, str], folder: Path, refusal: type[WatthouseError], *, jvm: str = ""
) -> Iterator[SparkSession]:
    """Spark with these options, which keeps its log and scratch files in ``folder``; its JVM is gone afterwards.

    ``jvm`` are options of the JVM's own. Raises ``refusal`` where it does not start.
    """
    with disk(folder, "set WATTHOUSE_HOME to a folder of yours with room in it"):
        folder.mkdir(parents=True, exist_ok=True)
        logging = folder / "log4j2.properties"
        logging.write_text(_LOGGING.format(log=(folder / _LOG).absolute()))
    conf = SparkConf(loadDefaults=False).setAll([*{**_quiet(folder, logging, jvm), **options}.items()])
    gateway = _gateway(conf, folder / _LOG, refusal)
    try:
        heeded = signal.getsignal(signal.SIGINT)
        context = SparkContext(conf=conf, gateway=gateway)
        if current_thread() is main_thread():  # there Spark takes Ctrl-C for itself
            signal.signal(signal.SIGINT, heeded)
        yield SparkSession(context)
    finally:
        _end(gateway)


def _quiet(folder: Path, logging: Path, jvm: str) -> Mapping[str, str]:
    return {
        "spark.app.name": "watthouse",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": f'"-Dlog4j2.configurationFile={logging.absolute()}" {jvm}',
        "spark.local.dir": str((folder / "scratch").absolute()),
        "spark.sql.warehouse.dir": str((folder / "scratch").absolute()),
        "spark.pyspark.python": sys.executable,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
    }


def _gateway(conf: SparkConf, log: Path, refusal: type[WatthouseError]) -> Any:
    with log.open("ab") as file:
        try:
            return launch_gateway(conf, {"stdout": file, "stderr": file})
        except (PySparkRuntimeError, OSError) as error:
            raise refusal(
                f"Spark does not start: it wants Java 17 or 21, and its jars from Maven Central or WATTHOUSE_SPARK_JARS"
                f" ({log} says more)"
            ) from error


def _end(gateway: Any) -> None:
    """Stop Spark, and its JVM, which would live on for as long as this process does."""
    with suppress(Exception):  # it may be gone, or hang on a broker that is: the JVM is ended anyhow
        if SparkContext._active_spark_context:
            SparkContext._active_spark_context.stop()
    with suppress(Exception):
        gateway.shutdown()
    SparkContext._gateway = SparkContext._jvm = None
    gateway.proc.stdin.close()
    try:
        gateway.proc.wait(_PATIENCE)
    except Exception:
        gateway.proc.kill()
        gateway.proc.wait()
