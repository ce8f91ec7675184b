"""Out of the lake into Kafka: refresh what is real time, publish what is stamped after the mark, move the mark.

Whatever ends it, the mark stands behind what was published: nothing is lost, and what comes twice has the key and the
stamp of the first time.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import polars as pl
from confluent_kafka import KafkaError, Message, Producer

from watthouse.catalog import Dataset
from watthouse.errors import BusyError, ServiceError, StreamError, TableError
from watthouse.home import Home
from watthouse.operate import pipeline
from watthouse.stream.cluster import Cluster, brokers_of
from watthouse.stream.message import DATASETS, LONGEST, written
from watthouse.stream.outbox import ROWS, Marks, only_producer, pending
from watthouse.stream.topics import dead_letters, prepare
from watthouse.sync.report import ProgressReporter, Report, Selection, Silent

_LOOK: Final = 0.5
"""Seconds between two looks at what was refused, while deliveries are waited for."""


@dataclass
class Published:
    """How many messages of each dataset were published, and how many rows went to the dead letters instead."""

    place: str
    messages: Counter[str] = field(default_factory=Counter)
    dead: Counter[str] = field(default_factory=Counter)


@dataclass
class Produced:
    """What a round did: ``report`` is that of its refresh, None where another one ran, whose rows are followed."""

    published: Published
    report: Report | None


def produce(
    home: Home,
    datasets: Sequence[Dataset] = DATASETS,
    *,
    progress: ProgressReporter | None = None,
    on_published: Callable[[Published], None] = lambda _: None,
) -> Produced:
    """Fetch what moved, publish what is new in the lake, then bring the marts up to date.

    Where the service cannot be asked, what the lake has is published all the same before that is raised.
    Raises :class:`~watthouse.errors.StreamError` where not everything could be published, and
    :class:`~watthouse.errors.BusyError` where another producer runs.
    """
    brokers_of(home.settings)  # refused before anything is fetched
    with only_producer(home):
        report, failure = _fetched(home, datasets, progress)
        try:
            published = _publisher(home).publish(datasets)
            on_published(published)
        except (StreamError, TableError) as error:
            error.report = report
            _build(home, progress, report)
            raise
        if failure:
            raise failure
        _build(home, progress, report)  # last, as the page waits for the messages and not for the marts
        return Produced(published, report)


def replay(home: Home, since: date, datasets: Sequence[Dataset] = DATASETS) -> Published:
    """Publish every observation of slots since that civil day once more, oldest first; the marks stay."""
    brokers_of(home.settings)
    with only_producer(home):
        return _publisher(home).replay(datasets, since)


def _publisher(home: Home) -> "Publisher":
    return Publisher(home, Marks(home, prepare(home.settings), home.settings.stream_topic))


def _fetched(
    home: Home, datasets: Sequence[Dataset], progress: ProgressReporter | None
) -> tuple[Report | None, ServiceError | None]:
    try:
        return pipeline.fetch(home, None, Selection(tuple(datasets)), progress=progress), None
    except BusyError as error:
        (progress or Silent()).notice(f"{error}; publishing what the lake has")
        return None, None
    except ServiceError as error:
        return None, error


def _build(home: Home, progress: ProgressReporter | None, report: Report | None) -> None:
    """The second half of the refresh, entered in the report of the first; nothing where there was none."""
    if report is None:
        return
    # a refresh that has begun meanwhile builds as well
    with suppress(BusyError):
        built = pipeline.build(home, progress=progress)
        report.built = built.built
        report.failed |= built.failed


class Publisher:
    """Publishes what a home's lake has to one topic."""

    def __init__(self, home: Home, marks: Marks) -> None:
        self._lake, self._sample, self._marks = home.lake, home.sample, marks
        self._cluster = cluster = Cluster(brokers_of(home.settings))
        self._topic = home.settings.stream_topic
        self._refused: list[KafkaError] = []
        self._producer = Producer(
            {
                **cluster.producer,
                # large batches: a message alone takes a request, 50 ms of them take one
                "linger.ms": 50,
                "batch.size": 900_000,
                "message.timeout.ms": int(home.settings.stream_delivery_seconds * 1000),
                "queue.buffering.max.messages": 3 * ROWS,
                "delivery.report.only.error": True,
            }
        )
        self.published = Published(f"{self._topic} at {cluster.brokers}")

    def publish(self, datasets: Sequence[Dataset]) -> Published:
        """Everything stamped after the marks, which move behind it.

        A table that cannot be read is raised as :class:`~watthouse.errors.TableError` when the others were published.
        """
        broken = None
        for dataset in datasets:
            try:
                self._publish(dataset)
            except TableError as error:
                broken = broken or error
        if broken:
            raise broken
        return self.published

    def _publish(self, dataset: Dataset) -> None:
        for rows, until in pending(self._lake, dataset, after=self._marks.of(dataset)):
            self._send(dataset, rows)
            if until:
                self._deliver()
                self._marks.keep(dataset, until)

    def replay(self, datasets: Sequence[Dataset], since: date) -> Published:
        """Everything about slots since a civil day."""
        for dataset in datasets:
            for rows, _ in pending(self._lake, dataset, since=since):
                self._send(dataset, rows)
        self._deliver()
        return self.published

    def _send(self, dataset: Dataset, rows: pl.DataFrame) -> None:
        if rows.is_empty():
            return
        messages = written(dataset, rows, self._sample)
        is_sound = pl.col("fault").is_null()
        sound = messages.filter(is_sound).select("key", "value").to_dicts()
        self._make_room(messages.height)
        self._producer.produce_batch(self._topic, sound, on_delivery=self._note)
        # what could not even be put into the queue is marked there, and called back for by nobody
        self._refused += [each["_error"] for each in sound if "_error" in each]
        self._raise_refused()
        for key, value, fault in messages.filter(~is_sound).iter_rows():
            self._bury(key, value.encode(), fault)
        self.published.messages[dataset.id] += len(sound)
        self.published.dead[dataset.id] += messages.height - len(sound)

    def _bury(self, key: str | None, value: bytes, fault: str) -> None:
        about = {"reason": fault, "topic": self._topic, "length": str(len(value))}
        headers: list[tuple[str, str | bytes | None]] = [*about.items()]
        with self._cluster.errors():
            self._producer.produce(
                dead_letters(self._topic), value[:LONGEST], key, headers=headers, on_delivery=self._note
            )

    def _make_room(self, rows: int) -> None:
        while len(self._producer) + rows > 3 * ROWS:
            self._producer.poll(_LOOK)
            self._raise_refused()

    def _deliver(self) -> None:
        """Wait until the broker has everything."""
        while self._producer.flush(_LOOK):
            self._raise_refused()
        self._raise_refused()

    def _note(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._refused.append(error)

    def _raise_refused(self) -> None:
        if self._refused:
            self._producer.purge()
            refusal = self._cluster.refusal(self._refused[0])
            raise StreamError(f"{refusal} (what was not delivered is published by the next run)")
