"""Servers started and stopped on this machine: what the tool promises of each, tried on one that needs no build."""

import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from tests.servers import Kafka, up
from tools.services import SERVERS, Running, Services, maven
from tools.services.base import Launch, ServiceFailedError

DATABASE = SERVERS["warehouse-db"]


@pytest.fixture
def services(own_servers: Services) -> Services:
    return own_servers


def started(services: Services) -> Running:
    return up(services, DATABASE.name)


def ask(running: Running, sql: str) -> str:
    words = ["psql", "-tAX", "--set", "ON_ERROR_STOP=1", DATABASE.url(running), "--command", sql]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.slow
def test_a_database_is_started_once_survives_a_kill_and_is_stopped(services: Services) -> None:
    running = started(services)
    assert services.up(DATABASE) == running, "it runs already"
    ask(running, "create table kept as select 7 as seven")
    assert services.down(DATABASE.name, signal.SIGKILL)
    assert services.find(DATABASE.name) is None
    again = services.again(DATABASE)
    assert (again.port, again.password) == (running.port, running.password)
    assert ask(again, "select seven from kept") == "7"
    assert services.down(DATABASE.name)
    assert not services.down(DATABASE.name), "it does not run any more"


@pytest.mark.slow
def test_its_password_is_random_and_nobody_else_reads_it(services: Services) -> None:
    first = started(services)
    note = services.folder / f"{DATABASE.name}.json"
    assert note.stat().st_mode & 0o077 == 0
    services.down(DATABASE.name)
    assert services.up(DATABASE).password != first.password
    wrong = subprocess.run(
        ["psql", f"postgresql://watthouse:{first.password}@127.0.0.1:{services.up(DATABASE).port}/postgres", "-c", ""],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "password authentication failed" in wrong.stderr


class Broken:
    """A server that ends at once."""

    name = "broken"
    variable = "WATTHOUSE_TEST_BROKEN_URL"

    def obtain(self) -> None: ...

    def launch(self, place: Path, port: int, password: str) -> Launch:
        return Launch(["sh", "-c", "echo the disk is made of cheese >&2; exit 3"])

    def answers(self, running: Running) -> bool:
        return False

    def url(self, running: Running) -> str:
        return ""

    def environment(self, running: Running) -> dict[str, str]:
        return {}


def test_one_that_does_not_start_says_why(services: Services) -> None:
    with pytest.raises(ServiceFailedError, match=r"broken ended with code 3; .*(\n.*)*made of cheese"):
        services.up(Broken())


@pytest.mark.slow
def test_kafka_keeps_its_messages_and_its_name_through_a_kill_and_loses_both_with_its_folder(
    services: Services,
) -> None:
    server = SERVERS["kafka"]
    topic = Kafka(server.url(up(services, "kafka")))
    admin = AdminClient({"bootstrap.servers": topic.broker, "log_level": 0})
    admin.create_topics([NewTopic(topic.topic, 2)])[topic.topic].result()
    topic.put(b"key", b"value")
    name = admin.list_topics().cluster_id
    assert services.down("kafka", signal.SIGKILL)
    assert server.url(services.again(server)) == topic.broker
    assert [(message.key(), message.value()) for message in topic.messages()] == [(b"key", b"value")]
    assert admin.list_topics().cluster_id == name
    services.down("kafka", signal.SIGKILL)
    fresh = AdminClient({"bootstrap.servers": server.url(services.up(server))})
    assert fresh.list_topics().cluster_id != name


def test_an_artifact_that_is_not_there_is_named_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("mvn") is None:
        pytest.skip("no Maven here")
    monkeypatch.setattr(maven, "CACHE", tmp_path)
    with pytest.raises(ServiceFailedError, match=r"^kafka_2\.13 cannot be fetched by Maven: .*kafka_2\.13.*0\.0\.7"):
        maven.jars("org.apache.kafka:kafka_2.13:0.0.7")
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".lock"]
