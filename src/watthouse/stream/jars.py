"""The jars by which Spark reads Kafka, pinned: from a folder, or fetched by Spark from Maven Central.

Documents are written by pymongo. The MongoDB Spark connector (10.5) replaces or updates by key whatever is there: it
takes no filter of ours, so an older observation that arrives late would overwrite a newer one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from watthouse import jars

PACKAGES: Final = (
    # the newest Spark whose jar of tokens is on Maven Central: it is missing for 4.0.1 to 4.2.0
    "org.apache.spark:spark-sql-kafka-0-10_2.13:4.0.0",
    "org.apache.spark:spark-token-provider-kafka-0-10_2.13:4.0.0",
    "org.apache.kafka:kafka-clients:3.9.0",
    "org.apache.commons:commons-pool2:2.12.0",
)
"""As Maven names them; whatever else they want is part of Spark."""
_OF_SPARK: Final = (
    "com.github.luben:zstd-jni",
    "com.google.code.findbugs:jsr305",
    "org.apache.hadoop:hadoop-client-api",
    "org.apache.hadoop:hadoop-client-runtime",
    "org.apache.spark:spark-tags_2.13",
    "org.lz4:lz4-java",
    "org.scala-lang.modules:scala-parallel-collections_2.13",
    "org.slf4j:slf4j-api",
    "org.xerial.snappy:snappy-java",
)
"""Left out of what is fetched: 52 of 62 MB."""


def options(folder: Path | None) -> Mapping[str, str]:
    """Spark's settings for them; raises :class:`~watthouse.errors.UsageError` for a folder that lacks one."""
    return jars.options(folder, PACKAGES, _OF_SPARK)
