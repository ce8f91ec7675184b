"""One batch of messages into the store: whole days, derived anew, and what cannot be read as dead letters."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl
import pyarrow as pa

from watthouse.clock import PARIS, civil_date_of, start_of
from watthouse.stream import message
from watthouse.stream.dead import DeadLetters, Letter
from watthouse.stream.derive import SAMPLE, STORED, STORED_PRODUCTION, derived, schema
from watthouse.stream.documents import LAYOUTS, NAMES, PRODUCTION, Document, Layout, dataset_of
from watthouse.stream.store import Store

if TYPE_CHECKING:  # an environment of its own has it
    from pyspark.sql import SparkSession

CUT: Final = 4_096
"""Bytes that are kept of a value that is too long for a message."""
PART: Final = 10_000
"""Rows that are derived at a time: fewer would not be worth the 0.2 s that a query takes."""

_AT_A_TIME: Final = 2


@dataclass(frozen=True)
class Taken:
    """What became of a batch: its messages, documents that changed, dead letters, and messages before the history."""

    rows: int
    written: int
    dead: int
    old: int


class Batches:
    """Takes batches one after another; ``confirm`` raises where another processor has taken over the store."""

    def __init__(
        self,
        spark: "SparkSession",
        store: Store,
        letters: DeadLetters,
        days: int,
        confirm: Callable[[], None],
    ) -> None:
        self._spark = spark
        self._store = store
        self._letters = letters
        self._days = days
        self._confirm = confirm
        self._newest = max((each["instant"] for each in store.latest()), default=None)
        self._begins: datetime | None = None

    def take(self, messages: pa.Table) -> Taken:
        """Write what these messages say, which any number of times does once.

        Columns: ``key``, ``value`` (at most :data:`CUT` bytes of one that is too long), ``length`` [bytes],
        ``topic``, ``partition``, ``offset``.
        """
        rows, letters = _read(messages)
        if letters:
            self._letters.send(letters)
        recent = self._recent(rows)
        written = self._written(recent)
        self._forget()
        return Taken(messages.num_rows, written, len(letters), rows.height - recent.height)

    def _recent(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Those of the history that is kept: so many civil days before the newest slot that was measured."""
        measured = rows.filter(pl.col("consommation").is_not_null())["instant"].max()
        self._newest = max((each for each in (self._newest, measured) if isinstance(each, datetime)), default=None)
        return rows if (begins := self._beginning()) is None else rows.filter(pl.col("instant") >= begins)

    def _beginning(self) -> datetime | None:
        # whole civil days: of a day that is cut, nobody could say any more which sources it publishes
        if self._newest is None:
            return None
        return start_of(self._newest.astimezone(PARIS).date() - timedelta(days=self._days))

    def _written(self, rows: pl.DataFrame) -> int:
        # one part is written while Spark derives the next
        with ThreadPoolExecutor(_AT_A_TIME) as workers:
            written = sum(workers.map(lambda part: self._write(*part), _parts(rows)))
        self._store.settle(rows.select("dataset", "region").unique().iter_rows())
        return written

    def _write(self, layout: Layout, rows: pl.DataFrame) -> int:
        changed = self._changed(layout, rows)
        self._confirm()
        return self._store.upsert(changed)

    def _changed(self, layout: Layout, rows: pl.DataFrame) -> Iterator[Document]:
        days = rows.select("dataset", "region", pl.col("date").dt.to_string("%Y-%m-%d")).unique(maintain_order=True)
        stored = _stored(layout, self._store.days(days.iter_rows()))
        return documents(layout, derived(self._spark, layout, pa.concat_tables([_observations(layout, rows), stored])))

    def _forget(self) -> None:
        begins = self._beginning()
        if begins is not None and begins != self._begins:
            self._store.forget(begins)
            silent = [(each["dataset"], each["region"]) for each in self._store.latest() if each["instant"] < begins]
            self._store.settle(silent)
            self._begins = begins


