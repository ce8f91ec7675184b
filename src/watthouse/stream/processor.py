"""From the topic into the store, batch by batch, in Spark: what was read is noted after what it says was written.

A batch that is interrupted anywhere is taken again, with the same messages, by whoever goes on; the store lets no older
observation replace a newer one. So each message is taken at least once, and counts once.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from watthouse.errors import BusyError, StreamError
from watthouse.settings import Settings
from watthouse.stream import topics
from watthouse.stream.batch import CUT, Batches
from watthouse.stream.cluster import Cluster, brokers_of
from watthouse.stream.dead import DeadLetters
from watthouse.stream.holding import Lease
from watthouse.stream.message import LONGEST
from watthouse.stream.offsets import Offsets
from watthouse.stream.session import session
from watthouse.stream.store import Store
from watthouse.stream.watching import AwayError, Watch

if TYPE_CHECKING:  # an environment of its own has it
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming import StreamingQuery

_LOOK: Final = 0.2
"""Seconds between two looks at a query."""
_LONGEST_PAUSE: Final = 30.0
_POLLED: Final = 5_000
"""Messages that Spark is handed at a time, of a partition."""
_WAITS_MS: Final = 20
"""How long a broker lets Spark wait for what it has already: by default 0.5 s a partition, two after each other."""

Report = Callable[[str], None]


def process(settings: Settings, report: Report, *, once: bool = False, spark: "SparkSession | None" = None) -> None:
    """Take messages until interrupted, or ``once`` those that are there; ``report`` is given a line a batch.

    A broker or a store that goes away later is waited for. Raises :class:`~watthouse.errors.UsageError` where none is
    named, :class:`~watthouse.errors.BusyError` where another processor holds the store, and
    :class:`~watthouse.errors.StreamError` where broker, store, checkpoint or Spark cannot be used.
    """
    brokers_of(settings)
    folder = settings.home / "stream"
    # all that may refuse comes before Spark, which takes seconds to start
    with closing(Store.of(settings)) as store:
        topics.prepare(settings)
        with store.leased("", settings.lease_seconds) as lease, _running(settings, folder, spark) as running:
            _Stream(settings, running, store, lease, folder / "checkpoint", report).run(once)


def _running(settings: Settings, folder: Path, spark: "SparkSession | None") -> Any:
    return session(settings, folder) if spark is None else nullcontext(spark)


class _Stream:
    """A query that is started again when a server is back."""

    def __init__(
        self, settings: Settings, spark: "SparkSession", store: Store, lease: Lease, folder: Path, report: Report
    ) -> None:
        self._settings = settings
        self._spark = spark
        self._store = store
        self._lease = lease
        self._folder = folder
        self._report = report
        self._cluster = Cluster(brokers_of(settings))
        self._letters = DeadLetters(self._cluster, settings.stream_topic)

    def run(self, once: bool) -> None:
        """Until interrupted, or all is taken that was there."""
        pause = 1.0
        while True:
            began = time.monotonic()
            try:
                return self._query(once)
            except AwayError as error:
                pause = 1.0 if time.monotonic() - began > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
                self._report(f"{error}; next try in {pause:g} s")
                time.sleep(pause)

    def _query(self, once: bool) -> None:
        with _waited_for():
            self._confirm()
            batches = Batches(self._spark, self._store, self._letters, self._settings.stream_days, self._confirm)
            # another cluster has other offsets, and begins with its first
            checkpoint = self._folder / topics.prepare(self._settings) / self._settings.stream_topic
        with closing(Offsets(self._cluster, self._settings.stream_topic)) as offsets:
            watch = Watch(self._store, offsets, checkpoint, self._report)
            take = watch.guarded(lambda frame: batches.take(frame.toArrow()))
            self._followed(self._started(take, checkpoint, once), watch)

    def _followed(self, query: "StreamingQuery", watch: Watch) -> None:
        try:
            while query.isActive:
                watch.look(query)
                time.sleep(_LOOK)
            watch.look(query)
        except Exception:  # interrupted, it is left to the end of Spark, which does not wait for what it was doing
            query.stop()
            raise
        watch.refuse(query)

    def _started(self, take: Callable[["DataFrame", int], None], checkpoint: Path, once: bool) -> "StreamingQuery":
        pause = f"{self._settings.stream_trigger_seconds} seconds"
        taken = self._messages().writeStream.foreachBatch(take)
        written = taken.option("checkpointLocation", str(checkpoint.absolute()))
        return written.trigger(availableNow=True).start() if once else written.trigger(processingTime=pause).start()

    def _messages(self) -> "DataFrame":
        source = (
            self._spark.readStream.format("kafka")
            .option("kafka.bootstrap.servers", self._cluster.brokers)
            .option("subscribe", self._settings.stream_topic)
            .option("startingOffsets", "earliest")
            .option("maxOffsetsPerTrigger", self._settings.stream_batch_rows)
            .option("kafka.max.poll.records", _POLLED)
            .option("kafka.fetch.max.wait.ms", _WAITS_MS)
            # what the broker dropped before it was taken is missing in the store: the lake has it, so whoever runs
            # this is told to replay it, rather than never to know
            .option("failOnDataLoss", "true")
            .load()
        )
        # a flood of what is too long would not fit into memory: of such a value only its beginning is looked at
        return source.selectExpr(
            "substring(key, 1, 1024) as key",
            f"case when length(value) > {LONGEST} then substring(value, 1, {CUT}) else value end as value",
            "length(value) as length",
            "topic",
            "partition",
            "offset",
        )

    def _confirm(self) -> None:
        """Go on as the store's one processor; raises BusyError where another took over meanwhile."""
        until = time.monotonic() + self._settings.lease_seconds
        while True:
            try:
                return self._lease.check()
            except BusyError:
                # it could not be renewed while the store was away: it will be, once that is back, unless another has it
                self._store.progress()
                if time.monotonic() > until:
                    raise
                time.sleep(_LOOK)


@contextmanager
def _waited_for() -> Iterator[None]:
    """What cannot be reached in the block is waited for."""
    try:
        yield
    except StreamError as error:
        raise AwayError(str(error)) from error
