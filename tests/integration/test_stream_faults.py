"""The processor where a server, a disk or the processor itself goes away: the store ends as if nothing had happened."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest
from pymongo import MongoClient

from tests import killing, servers
from tests.integration.streams import Stream, history
from tests.servers import Kafka
from tests.spark import PYTHON, ROOT, jars
from tests.support import command
from tools.services import SERVERS, Services
from watthouse.stream.documents import Document

pytestmark = [pytest.mark.slow]

PATIENCE = 180.0


@pytest.fixture(scope="module")
def undisturbed(kafka_server: str, mongodb_server: str, spark: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with servers.mongodb(mongodb_server) as store:
        stream = Stream.of(Kafka(kafka_server), store, tmp_path_factory.mktemp("undisturbed"), spark)
        stream.publish(history())
        stream.processed()
        return stream.state()


def in_steps(kafka: Kafka, store: str, home: Path, spark: str) -> Stream:
    """A stream that takes some five batches for :func:`history`, which is published."""
    stream = Stream.of(kafka, store, home, spark, WATTHOUSE_STREAM_BATCH_ROWS=120)
    stream.publish(history())
    return stream


def until(condition: Callable[[], object]) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + PATIENCE
        time.sleep(0.05)


def test_a_store_that_is_killed_and_comes_back_lacks_nothing(
    own_servers: Services, kafka: Kafka, tmp_path: Path, spark: str, undisturbed: Any
) -> None:
    server = SERVERS["mongodb"]
    url = server.url(servers.up(own_servers, "mongodb")) + "electricity_prod"
    stream = in_steps(kafka, url, tmp_path, spark)
    with ThreadPoolExecutor(1) as beside:
        answer = beside.submit(stream.process)
        until(lambda: stream.documents("progress"))
        own_servers.down("mongodb", signal.SIGKILL)
        time.sleep(4)
        own_servers.again(server)
        found = answer.result()
    assert found["error"] is None, found
    assert any("cannot be reached" in line and "next try in" in line for line in found["lines"]), found["lines"]
    assert stream.state() == undisturbed


def test_a_broker_that_is_away_for_a_while_is_waited_for(
    own_servers: Services, stream_store: str, tmp_path: Path, spark: str, undisturbed: Any
) -> None:
    kafka = Kafka(SERVERS["kafka"].url(servers.up(own_servers, "kafka")))
    stream = in_steps(kafka, stream_store, tmp_path, spark)
    with ThreadPoolExecutor(1) as beside:
        answer = beside.submit(stream.process)
        until(lambda: stream.documents("progress"))
        own_servers.down("kafka", signal.SIGKILL)
        time.sleep(4)
        own_servers.again(SERVERS["kafka"])
        found = answer.result()
    assert found["error"] is None, found
    assert stream.state() == undisturbed


def test_a_processor_whose_place_another_has_taken_writes_no_more_and_says_so(
    kafka: Kafka, stream_store: str, tmp_path: Path, spark: str
) -> None:
    stream = in_steps(kafka, stream_store, tmp_path, spark)
    with ThreadPoolExecutor(1) as beside, MongoClient[Document](stream_store) as client:
        answer = beside.submit(stream.process)
        until(lambda: stream.documents("progress"))
        theirs = {"token": "another", "until": datetime.now(UTC) + timedelta(hours=1)}
        client.get_default_database()["leases"].update_one({}, {"$set": theirs})
        found = answer.result()
    assert "another processor may have taken over the store" in found["error"]
    assert stream.documents("leases")["processor"]["token"] == "another", "theirs is not released"


def test_a_full_disk_under_the_checkpoint_is_said_and_nothing_is_lost(
    kafka: Kafka, stream_store: str, tmp_path: Path, spark: str, undisturbed: Any
) -> None:
    with servers.small_disk(tmp_path / "disk", "2m") as disk:
        stream = in_steps(kafka, stream_store, disk / "home", spark)
        filler = disk / "filler"
        with ThreadPoolExecutor(1) as beside:
            answer = beside.submit(stream.process)
            until(lambda: stream.documents("progress"))
            filler.write_bytes(b"0" * _room(disk))
            found = answer.result()
        assert found["error"] is not None
        assert str(disk / "home" / "stream" / "checkpoint") in found["error"]
        assert "cannot be written (No space left on device)" in found["error"]
        filler.unlink()
        stream.processed()
        assert stream.state() == undisturbed


def _room(disk: Path) -> int:
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize


def test_a_killed_processor_leaves_no_jvm_and_the_next_goes_on(
    kafka: Kafka, stream_store: str, tmp_path: Path, spark: str, undisturbed: Any
) -> None:
    stream = in_steps(kafka, stream_store, tmp_path / "a home", spark)
    with processor(stream, kill_after="watthouse.stream.batch:Batches.take") as first:
        assert first.wait(PATIENCE) == -signal.SIGKILL
        until(lambda: not _jvms(stream))
    assert 0 < len(stream.documents()) < len(undisturbed[0])
    assert not stream.documents("progress"), "no batch had ended"
    time.sleep(2)  # its lease runs out
    stream.processed()
    assert stream.state() == undisturbed


@pytest.mark.long
def test_a_processor_ends_by_ctrl_c_with_its_jvm_and_its_lease(
    kafka: Kafka, stream_store: str, tmp_path: Path, spark: str, undisturbed: Any
) -> None:
    stream = in_steps(kafka, stream_store, tmp_path / "home", spark)
    with processor(stream) as process:
        until(lambda: stream.state() == undisturbed)
        until(lambda: stream.documents("progress")["processor"]["lag"] == {kafka.topic: 0})
        assert _jvms(stream)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        until(lambda: not _jvms(stream))
    assert process.returncode in {0, 130}
    assert err == ""
    assert "messages" in out
    assert out.endswith("stopped\n")
    assert not stream.documents("leases")


@pytest.mark.long
def test_a_processor_that_is_killed_at_random_moments_ends_alike(
    kafka: Kafka, stream_store: str, tmp_path: Path, spark: str, undisturbed: Any
) -> None:
    stream = in_steps(kafka, stream_store, tmp_path / "home", spark)
    draw = Random(7)
    for _ in range(20):
        with processor(stream) as process:
            time.sleep(draw.uniform(2, 20))
            process.kill()
        until(lambda: not _jvms(stream))
        time.sleep(2)  # its lease runs out
    stream.processed()
    assert stream.state() == undisturbed


@contextmanager
def processor(stream: Stream, kill_after: str = "") -> "Iterator[subprocess.Popen[str]]":
    """``watthouse stream process`` as a person starts it, without Spark; one that is to be killed, with it."""
    variables = {**stream.variables, "WATTHOUSE_SPARK_JARS": str(jars()), "PYTHONPATH": str(ROOT)}
    if kill_after:
        variables |= killing.at("after", kill_after)
        armed = "from tests.killing import arm; arm(); from watthouse.__main__ import main; main()"
        words = [str(PYTHON), "-c", armed, "stream", "process"]
    else:
        variables |= {"WATTHOUSE_SPARK_PYTHON": str(PYTHON)}
        words = command("stream", "process")
    with subprocess.Popen(
        words, env={**os.environ, **variables}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _jvms(stream: Stream) -> list[psutil.Process]:
    """The JVMs that log into that home."""
    running = [process for process in psutil.process_iter(["name", "cmdline"]) if process.info["name"] == "java"]
    return [each for each in running if any(str(stream.home) in word for word in each.info["cmdline"] or ())]
