"""A Kafka cluster as the stream reaches it, and its refusals, each in one line."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from watthouse.errors import StreamError, UsageError, shown
from watthouse.settings import Settings

PATIENCE: Final = 5.0
"""Seconds in which a broker has to answer a question."""

_ADDRESS: Final = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s,:\[\]/@]+):\d{1,5}")


def brokers_of(settings: Settings) -> str:
    """The addresses of the brokers; raises :class:`~watthouse.errors.UsageError` where none are set, or odd ones."""
    if not settings.kafka:
        raise UsageError("no broker is named: set WATTHOUSE_KAFKA to host:port (several: host:port,host:port)")
    addresses = [address.strip() for address in settings.kafka.split(",")]
    for address in addresses:
        if not _ADDRESS.fullmatch(address):
            # what stands before an @ may be a password: not repeated
            odd = "a URL" if "@" in address else f"'{shown(address)}'"
            raise UsageError(f"WATTHOUSE_KAFKA has {odd} for a broker: use host:port, as 127.0.0.1:9092")
    return ",".join(addresses)


@dataclass
class Cluster:
    """The cluster of these brokers (``host:port,…``)."""

    brokers: str
    _trouble: list[str] = field(default_factory=list)

    @property
    def client(self) -> dict[str, Any]:
        """What every client of it is told: how to reach it, and to keep its log to itself."""
        return {"bootstrap.servers": self.brokers, "log_level": 0, "error_cb": self._note}

    @property
    def producer(self) -> dict[str, Any]:
        """The same for one that publishes: confirmed by every replica in sync, once each, packed."""
        return {**self.client, "enable.idempotence": True, "acks": "all", "compression.type": "zstd"}

    @cached_property
    def _admin(self) -> AdminClient:
        return AdminClient(self.client)

    def id(self) -> str:
        """Its name, which no other has: a broker that was set up anew is another cluster."""
        with self.errors():
            return str(self._admin.list_topics(timeout=PATIENCE).cluster_id)

    def make(self, wanted: Sequence[NewTopic]) -> None:
        """Make the topics that are missing; one that is there stays as its owner has set it."""
        with self.errors():
            held = self._admin.list_topics(timeout=PATIENCE).topics
            fresh = [topic for topic in wanted if topic.topic not in held]
            for future in self._admin.create_topics(fresh, request_timeout=PATIENCE).values() if fresh else ():
                _made(future)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what a client raises into one line, as :class:`~watthouse.errors.StreamError`."""
        try:
            yield
        except KafkaException as error:
            self._admin.poll(0)  # the reason why no broker answers waits there
            raise StreamError(self.refusal(error.args[0])) from error

    def refusal(self, error: KafkaError) -> str:
        """An error of a client in one line, which names the brokers."""
        if error.code() in _AWAY:
            why = f" ({self._trouble[-1]})" if self._trouble else ""
            return f"no broker answers at {self.brokers}{why}: start it, or set WATTHOUSE_KAFKA"
        return f"the broker at {self.brokers} refuses: {shown(error.str(), 200)}"

    def _note(self, error: KafkaError) -> None:
        # "127.0.0.1:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in state …)"
        text = error.str()
        if error.code() != KafkaError._ALL_BROKERS_DOWN:
            self._trouble[:] = [shown(re.sub(r"^.*failed: |^[^ ]*: | \(after .*", "", text), 100)]


_AWAY: Final = frozenset(
    {
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
        KafkaError._MSG_TIMED_OUT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._RESOLVE,
        KafkaError.REQUEST_TIMED_OUT,
    }
)


def _made(future: Any) -> None:
    try:
        future.result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another producer was faster
            raise
