"""What is told of a running query: a line and a note of progress a batch that had messages, and why it ended."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from watthouse.errors import StreamError, shown
from watthouse.stream.batch import Taken
from watthouse.stream.offsets import Offsets
from watthouse.stream.store import Store

if TYPE_CHECKING:  # an environment of its own has it
    from pyspark.sql.streaming import StreamingQuery

_FULL: Final = ("No space left on device", "Read-only file system", "Permission denied", "Disk quota exceeded")
_LOST: Final = ("data may have been missed", "data may have been lost", "OffsetOutOfRange", "out of range")
_AWAY: Final = ("Timeout", "Timed out", "timed out", "Disconnect", "UnknownTopicOrPartition", "LEADER_NOT_AVAILABLE")


class AwayError(StreamError):
    """The broker or the store went away: what was not noted as taken is taken again when it is back."""


class Watch:
    """The batches of one query of a topic, whose checkpoint lies in a folder."""

    def __init__(self, store: Store, offsets: Offsets, checkpoint: Path, report: Callable[[str], None]) -> None:
        self._store = store
        self._offsets = offsets
        self._checkpoint = checkpoint
        self._report = report
        self._taken: dict[int, Taken] = {}
        self._failure: BaseException | None = None

    def guarded(self, take: Callable[[Any], Taken]) -> Callable[[Any, int], None]:
        """What Spark calls with every batch: its error is kept, as what Spark makes of it is a page of text."""

        def batch(frame: Any, number: int) -> None:
            try:
                if (taken := take(frame)).rows:
                    self._taken[number] = taken
            except BaseException as error:
                self._failure = error
                raise

        return batch

    def look(self, query: "StreamingQuery") -> None:
        """Tell of the batches that ended since the last look."""
        if not self._taken:
            return
        for progress in query.recentProgress:
            # while nothing comes, Spark may tell of a batch that is still to come, by its number
            if progress.numInputRows and (taken := self._taken.pop(progress.batchId, None)):
                self._tell(progress, taken)

    def refuse(self, query: "StreamingQuery") -> None:
        """Raises what ended the query, in one line; :class:`AwayError` for what may be tried again."""
        error = self._failure or query.exception()
        if error is None:
            return
        if isinstance(error, StreamError):
            raise AwayError(str(error)) from error
        if type(error).__module__.startswith(("pyspark.", "py4j.")):
            raise self._of_spark(str(error)) from error
        raise error

    def _of_spark(self, text: str) -> StreamError:
        if any(sign in text for sign in _FULL):
            why = next(sign for sign in _FULL if sign in text)
            return StreamError(
                f"the checkpoint in {self._checkpoint} cannot be written ({why}): make room, start again"
            )
        if any(sign in text for sign in _LOST):
            return StreamError(
                f"the broker no longer has messages that were not taken yet: remove {self._checkpoint}, run"
                " `watthouse stream produce --replay` since the day that is missing, and start again"
            )
        if any(sign in text for sign in _AWAY):
            return AwayError(f"the broker at {self._offsets.brokers} does not answer")
        return StreamError(f"Spark gave up: {shown(text, 200)}")

    def _tell(self, progress: Any, taken: Taken) -> None:
        seconds = progress.batchDuration / 1000
        counts = [f"{taken.rows:,} messages", f"{taken.written:,} documents written"]
        counts += [f"{taken.dead:,} dead letters"] if taken.dead else []
        counts += [f"{taken.old:,} older than the history"] if taken.old else []
        self._report(f"{', '.join(counts)} in {seconds:.1f} s")
        # a server that is away now is met by the next batch, which waits for it
        with suppress(StreamError):
            self._store.note_progress(
                {
                    "at": datetime.now(UTC),
                    "batch": progress.batchId,
                    "rows": taken.rows,
                    "written": taken.written,
                    "dead": taken.dead,
                    "dead_letters": self._offsets.dead_letters(),
                    "seconds": seconds,
                    "rows_per_second": round(taken.rows / seconds, 1) if seconds else None,
                    "lag": {self._offsets.topic: self._offsets.behind(_positions(progress, self._offsets.topic))},
                }
            )


def _positions(progress: Any, topic: str) -> Mapping[int, int]:
    """The offset of each partition that the next batch begins with."""
    ends = json.loads(progress.sources[0].endOffset)
    return {int(partition): offset for partition, offset in ends[topic].items()}
