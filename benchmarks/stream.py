"""The producer: messages a second out of a lake into a real Kafka, beside a script that flushes after each message.

Both send the same rows to one broker on this machine; the broker takes its part of the same cores.
"""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.load import service
from benchmarks.measure import Run, middle, timed, watthouse
from benchmarks.results import put
from watthouse.sample.publishing import Publisher

HEADING: Final = "## The stream: out of the lake into Kafka"
DATASETS: Final = ("eco2mix-regional-tr", "eco2mix-national-tr")
NOW: Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
REVISIONS: Final = 5
"""How often every slot was observed: each time another sample's values."""
ROUNDS: Final = 3
ONE_BY_ONE: Final = 3_000


@dataclass(frozen=True)
class Kept:
    """A home, and how many observations its lake has."""

    home: Path
    rows: int


def section(revisions: int = REVISIONS) -> str:
    """What was measured, as a section of RESULTS.md."""
    with TemporaryDirectory() as folder, service(Path(folder), "kafka") as broker:
        large, small = _home(Path(folder), "large", revisions), _home(Path(folder), "small", 1)
        runs, scripts = [], []
        for turn in range(ROUNDS):
            scripts.append(_script(Path(folder) / "small-0", broker, f"script_{turn}"))
            runs.append(_replay(large, broker, f"large_{turn}"))
        few = [_replay(small, broker, f"small_{turn}") for turn in range(ROUNDS)]
        first = _replay(small, broker, "one_day", since=f"{NOW:%Y-%m-%d}")  # for what the command takes to start
        return _report(large.rows, runs, small.rows, few, scripts, first)


def _home(folder: Path, name: str, revisions: int) -> Kept:
    rows = 0
    for seed in range(revisions):
        exports = folder / f"{name}-{seed}"
        exports.mkdir()
        for dataset in DATASETS:
            table = Publisher(seed, date(2026, 1, 1)).table(dataset, NOW)
            table.write_parquet(exports / f"{dataset}.parquet")
        watthouse("fetch", "--from", str(exports), home=folder / name)
    for dataset in DATASETS:
        rows += pl.scan_parquet(folder / name / "lake" / dataset / "**/*.parquet").select(pl.len()).collect().item()
    return Kept(folder / name, rows)


def _replay(kept: Kept, broker: str, topic: str, since: str = "2000-01-01") -> Run:
    """Everything since a day once more: what the producer does without asking ODRÉ for anything."""
    environment = {"WATTHOUSE_KAFKA": broker, "WATTHOUSE_STREAM_TOPIC": topic}
    return watthouse("stream", "produce", "--replay", since, home=kept.home, environment=environment)


def _script(exports: Path, broker: str, topic: str) -> float:
    """As such scripts do it, in messages a second: a dict a row, JSON, send, flush; without its start-up."""
    admin = AdminClient({"bootstrap.servers": broker})
    admin.create_topics([NewTopic(topic, 4, 1)])[topic].result()
    rows = pl.read_parquet(exports / "eco2mix-regional-tr.parquet").head(ONE_BY_ONE)
    producer = Producer({"bootstrap.servers": broker})
    with timed() as took:
        for row in rows.iter_rows(named=True):
            key = f"{row['code_insee_region']}|{row['date_heure']}"
            producer.produce(topic, json.dumps(row, default=str), key)
            producer.flush()
    return rows.height / took[0]


def _report(rows: int, runs: list[Run], fewer: int, few: list[Run], scripts: list[float], first: Run) -> str:
    large, small = middle(runs), middle(few)
    whole = rows / large.seconds
    ratio = median(rows / run.seconds / script for run, script in zip(runs, scripts, strict=True))
    lines = [
        HEADING,
        "",
        "| what | messages/s | s | peak memory, MB | against |",
        "|---|---:|---:|---:|---|",
        f"| `watthouse stream produce --replay`, {rows:,} observations, start-up included (median of {ROUNDS}) |"
        f" {whole:,.0f} | {large.seconds:.1f} | {large.peak_mb:,.0f} | target ≥ 50,000 |",
        f"| … {fewer:,} observations | {fewer / small.seconds:,.0f} | {small.seconds:.1f} | {small.peak_mb:,.0f} |"
        f" memory {large.peak_mb / small.peak_mb:.2f} × |",
        f"| … its start-up (one day) | | {first.seconds:.1f} | {first.peak_mb:,.0f} | |",
        f"| a script that sends and flushes each message ({ONE_BY_ONE:,}, without its start-up) |"
        f" {median(scripts):,.0f} | | | {ratio:.0f} × slower (median of pairs), target ≥ 20 × |",
        "",
        "One broker on the same cores. The producer holds messages to their schema, waits for `acks=all` and compresses"
        " by zstd. `python -m benchmarks.stream` measures this again.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    chosen = int(sys.argv[1]) if len(sys.argv) > 1 else REVISIONS
    text = section(chosen)
    print(text)
    if chosen == REVISIONS:
        put(text)
