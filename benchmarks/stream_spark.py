"""The processor: messages through Spark into the store, beside bulk upserts by themselves and a script's update a row.

On Kafka and mongo-java-server, as :mod:`tools.services` starts them. ``python -m benchmarks.stream_spark`` puts its
section into RESULTS.md; with another number of rows it only prints it.
"""

import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import polars as pl
import psutil
from confluent_kafka import Consumer, Producer
from pymongo import MongoClient

from benchmarks.measure import WATTHOUSE, timed
from benchmarks.results import put
from tools.services import SERVERS, Running, Services
from tools.services.mongodb import MongoDb
from watthouse.catalog import CATALOG, CORSE, REAL_TIME, REGIONS, Kind
from watthouse.settings import Settings
from watthouse.stream import message, topics
from watthouse.stream.documents import REGIONAL, Document
from watthouse.stream.jars import PACKAGES
from watthouse.stream.store import Store

HEADING: Final = "## The stream, from Kafka through Spark into the store"
ROWS: Final = 1_000_000
IN_MEMORY: Final = 150_000
BARE: Final = 150_000
BATCH: Final = 50_000
SCRIPT: Final = 10_000
PYTHON: Final = Path(__file__).parents[1] / ".venv-spark" / "bin" / "python"
FIRST: Final = datetime(2020, 1, 1, tzinfo=UTC)
OBSERVED: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Processed:
    """A run of the processor: rows/s of each batch, seconds of the whole command, peak memory a process, MB."""

    seconds: float = 0.0
    batches: list[float] = field(default_factory=list)
    peaks: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Rows/s of the middle batch."""
        return median(self.batches)


def section(rows: int = ROWS) -> str:
    """What was measured, as a section of RESULTS.md."""
    with TemporaryDirectory() as folder:
        services = Services(Path(folder) / "servers")
        try:
            return _measured(services, Path(folder), rows)
        finally:
            for name in ("kafka", "mongodb", "in-memory"):
                services.down(name)


def _measured(services: Services, folder: Path, rows: int) -> str:
    kafka, disk, memory = SERVERS["kafka"], SERVERS["mongodb"], MongoDb("in-memory", in_memory=True)
    broker = kafka.url(services.up(kafka))
    on_disk, in_memory = services.up(disk), services.up(memory)
    settings = Settings(kafka=broker, stream_topic="long")
    _publish(settings, rows)
    long = _process(settings, disk.url(on_disk) + "long", on_disk, folder / "long")
    documents = _documents(disk.url(on_disk) + "long", BARE)
    bare = _bare(disk.url(on_disk) + "bare", documents)
    script = _script(settings, disk.url(on_disk) + "script")
    short = Settings(kafka=broker, stream_topic="short")
    _publish(short, min(rows, IN_MEMORY))
    quick = _process(short, memory.url(in_memory) + "short", in_memory, folder / "short")
    quick_bare = _bare(memory.url(in_memory) + "bare", documents[: BARE // 2])
    return _report(rows, long, bare, script, quick, quick_bare)


def _publish(settings: Settings, rows: int) -> None:
    """Real-time rows of every region, slot after slot, as the producer words them."""
    topics.prepare(settings)
    producer = Producer({"bootstrap.servers": settings.kafka, "compression.type": "zstd", "linger.ms": 50})
    for part in _observations(rows).iter_slices(20_000):
        for key, value in message.written(CATALOG[REGIONAL], part).select("key", "value").iter_rows():
            producer.produce(settings.stream_topic, value, key)
        producer.flush()


def _observations(rows: int) -> pl.DataFrame:
    regions = [code for code in REGIONS if code != CORSE]
    until = FIRST + timedelta(minutes=15 * (rows // len(regions) - 1))
    instants = pl.datetime_range(FIRST, until, "15m", time_unit="us", time_zone="UTC", eager=True)
    frame = pl.DataFrame({"date_heure": instants}).join(pl.DataFrame({"code_insee_region": regions}), how="cross")
    local, draw = pl.col("date_heure").dt.convert_time_zone("Europe/Paris"), np.random.default_rng(1)
    values = [
        pl.Series(column.name, draw.integers(0, 9_000, frame.height), pl.Int32)
        if column.kind is Kind.WHOLE
        else pl.Series(column.name, draw.integers(0, 15_000, frame.height) / 100)
        for column in message.columns(CATALOG[REGIONAL])
    ]
    return frame.with_columns(
        *values,
        date=local.dt.date(),
        heure=local.dt.strftime("%H:%M"),
        nature=pl.lit(REAL_TIME),
        observed_at=pl.lit(OBSERVED).dt.cast_time_unit("us"),
    )


def _process(settings: Settings, store: str, server: Running, home: Path) -> Processed:
    """``watthouse stream process --once``, as a user would call it."""
    from tools.services.maven import jars

    variables: Mapping[str, str] = {
        "WATTHOUSE_HOME": str(home),
        "WATTHOUSE_KAFKA": str(settings.kafka),
        "WATTHOUSE_STREAM_TOPIC": settings.stream_topic,
        "WATTHOUSE_STREAM_STORE": store,
        "WATTHOUSE_STREAM_DAYS": "10000",
        "WATTHOUSE_SPARK_PYTHON": str(PYTHON),
        "WATTHOUSE_SPARK_JARS": str(jars(*PACKAGES, alone=True)),
    }
    done = Processed()
    with (
        timed() as took,
        subprocess.Popen(
            [WATTHOUSE, "stream", "process", "--once"],
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        while process.poll() is None:
            _note_peaks(done.peaks, process.pid, server.pid)
            time.sleep(0.2)
        said = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"the processor ended with {process.returncode}:\n{said}")
    done.seconds = took[0]
    told = re.findall(r"([\d,]+) messages, .* in ([\d.]+) s", said)
    done.batches = [int(rows.replace(",", "")) / float(seconds) for rows, seconds in told]
    return done


def _note_peaks(peaks: dict[str, float], processor: int, server: int) -> None:
    """Resident memory of the processor's Python, of its JVM and of the store."""
    try:
        tree = psutil.Process(processor)
        named = {"Python": [tree], "JVM": tree.children(recursive=True), "store": [psutil.Process(server)]}
        for name, processes in named.items():
            peaks[name] = max(peaks.get(name, 0.0), sum(each.memory_info().rss for each in processes) / 1e6)
    except psutil.NoSuchProcess:
        return


