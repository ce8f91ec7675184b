"""Where Spark's jars for Kafka come from."""

from pathlib import Path

import pytest

from watthouse.errors import UsageError
from watthouse.stream.jars import PACKAGES, options

FILES = (
    "spark-sql-kafka-0-10_2.13-4.0.0.jar",
    "spark-token-provider-kafka-0-10_2.13-4.0.0.jar",
    "kafka-clients-3.9.0.jar",
    "commons-pool2-2.12.0.jar",
)


def test_a_folder_gives_the_pinned_jars_and_nothing_else_that_lies_there(tmp_path: Path) -> None:
    for name in (*FILES, "another.jar"):
        (tmp_path / name).touch()
    assert options(tmp_path) == {"spark.jars": ",".join(str(tmp_path / name) for name in FILES)}


def test_a_folder_that_lacks_one_is_refused_by_its_name(tmp_path: Path) -> None:
    for name in FILES[:-1]:
        (tmp_path / name).touch()
    with pytest.raises(UsageError, match=r"WATTHOUSE_SPARK_JARS '.*' lacks commons-pool2-2\.12\.0\.jar: put it there"):
        options(tmp_path)


def test_without_a_folder_spark_fetches_them_and_nothing_that_it_has(tmp_path: Path) -> None:
    found = options(None)
    assert found["spark.jars.packages"].split(",") == list(PACKAGES)
    assert "org.apache.hadoop:hadoop-client-runtime" in found["spark.jars.excludes"].split(",")
