"""How far a topic goes, by its broker."""

from collections.abc import Mapping

from confluent_kafka import Consumer, TopicPartition

from watthouse.stream.cluster import PATIENCE, Cluster
from watthouse.stream.topics import dead_letters


class Offsets:
    """Those of a topic and of its dead letters."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self._cluster = cluster
        self.topic = topic
        # it belongs to no group and reads nothing
        self._consumer = Consumer({**cluster.client, "group.id": "watthouse-offsets"})

    @property
    def brokers(self) -> str:
        return self._cluster.brokers

    def behind(self, positions: Mapping[int, int]) -> int:
        """Messages that come after these positions, by partition; raises StreamError where no broker answers."""
        return sum(
            end - positions.get(partition, begin) for partition, (begin, end) in self._bounds(self.topic).items()
        )

    def dead_letters(self) -> int:
        """Dead letters that the broker keeps; raises StreamError where none answers."""
        return sum(end - begin for begin, end in self._bounds(dead_letters(self.topic)).values())

    def close(self) -> None:
        self._consumer.close()

    def _bounds(self, topic: str) -> dict[int, tuple[int, int]]:
        with self._cluster.errors():
            partitions = self._consumer.list_topics(topic, timeout=PATIENCE).topics[topic].partitions
            return {
                number: self._consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=PATIENCE)
                for number in partitions
            }
