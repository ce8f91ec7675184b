"""The Spark of the stream's processor: two threads or more on this machine."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from pyspark.sql import SparkSession

from watthouse.errors import StreamError
from watthouse.settings import Settings
from watthouse.spark import running
from watthouse.stream import jars

_JVM: Final = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
"""Without its second compiler, the first batch takes 5 s of CPU instead of 8.7, one of a thousand rows 0.19 instead of
0.35, and one of 50,000 as much as with it (1.05 s), on two cores."""


def session(settings: Settings, folder: Path) -> AbstractContextManager[SparkSession]:
    """Spark, which keeps its log and scratch files in ``folder``; its JVM is gone when the block ends.

    Raises :class:`~watthouse.errors.StreamError` where it does not start.
    """
    return running(_options(settings), folder, StreamError, jvm=_JVM)


def _options(settings: Settings) -> Mapping[str, str]:
    return {
        "spark.master": f"local[{settings.threads}]",
        "spark.driver.memory": "1g",
        # rows of one batch: as many parts as threads, and no plan that is made anew in the middle
        "spark.sql.shuffle.partitions": str(settings.threads),
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        **jars.options(settings.spark_jars),
    }