def _documents(store: str, count: int) -> list[Document]:
    """The first ones, batch by batch as they came, each in the order of its ids."""
    opened = Store(store)
    try:
        quarters = count // len(set(REGIONS) - {CORSE})
        found = [*opened.slots(REGIONAL, FIRST, FIRST + timedelta(minutes=15 * quarters))]
    finally:
        opened.close()
    found.sort(key=itemgetter("instant"))
    return [
        each
        for first in range(0, len(found), BATCH)
        for each in sorted(found[first : first + BATCH], key=itemgetter("_id"))
    ]


def _bare(store: str, documents: list[Document]) -> float:
    """Documents/s of the same guarded bulk upserts by themselves, of documents that were made before."""
    opened = Store(store)
    with timed() as took:
        opened.upsert(documents)
    opened.close()
    return len(documents) / took[0]


def _script(settings: Settings, store: str) -> float:
    """Messages/s of the usual script: a consumer, and an ``update_one`` a message."""
    consumer = Consumer({"bootstrap.servers": settings.kafka, "group.id": "script", "auto.offset.reset": "earliest"})
    consumer.subscribe([settings.stream_topic])
    with MongoClient[Document](store) as client:
        found = client.get_default_database()["script"]
        first = consumer.poll(60)
        assert first is not None
        with timed() as took:
            for value in _values(consumer, SCRIPT):
                told = json.loads(value)
                sources = [told["values"][name] or 0 for name in ("nucleaire", "eolien", "solaire", "hydraulique")]
                fields = {**told["values"], "production": sum(sources)}
                key = {"region": told["region"], "instant": told["instant"]}
                found.update_one({"_id": "|".join(key.values())}, {"$set": {**key, **fields}}, upsert=True)
    consumer.close()
    return SCRIPT / took[0]


def _values(consumer: Consumer, count: int) -> Iterator[bytes]:
    taken = 0
    while taken < count:
        if (told := consumer.poll(60)) is not None and (value := told.value()) is not None:
            taken += 1
            yield value


def _report(rows: int, long: Processed, bare: float, script: float, quick: Processed, quick_bare: float) -> str:
    peaks = ", ".join(f"{name} {peak:,.0f}" for name, peak in long.peaks.items())
    lines = [
        HEADING,
        "",
        f"`python -m benchmarks.stream_spark`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores,"
        f" Python {platform.python_version()}, Spark 4.0.0. {rows:,} messages of the regions, replayed from the first;"
        " the broker, Spark and the store share the machine. Batches of 50,000; a rate is that of the middle batch.",
        "",
        "| what | rows/s | against |",
        "|---|---:|---|",
        f"| mongo-java-server on H2: bulk upserts by themselves, of documents made before, in the same order |"
        f" {bare:,.0f} | |",
        f"| … `watthouse stream process --once`, Kafka to store | {long.rate:,.0f} |"
        f" bare upserts take 1/{bare / long.rate:.2f} of its time; target: within 1.2 |",
        f"| … a consumer with an `update_one` a message | {script:,.0f} | the processor: {long.rate / script:.1f} × |",
        f"| mongo-java-server in memory: bulk upserts by themselves | {quick_bare:,.0f} | |",
        f"| … `watthouse stream process --once` | {quick.rate:,.0f} | target ≥ 20,000 where the store allows it |",
        "",
        f"The whole command took {long.seconds:.0f} s, the start of Spark included ({rows / long.seconds:,.0f} rows/s)."
        f" Peak memory, MB: {peaks}.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    chosen = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    text = section(chosen)
    print(text)
    if chosen == ROWS:
        put(text)
