"""The Spark that builds: Delta's extensions, and a catalog that is gone with it: a build's tables lie in its folder."""

import os
import socket
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pyspark.sql import SparkSession

from watthouse import jars
from watthouse.errors import WarehouseError
from watthouse.settings import LOOPBACK
from watthouse.spark import running

PACKAGES: Final = ("io.delta:delta-spark_2.13:4.0.0", "io.delta:delta-storage:4.0.0")
"""As Maven names them; of Spark's own version."""
_JVM: Final = "-XX:ReservedCodeCacheSize=512m"
"""The models make more code than a JVM has room for by itself; then it compiles nothing more, and is slow."""
_OF_SPARK: Final = ("org.antlr:antlr4-runtime",)


def session(folder: Path) -> AbstractContextManager[SparkSession]:
    """Spark as the variables ``WATTHOUSE_DBT_*`` ask for it; its log and scratch files are in ``folder``."""
    variables = os.environ
    threads = int(variables["WATTHOUSE_DBT_THREADS"])
    found = variables.get("WATTHOUSE_DBT_JARS")
    options = {
        "spark.driver.memory": variables["WATTHOUSE_DBT_MEMORY"],
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        # read by other than Spark: its own kind of timestamps has nanoseconds
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        # a task holds a page for each of its sorts, and pages of 64 MB, which is what it takes, leave no room in 2 GB
        "spark.buffer.pageSize": "2m",
        **_computed_by(variables.get("WATTHOUSE_DBT_MASTER"), threads),
        **jars.options(Path(found) if found else None, PACKAGES, _OF_SPARK),
    }
    return running(options, folder, WarehouseError, jvm=_JVM)


def _computed_by(master: str | None, threads: int) -> Mapping[str, str]:
    if master is None:
        return {
            "spark.master": f"local[{threads}]",
            # a shuffle of two hundred parts is for two hundred cores, and so are the fifty that Delta reads a log in
            "spark.sql.shuffle.partitions": str(4 * threads),
            "spark.databricks.delta.snapshotPartitions": str(threads),
        }
    if urlsplit(master).hostname in LOOPBACK:
        return {"spark.master": master}
    # the machines of a cluster speak to this one
    return {"spark.master": master, "spark.driver.host": socket.getfqdn(), "spark.driver.bindAddress": "0.0.0.0"}
