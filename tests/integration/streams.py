"""A stream of a test's own: a topic, a store and a home, and the processor that the whole run shares."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import polars as pl
from confluent_kafka import Producer
from pymongo import MongoClient

from tests.servers import Kafka
from tests.spark import Answer, order
from tests.transform.lab import Row, power, regional
from watthouse.catalog import CATALOG, REAL_TIME
from watthouse.settings import Settings
from watthouse.stream import message, topics
from watthouse.stream.documents import LAYOUTS, NATIONAL, REGIONAL, Document

SPRING, AUTUMN, DAY = date(2024, 3, 31), date(2024, 10, 27), date(2024, 10, 28)
OBSERVED: Final = datetime(2024, 10, 29, 8, 0, 0, 1, tzinfo=UTC)

Messages = list[tuple[str, str]]


@dataclass(frozen=True)
class Stream:
    """What a test publishes, has processed and reads back; ``spark`` is the address of the shared processor."""

    kafka: Kafka
    store: str
    home: Path
    spark: str
    variables: dict[str, str]

    @classmethod
    def of(cls, kafka: Kafka, store: str, home: Path, spark: str, **more: object) -> "Stream":
        chosen = {"WATTHOUSE_LEASE_SECONDS": 2, "WATTHOUSE_STREAM_DAYS": 1000, **more}
        named = {"WATTHOUSE_HOME": str(home), "WATTHOUSE_STREAM_STORE": store, **kafka.variables}
        topics.prepare(Settings(kafka=kafka.broker, stream_topic=kafka.topic))
        return cls(kafka, store, home, spark, {**named, **{name: str(value) for name, value in chosen.items()}})

    def publish(self, messages: Iterable[tuple[str | None, str | bytes | None]]) -> None:
        """In this order; by Kafka's own client, not by watthouse's producer."""
        producer = Producer({"bootstrap.servers": self.kafka.broker, "log_level": 0})
        for key, value in messages:
            producer.produce(self.kafka.topic, value, key)
        assert not producer.flush(30)

    def process(self, **more: object) -> Answer:
        """Have everything taken that is there; the lines that were printed, and the error."""
        return order(self.spark, "process", variables=self.variables, **more)

    def processed(self) -> list[str]:
        """The same where nothing is to go wrong."""
        answer = self.process()
        assert answer["error"] is None, answer
        lines: list[str] = answer["lines"]
        return lines

    def documents(self, collection: str = "streaming_data") -> dict[str, Document]:
        with MongoClient[Document](self.store) as client:
            return {each["_id"]: each for each in client.get_default_database()[collection].find()}

    def state(self) -> tuple[dict[str, Document], dict[str, Document]]:
        """The final state: documents and the newest of each region."""
        return self.documents(), self.documents("latest")

    def dead(self) -> list[dict[str, Any]]:
        """Dead letters: their headers, and key and value as they are."""
        letters = self.kafka.messages(f"{self.kafka.topic}.dead")
        return [
            {name: text.decode() for name, text in letter.headers() or ()}
            | {"key": letter.key(), "value": letter.value()}
            for letter in letters
        ]


def messages(dataset: str, rows: Sequence[Row], sample: str | None = None) -> Messages:
    """Observations as messages: those of one stamp after those of another."""
    frame = pl.DataFrame(rows, infer_schema_length=None)
    columns = CATALOG[dataset].names
    missing = [pl.lit(None, pl.Int32).alias(name) for name in columns if name not in frame.columns]
    written = message.written(CATALOG[dataset], frame.with_columns(missing), sample)
    assert written["fault"].null_count() == len(rows), written["fault"].unique()
    return list(written.select("key", "value").iter_rows())


def drawn(dataset: str, day: date, seed: int, observed: datetime = OBSERVED, region: str = "11") -> list[Row]:
    """A day of rows with holes."""
    draw, layout = Random(seed), LAYOUTS[dataset]

    def value(name: str) -> Any:
        if draw.random() < 0.02:
            return None
        return draw.randint(0, 15_000) / 100 if name in layout.rates else draw.randint(-9, 9000)

    names = (*layout.published, *layout.forecasts)
    rows = [{**row, **{name: value(name) for name in names}} for row in power(day, REAL_TIME, None)]
    placed = regional(region, rows) if dataset == REGIONAL else rows
    return [{**row, "observed_at": observed} for row in placed]


def history() -> Messages:
    """Days of France and of regions, both changes of the clocks among them, and what was revised of them later."""
    told: list[tuple[str, list[Row]]] = []
    for number, day in enumerate((SPRING, AUTUMN, DAY)):
        told += [(REGIONAL, drawn(REGIONAL, day, number, region=region)) for region in ("11", "24")]
        told += [(NATIONAL, drawn(NATIONAL, day, 10 + number))]
    # a source that is published in one slot alone: it makes the mix of all others of that day unknown
    rare = [
        {**row, "thermique": 5 if number == 50 else None}
        for number, row in enumerate(drawn(REGIONAL, DAY, 7, region="53"))
    ]
    told += [(REGIONAL, rare)]
    again = OBSERVED + timedelta(hours=1)
    revised = drawn(REGIONAL, DAY, 99, again)[40:60]
    withdrawn = [{**row, "nucleaire": None, "consommation": None} for row in drawn(NATIONAL, DAY, 98, again)[90:]]
    told += [(REGIONAL, revised), (NATIONAL, withdrawn)]
    return [each for dataset, rows in told for each in messages(dataset, rows)]
