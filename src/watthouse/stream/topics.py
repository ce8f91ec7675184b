"""The topics of the stream, as they are made where they are missing."""

from typing import Final

from confluent_kafka.admin import NewTopic

from watthouse.settings import Settings
from watthouse.stream.cluster import Cluster, brokers_of

_PARTITIONS: Final = 4
_OF_BROKER: Final = -1
"""The number of replicas that the cluster makes by default: one here, three where there are three brokers."""


def prepare(settings: Settings) -> str:
    """Make the topic and that of its dead letters, and return the id of the cluster.

    Raises :class:`~watthouse.errors.UsageError` where no brokers are set, and
    :class:`~watthouse.errors.StreamError` where none answers.
    """
    cluster = Cluster(brokers_of(settings))
    cluster.make(topics(settings))
    return cluster.id()


def topics(settings: Settings) -> tuple[NewTopic, NewTopic]:
    """The topic of the stream, and that of its dead letters."""
    # what the store forgets after these days need not be in the topic either: it can be replayed from the lake
    kept = {"cleanup.policy": "delete", "retention.ms": str(settings.stream_days * 86_400_000)}
    return (
        NewTopic(settings.stream_topic, _PARTITIONS, _OF_BROKER, config=kept),
        NewTopic(dead_letters(settings.stream_topic), 1, _OF_BROKER, config=kept),
    )


def dead_letters(topic: str) -> str:
    """Where what cannot be read in a topic is put, with the reason."""
    return f"{topic}.dead"
