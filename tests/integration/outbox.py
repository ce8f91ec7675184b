"""What tests of the producer share: rounds of it, what the lake has, and what a topic says."""

import json
import subprocess
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import polars as pl
from confluent_kafka import Message
from deltalake import DeltaTable

from tests.integration.service import Service, utc
from tests.servers import Kafka
from tests.support import ROOT, watthouse
from watthouse.catalog import find
from watthouse.home import Home
from watthouse.lake.table import microseconds
from watthouse.settings import Settings

NOW: Final = utc("2026-11-28T12:07")
"""When a sample of two days stands that is published."""
NAMES: Final = ("eco2mix-national-tr", "eco2mix-regional-tr")
ONCE: Final = ("stream", "produce", "--once")
SCHEMA: Final = jsonschema_rs.Draft202012Validator(
    json.loads((ROOT / "src/watthouse/stream/electricity_production.v1.json").read_text())
)


def run(home: Path, kafka: Kafka, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return watthouse(home, *words, env={**kafka.variables, **env})


def produce(home: Path, kafka: Kafka, odre: Service, **env: str) -> str:
    """What a round that succeeds prints."""
    done = run(home, kafka, *ONCE, **odre.variables, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refusal(done: "subprocess.CompletedProcess[str]", code: int) -> str:
    """The one line in which a call that failed says why."""
    assert done.returncode == code, done.stderr
    (line,) = [line for line in done.stderr.strip().splitlines() if not line.startswith("sample ")]
    assert line.startswith("watthouse: ")
    return line.removeprefix("watthouse: ")


def observations(home: Path) -> Counter[str]:
    """What the lake's own files have of the streamed datasets, as :func:`said` has it of messages."""
    found = Counter[str]()
    for name in NAMES:
        if not (home / "lake" / name).exists():
            continue
        for row in pl.DataFrame(DeltaTable(home / "lake" / name).to_pyarrow_table()).iter_rows(named=True):
            instant, stamp = (f"{row[column]:%Y-%m-%dT%H:%M:%S}" for column in ("date_heure", "observed_at"))
            region = row.get("code_insee_region", "FR")
            values = {column: value for column, value in row.items() if isinstance(value, int | float | None)}
            heads = [name, region, f"{instant}Z", str(row["date"]), row["heure"], row["nature"]]
            stamped = f"{stamp}.{row['observed_at'].microsecond:06}Z"
            found[json.dumps([f"{name}|{region}|{instant}Z", *heads, stamped, _told(values)])] += 1
    return found


def said(messages: list[Message]) -> Counter[str]:
    """Key, heads and values of each message; every one of them keeps to the schema."""
    found = Counter[str]()
    for message in messages:
        told = json.loads(message.value())
        SCHEMA.validate(told)
        names = ("dataset", "region", "instant", "date", "heure", "nature", "observed_at")
        found[json.dumps([message.key().decode(), *(told[name] for name in names), _told(told["values"])])] += 1
    return found


def _told(values: dict[str, Any]) -> list[list[Any]]:
    # null or not there: which columns there must be is the schema's matter
    return sorted([name, value] for name, value in values.items() if value is not None)


def add(home: Path, **changed: object) -> None:
    """Write a row of the national dataset into the lake with these values, past the contract."""
    table = Home(Settings(home=home)).lake.table(find(NAMES[0]))
    opened = table.open_to_write()
    row = pl.DataFrame(opened.to_pyarrow_table()).head(1)
    stamp = pl.lit(datetime.now(UTC)).cast(pl.Datetime("us", "UTC"))
    odd = [pl.lit(value).alias(name) for name, value in changed.items()]
    spoilt = row.with_columns(stamp.alias("observed_at"), *odd)
    rows = spoilt.select(table.stored_schema.names).to_arrow().cast(table.stored_schema)
    table.append(opened, [*table.write(pl.DataFrame(rows))], microseconds(spoilt["observed_at"][0]))