def documents(layout: Layout, fields: pa.Table) -> Iterator[Document]:
    """What :func:`~watthouse.stream.derive.derived` gives, as the store takes it."""
    frame = pl.DataFrame(fields).with_columns(
        # pymongo takes a naive time for UTC, in a third of the time that one with a zone takes
        pl.col("instant", "observed_at").dt.replace_time_zone(None),
        name=pl.col("region").replace_strict(NAMES),
    )
    # neighbours together: a page of the store's tree is then written once
    return frame.select(*layout.fields, SAMPLE).sort("_id").iter_rows(named=True)


def _parts(rows: pl.DataFrame) -> Iterator[tuple[Layout, pl.DataFrame]]:
    """Rows of one dataset each, about :data:`PART` of them or fewer, regions whole."""
    for layout in LAYOUTS.values():
        own = rows.filter(pl.col("dataset") == layout.dataset)
        regions = own["region"].unique().sort().to_list()
        parts = max(1, min(len(regions), own.height // PART))
        # the smallest part first: until it is derived, nothing is written
        for number in reversed(range(parts if regions else 0)):
            yield layout, own.filter(pl.col("region").is_in(regions[number::parts]))


def _read(messages: pa.Table) -> tuple[pl.DataFrame, list[Letter]]:
    """The observations among them, and the others with their reason."""
    lengths = messages["length"].to_pylist()
    oversized = {at: length for at, length in enumerate(lengths) if length is not None and length > message.LONGEST}
    # what is left of one that was cut may be a message by itself
    rows, faults = message.read(
        [None if at in oversized else value for at, value in enumerate(messages["value"].to_pylist())]
    )
    for at, length in oversized.items():
        faults[at] = f"it has {length:,} bytes, and a message has {message.LONGEST:,} at most"
    strange = rows.filter(~_in_its_place())
    faults |= dict.fromkeys(strange["position"].to_list(), "its date is not the civil day of its instant there")
    letters = [_letter(messages, position, reason) for position, reason in sorted(faults.items())]
    return rows.filter(_in_its_place()), letters


def _in_its_place() -> pl.Expr:
    """Whether a message that keeps the schema is about a day and a place that there are."""
    places = {region: dataset_of(region) for region in NAMES}
    own = pl.col("region").replace_strict(places, default=None, return_dtype=pl.String) == pl.col("dataset")
    return own.fill_null(value=False) & (civil_date_of(pl.col("instant")) == pl.col("date"))


def _letter(messages: pa.Table, position: int, reason: str) -> Letter:
    (told,) = messages.slice(position, 1).to_pylist()
    names = ("topic", "partition", "offset", "key", "value", "length")
    return Letter(reason, **{name: told[name] for name in names if name != "length"}, length=told["length"] or 0)


def _observations(layout: Layout, rows: pl.DataFrame) -> pa.Table:
    instant = pl.col("instant").dt.to_string("%Y-%m-%dT%H:%M:%SZ")
    columns = rows.with_columns(
        pl.col("date").dt.to_string("%Y-%m-%d"),
        pl.concat_str(["dataset", "region", instant], separator="|").alias("_id"),
        pl.col("observed_at").dt.epoch("us").alias("rev"),
        pl.lit(value=False).alias(STORED),
        pl.lit(None, pl.Int64).alias(STORED_PRODUCTION),
    )
    return columns.select(schema(layout).names).to_arrow().cast(schema(layout))


def _stored(layout: Layout, found: Iterator[Document]) -> pa.Table:
    """Documents as the observations that they were made of."""
    heads = ("_id", "region", "instant", "date", "heure", "nature", "rev", SAMPLE)
    fields = {**{name: name for name in heads}, **layout.published, **layout.forecasts, STORED_PRODUCTION: PRODUCTION}
    columns: dict[str, list[object]] = {name: [] for name in fields}
    for document in found:
        for name, field in fields.items():
            columns[name].append(document.get(field))
    return pa.table({**columns, STORED: [True] * len(columns["_id"])}).select(schema(layout).names).cast(schema(layout))
