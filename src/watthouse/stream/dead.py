"""Dead letters: what cannot be read as a message goes to a topic of its own, as it was, with the reason."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Message, Producer
from confluent_kafka.error import KafkaError

from watthouse.errors import StreamError
from watthouse.stream.cluster import Cluster
from watthouse.stream.topics import dead_letters

_PATIENCE: Final = 30.0
"""Seconds in which a broker has to confirm them."""


@dataclass(frozen=True)
class Letter:
    """A message that is left, and where it was; ``length`` is that of its value [bytes], which may be cut here."""

    reason: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    length: int

    @property
    def headers(self) -> list[tuple[str, str | bytes | None]]:
        """Why it is here and where it was, as text: topic, partition and offset are the same each time it is sent."""
        told = {name: getattr(self, name) for name in ("reason", "topic", "partition", "offset", "length")}
        return [(name, str(value).encode()) for name, value in told.items()]


class DeadLetters:
    """The topic of dead letters, beside the one that it belongs to."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self._cluster = cluster
        self._topic = dead_letters(topic)
        self._producer = Producer({**cluster.producer, "message.timeout.ms": int(_PATIENCE * 1000)})

    def send(self, letters: Iterable[Letter]) -> None:
        """Publish them; raises :class:`~watthouse.errors.StreamError` unless each is confirmed."""
        failed: list[KafkaError] = []

        def confirmed(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failed.append(error)

        for letter in letters:
            self._put(letter, confirmed)
        if self._producer.flush(_PATIENCE) or failed:
            why = self._cluster.refusal(failed[0]) if failed else f"no broker answers at {self._cluster.brokers}"
            raise StreamError(f"dead letters were not confirmed: {why}")

    def _put(self, letter: Letter, confirmed: Callable[[KafkaError | None, Message], None]) -> None:
        while True:
            try:
                self._producer.produce(
                    self._topic, letter.value, letter.key, headers=letter.headers, on_delivery=confirmed
                )
            except BufferError:  # 100,000 of them wait already
                self._producer.poll(1)
            else:
                self._producer.poll(0)
                return
