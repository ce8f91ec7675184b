"""What keeps the processor from starting: one line each, before Spark takes its seconds."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.servers import Kafka
from tests.spark import PYTHON, jars
from tests.support import command, watthouse
from tools.services.base import free_port
from watthouse.stream.store import Store

pytestmark = [pytest.mark.slow]


@pytest.fixture
def named(kafka: Kafka, stream_store: str, tmp_path: Path) -> dict[str, str]:
    """The variables of a processor that could run."""
    if not PYTHON.exists():
        pytest.skip("Spark has an environment of its own: run `make .venv-spark/installed`")
    return {
        **kafka.variables,
        "WATTHOUSE_HOME": str(tmp_path),
        "WATTHOUSE_STREAM_STORE": stream_store,
        "WATTHOUSE_SPARK_PYTHON": str(PYTHON),
        "WATTHOUSE_SPARK_JARS": str(jars()),
    }


def refused(variables: dict[str, str], code: int) -> str:
    """The one line that a call ends with."""
    done = subprocess.run(
        command("stream", "process", "--once"),
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


def test_without_spark_it_says_what_to_install(tmp_path: Path) -> None:
    done = watthouse(tmp_path, "stream", "process")
    assert done.returncode == 1
    assert done.stderr == (
        "watthouse: pyspark is not installed: pip install 'watthouse[spark]' in an environment of its own, and set"
        " WATTHOUSE_SPARK_PYTHON to its Python\n"
    )


def test_a_python_that_is_none_is_refused(tmp_path: Path) -> None:
    done = watthouse(tmp_path, "stream", "process", env={"WATTHOUSE_SPARK_PYTHON": "/no/such/python"})
    assert done.returncode == 2
    assert "WATTHOUSE_SPARK_PYTHON '/no/such/python' does not run (No such file or directory)" in done.stderr


def test_a_stream_without_broker_or_store_says_which_to_set(named: dict[str, str]) -> None:
    assert "no broker is named: set WATTHOUSE_KAFKA" in refused({**named, "WATTHOUSE_KAFKA": ""}, 2)
    del named["WATTHOUSE_STREAM_STORE"]
    assert "no store is named: set WATTHOUSE_STREAM_STORE to mongodb://" in refused(named, 2)


def test_servers_that_are_away_are_named_and_no_password_is(named: dict[str, str]) -> None:
    away = f"127.0.0.1:{free_port()}"
    assert f"no broker answers at {away}" in refused({**named, "WATTHOUSE_KAFKA": away}, 1)
    line = refused({**named, "WATTHOUSE_STREAM_STORE": f"mongodb://me:secret@{away}/"}, 1)
    assert f"the stream's store at {away} cannot be reached" in line
    assert "secret" not in line


def test_another_processor_a_folder_without_jars_and_no_java_are_said(named: dict[str, str], tmp_path: Path) -> None:
    first = Store(named["WATTHOUSE_STREAM_STORE"])
    with first.leased("process 7", 60):
        assert "another processor (process 7) has been running on the store" in refused(named, 1)
    first.close()
    (empty := tmp_path / "empty").mkdir()
    assert f"WATTHOUSE_SPARK_JARS '{empty}' lacks spark-sql-kafka" in refused(
        {**named, "WATTHOUSE_SPARK_JARS": str(empty)}, 2
    )
    line = refused({**named, "JAVA_HOME": str(empty)}, 1)
    assert line.startswith("watthouse: Spark does not start: it wants Java 17")
    assert "spark.log" in line
