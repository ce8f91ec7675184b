"""The store of the stream: one document a slot and place, the newest of each place, and who processes.

Every query names an ``_id`` or a range of them. Ids sort by dataset, region and instant, so a day, a period and the
newest of a region are ranges of the one index that every collection has, and a write has no other index to keep.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Final

from pymongo import DESCENDING, DeleteOne, ReplaceOne
from pymongo.errors import BulkWriteError

from watthouse.clock import end_of, start_of
from watthouse.errors import StreamStoreError, UsageError
from watthouse.settings import Settings
from watthouse.stream.connection import PATIENCE, Connection
from watthouse.stream.documents import (
    LAYOUTS,
    MIX_LAG,
    MIXED,
    NAMES,
    Document,
    dataset_of,
    key_of,
    mix_of,
)
from watthouse.stream.holding import Lease

_DOCUMENTS: Final = "streaming_data"
_LATEST: Final = "latest"
_LEASES: Final = "leases"
_PROGRESS: Final = "progress"
_PROCESSOR: Final = "processor"
_BULK: Final = 2_000
_READ: Final = 500
"""Documents an answer: left to itself, mongo-java-server sends all that is left, and past 48 MB none of it arrives."""
_DUPLICATE: Final = 11000
_DAY: Final = timedelta(days=1)
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)


class Store:
    """The store at a ``mongodb://`` URL; its database is ``electricity_prod``, unless the URL names one.

    What is not answered for ``patience`` seconds is given up.

    Raises :class:`~watthouse.errors.StreamStoreError`, here and from every method, where it cannot be used.
    """

    def __init__(self, url: str, *, patience: float = PATIENCE) -> None:
        self._connection = Connection(url, patience)
        self._documents = self._connection.collection(_DOCUMENTS)
        self._latest = self._connection.collection(_LATEST)
        self._progress = self._connection.collection(_PROGRESS)

    @classmethod
    def of(cls, settings: Settings) -> "Store":
        """The one that is set; raises :class:`~watthouse.errors.UsageError` where none is."""
        if not settings.stream_store:
            raise UsageError("no store is named: set WATTHOUSE_STREAM_STORE to mongodb://user@host/")
        return cls(settings.stream_store.get_secret_value())

    @property
    def host(self) -> str:
        """What messages call it by."""
        return self._connection.host

    def close(self) -> None:
        self._connection.close()

    def upsert(self, documents: Iterable[Document]) -> int:
        """Write each unless a newer observation of its slot is there; returns how many changed something.

        One of the same observation replaces it: what is derived from the whole day may have changed.
        """
        remaining, written = iter(documents), 0
        while batch := list(islice(remaining, _BULK)):
            written += self._write(batch)
        return written

    def _write(self, batch: Iterable[Document]) -> int:
        # a newer one there does not match the guard, and is then met as a duplicate: that one stays
        guarded = [ReplaceOne({"_id": each["_id"], "rev": {"$lte": each["rev"]}}, each, upsert=True) for each in batch]
        with self._connection.translated():
            try:
                result: Mapping[str, Any] = self._documents.bulk_write(guarded, ordered=False).bulk_api_result
            except BulkWriteError as error:
                result = error.details
        self._refuse(result)
        return int(result["nUpserted"] + result["nModified"])

    def _refuse(self, result: Mapping[str, Any]) -> None:
        others = [error["errmsg"] for error in result["writeErrors"] if not _is_newer(error)]
        others += [error["errmsg"] for error in result["writeConcernErrors"]]
        if others:
            raise StreamStoreError(f"the stream's store at {self.host} did not write {len(others)}: {others[0]}")

    def days(self, groups: Iterable[tuple[str, str, str]]) -> Iterator[Document]:
        """The documents of civil days, each given as dataset, region and date (``YYYY-MM-DD``)."""
        for dataset, region, since, until in _spans(groups):
            yield from self._between(dataset, region, since, until)

    def day(self, region: str, day: str) -> list[Document]:
        """The documents of one civil day of a region (``FR`` for France), in their order."""
        return list(self.days([(dataset_of(region), region, day)]))

    def slots(self, dataset: str, since: datetime, until: datetime) -> Iterator[Document]:
        """The documents of a dataset from ``since`` until before ``until``, region by region, in their order."""
        for region in _regions(dataset):
            yield from self._between(dataset, region, since, until)

    def latest(self) -> list[Document]:
        """The newest measured document of every region that has one, and its newest mix (``mixed``).

        They cost the same whatever the size of the history.
        """
        with self._connection.translated():
            return list(self._latest.find())

    def settle(self, regions: Iterable[tuple[str, str]]) -> None:
        """Say anew what the latest of these (dataset, region) are, from the documents there are."""
        changes = [self._settled(dataset, region) for dataset, region in set(regions)]
        with self._connection.translated():
            if changes:
                self._latest.bulk_write(changes, ordered=False)

    def _settled(self, dataset: str, region: str) -> ReplaceOne[Document] | DeleteOne:
        newest = self._newest(_range(dataset, region, _FIRST, _LAST), "measured")
        if newest is None:
            return DeleteOne({"_id": region})
        instant = newest["instant"]
        # a day at most: it would else be looked for in all of the history of a region without any
        before = _range(dataset, region, instant - MIX_LAG, instant)
        mixed = newest if newest.get("mix_known") else self._newest(before, "mix_known")
        latest = {**newest, "_id": region, MIXED: mix_of(mixed) if mixed else None}
        return ReplaceOne({"_id": region}, latest, upsert=True)

    def _newest(self, among: Document, state: str) -> Document | None:
        with self._connection.translated():
            return self._documents.find_one({**among, state: True}, sort=[("_id", DESCENDING)])

    def forget(self, before: datetime) -> int:
        """Delete the documents of slots before that instant; returns how many there were."""
        with self._connection.translated():
            return sum(
                self._documents.delete_many(_range(dataset, region, _FIRST, before)).deleted_count
                for dataset in LAYOUTS
                for region in _regions(dataset)
            )

    def leased(self, who: str, seconds: float) -> AbstractContextManager[Lease]:
        """Be the one processor of this store; raises :class:`~watthouse.errors.BusyError` where another is."""
        return Lease(self._connection, self._connection.collection(_LEASES), who, seconds).held()

    def note_progress(self, progress: Mapping[str, Any]) -> None:
        """Keep how far the processor has come, in the place of what was noted before."""
        with self._connection.translated():
            self._progress.replace_one({"_id": _PROCESSOR}, {**progress, "_id": _PROCESSOR}, upsert=True)

    def progress(self) -> Document | None:
        """What the processor last noted; None before it did."""
        with self._connection.translated():
            return self._progress.find_one({"_id": _PROCESSOR})

    def _between(self, dataset: str, region: str, since: datetime, until: datetime) -> Iterator[Document]:
        with self._connection.translated():
            yield from self._documents.find(_range(dataset, region, since, until), sort=[("_id", 1)], batch_size=_READ)


def _spans(groups: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str, datetime, datetime]]:
    """The periods of civil days, by dataset and region; days that follow each other are one."""
    # each query waits for the store to finish what it writes: a day each would be hundreds of them a batch
    by_place: dict[tuple[str, str], set[date]] = {}
    for dataset, region, day in groups:
        by_place.setdefault((dataset, region), set()).add(date.fromisoformat(day))
    for place, days in by_place.items():
        starts = sorted(day for day in days if day - _DAY not in days)
        ends = sorted(day for day in days if day + _DAY not in days)
        for first, last in zip(starts, ends, strict=True):
            yield *place, start_of(first), end_of(last)


def _is_newer(error: Mapping[str, Any]) -> bool:
    """Whether a document of that ``_id`` kept one out, not the unique index that somebody gave the collection."""
    return error["code"] == _DUPLICATE and " index: _id_ " in error["errmsg"]


def _range(dataset: str, region: str, since: datetime, until: datetime) -> Document:
    return {"_id": {"$gte": key_of(dataset, region, since), "$lt": key_of(dataset, region, until)}}


def _regions(dataset: str) -> list[str]:
    return [region for region in NAMES if dataset_of(region) == dataset]
