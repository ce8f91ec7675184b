"""Kafka 4.2, one node that is broker and controller (KRaft), from Maven Central."""

import secrets
import shutil
import socket
import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tools.services.base import Launch, Running, ServiceFailedError, free_port, run
from tools.services.maven import jars

_COORDINATES: Final = ("org.apache.kafka:kafka_2.13:4.2.1", "org.slf4j:slf4j-simple:1.7.36")
_ALONE: Final = (
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
    "transaction.state.log.min.isr",
    "share.coordinator.state.topic.replication.factor",
    "share.coordinator.state.topic.min.isr",
)
"""What a single node has one of."""
_LETTERS: Final = string.ascii_letters + string.digits


class Kafka:
    """One without topics; a client makes those that it wants."""

    name = "kafka"
    variable = "WATTHOUSE_TEST_KAFKA"

    def obtain(self) -> None:
        if shutil.which("java") is None:
            raise ServiceFailedError("kafka runs on Java, which is not installed: run `make java`")
        jars(*_COORDINATES)

    def launch(self, place: Path, port: int, password: str) -> Launch:
        properties = place / "server.properties"
        if not properties.exists():
            properties.write_text("".join(f"{name}={value}\n" for name, value in _properties(place, port).items()))
            # a cluster of its own: clients that noted another must not take this one for it
            cluster = "".join(secrets.choice(_LETTERS) for _ in range(22))
            words = _java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", properties)
            run(words, "the disk of kafka cannot be prepared")
        return Launch(_java("kafka.Kafka", properties))

    def answers(self, running: Running) -> bool:
        try:
            socket.create_connection(("127.0.0.1", running.port), timeout=1).close()
        except OSError:
            return False
        return _serves(self.url(running))

    def url(self, running: Running) -> str:
        return f"127.0.0.1:{running.port}"

    def environment(self, running: Running) -> Mapping[str, str]:
        return {"WATTHOUSE_KAFKA": self.url(running)}


def _serves(broker: str) -> bool:
    """Whether it knows its cluster: it listens before it does."""
    from confluent_kafka import KafkaException  # comes with the extra `stream`
    from confluent_kafka.admin import AdminClient

    try:
        return bool(AdminClient({"bootstrap.servers": broker, "log_level": 0}).list_topics(timeout=2).brokers)
    except KafkaException:
        return False


def _properties(place: Path, port: int) -> Mapping[str, object]:
    controller = free_port()
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "log.dirs": place / "data",
        "auto.create.topics.enable": "false",
        # one that was killed may register again only when its session has run out: 9 s unless this says otherwise
        "broker.session.timeout.ms": 1_000,
        "broker.heartbeat.interval.ms": 250,
        "group.initial.rebalance.delay.ms": 0,
        **dict.fromkeys(_ALONE, 1),
    }


def _java(main: str, *words: str | Path) -> Sequence[str | Path]:
    return ["java", "-Xmx512m", "-XX:+UseSerialGC", "-cp", f"{jars(*_COORDINATES)}/*", main, *words]
