"""Answers calls from a snapshot of the warehouse, and caches them by version."""

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from cachetools import LRUCache
from starlette.requests import Request
from starlette.responses import Response

from watthouse.catalog import LICENCE
from watthouse.home import Home
from watthouse.serve import deadline, formats, writers
from watthouse.serve.formats import AnswerColumn, Format, Labels
from watthouse.serve.line import Line
from watthouse.serve.live import Live
from watthouse.serve.meters import Meters
from watthouse.serve.problems import ProblemError
from watthouse.serve.queries import attribution
from watthouse.serve.queries.call import RowSet
from watthouse.serve.queued import Download, Queued
from watthouse.serve.refreshing import Refresher
from watthouse.serve.spool import Spools
from watthouse.settings import Settings
from watthouse.warehouse.query import Prepared
from watthouse.warehouse.snapshots import Snapshot

_LARGEST_CACHED: Final = 8  # parts of the cache one answer may fill


@dataclass(frozen=True)
class _CachedAnswer:
    """A cached answer: its ``body``, and its sources as a ``Link`` header."""

    body: bytes
    link: str


class Service:
    """What every call needs; one per server."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._home, self._home_of = Home(settings), ""
        self.snapshots = self._home.snapshots()
        self.refresher = Refresher(settings)
        self.meters = Meters(settings)
        self.live = Live(settings)
        # two lines: what computes for a moment does not wait for what fills a file
        self._computing, self._downloads = (Line(os.cpu_count() or 1, settings.wait_seconds) for _ in range(2))
        self._models = Line(1, settings.wait_seconds)
        self._spools = Spools(settings.scratch / "answers")
        # calls run in threads, and the cache of cachetools is not safe for them
        self._lock = threading.Lock()
        # by bytes: answers differ a thousandfold in size
        self._cache: LRUCache[str, _CachedAnswer] = LRUCache(
            max(settings.cache_bytes, 1), getsizeof=lambda cached: len(cached.body)
        )

    @property
    def home(self) -> Home:
        """The lake and the warehouse; tables in a bucket are opened once a build, and brought up to date from there."""
        # in a folder they are opened in no time, and may have been removed or restored since
        if not self._home.place.is_shared:
            return Home(self.settings)
        with self.snapshots.lease() as snapshot, self._lock:
            if self._home_of != snapshot.version:
                self._home, self._home_of = Home(self.settings), snapshot.version
            return self._home

    def queued(self, make: Callable[[], Response]) -> Response:
        """What ``make`` answers when its turn comes: a few of those that compute much at a time."""
        return Queued(self._computing, self._spools, make)

    def alone(self, make: Callable[[], Response]) -> Response:
        """The same for what runs models again, one at a time: an engine may have one place to do so in, and whoever
        waited for it in a thread would have its time run out."""
        return Queued(self._models, self._spools, make)

    def answer(self, request: Request, style: Format | None, ask: Callable[[Snapshot], RowSet], name: str) -> Response:
        """A bounded answer from the current warehouse, or 304 where the caller has it."""
        with self.snapshots.lease() as snapshot:
            return self.versioned(
                request, style, name, snapshot.version, snapshot.sample, lambda: self._bounded(snapshot, ask(snapshot))
            )

    def known(self, request: Request, style: Format | None, name: str) -> Response | None:
        """What waits for nobody: 304 where the caller has the answer, and one that was computed already."""
        with self.snapshots.lease() as snapshot:
            return self._known(request, formats.chosen(request, style), name, snapshot.version, snapshot.sample)

    def versioned(
        self,
        request: Request,
        style: Format | None,
        name: str,
        version: str,
        sample: str | None,
        ask: Callable[[], RowSet],
    ) -> Response:
        """An answer that is the same as long as ``version`` is; its ``rows`` are an Arrow table."""
        chosen = formats.chosen(request, style)
        # before anything is read: a caller that has the answer costs nothing
        if known := self._known(request, chosen, name, version, sample):
            return known
        computed = self._computed(ask, version, sample, chosen)
        tag = formats.etag(version, request, chosen)
        self._cache_answer(tag, computed)
        return _response(computed, chosen, name, formats.headers_of(version, sample, tag))

    def stream(self, request: Request, style: Format | None, ask: Callable[[Snapshot], RowSet], name: str) -> Response:
        """An answer of any size, in bounded memory, when its turn comes."""
        chosen = formats.chosen(request, style)
        self._spools.refuse_more()
        return Queued(self._downloads, self._spools, lambda: self._download(request, chosen, ask, name))

    def _download(self, request: Request, chosen: Format, ask: Callable[[Snapshot], RowSet], name: str) -> Response:
        # once more: others may have come while it waited, and nothing is computed yet
        self._spools.refuse_more()
        with ExitStack() as resources:
            # leased until the last row is read: a build published meanwhile must not mix into this answer
            snapshot = resources.enter_context(self.snapshots.lease())
            tag = formats.etag(snapshot.version, request, chosen)
            headers = formats.headers_of(snapshot.version, snapshot.sample, tag)
            if formats.unchanged(request, tag):
                return formats.not_modified(headers)
            row_set = ask(snapshot).attributed(snapshot).within_held()
            stands_with = labels(row_set, snapshot.version, snapshot.sample)
            reader = resources.enter_context(snapshot.batches(row_set.rows))
            link = attribution.links(row_set.used or (), snapshot.sample)
            attached = formats.attached({**headers, "link": link}, name, chosen)
            pieces = writers.pieces(stands_with, reader, reader.schema, chosen)
            return Download(pieces, resources.pop_all(), writers.content_type(chosen), attached)

    def close(self) -> None:
        """Stop a running refresh, let listeners go, and release the snapshots, the stores and the databases."""
        self.live.close()
        self.refresher.stop()
        self.meters.close()
        self.snapshots.close()

    def _known(self, request: Request, chosen: Format, name: str, version: str, sample: str | None) -> Response | None:
        tag = formats.etag(version, request, chosen)
        headers = formats.headers_of(version, sample, tag)
        if formats.unchanged(request, tag):
            return formats.not_modified(headers)
        with self._lock:
            # the version is in the tag, so nothing has to be invalidated
            cached = self._cache.get(tag)
        return _response(cached, chosen, name, headers) if cached else None

    def _computed(self, ask: Callable[[], RowSet], version: str, sample: str | None, chosen: Format) -> _CachedAnswer:
        with deadline.within(self.settings.query_seconds):
            row_set = ask()
        # without a limit: what is there already would be computed again by whoever comes again
        assert isinstance(row_set.rows, pa.Table)
        body = writers.whole(labels(row_set, version, sample), row_set.rows, chosen)
        link = "" if row_set.owner and not row_set.used else attribution.links(row_set.used or (), sample)
        return _CachedAnswer(body, link)

    def _bounded(self, snapshot: Snapshot, row_set: RowSet) -> RowSet:
        row_set = row_set.attributed(snapshot)
        if isinstance(row_set.rows, pa.Table):
            return row_set
        query = row_set.rows
        if not isinstance(query, Prepared):  # a form has a few rows a day at most
            query = query.limit(self.settings.max_rows + 1)
        rows = snapshot.rows(query)
        # one row more than allowed was asked for, to tell "too many" from "just as many"
        if rows.num_rows > self.settings.max_rows:
            raise ProblemError(
                422, f"the answer has more than {self.settings.max_rows:,} rows: choose a shorter period"
            )
        return row_set.with_rows(rows)

    def _cache_answer(self, tag: str, answer: _CachedAnswer) -> None:
        # one large answer would push out all others
        if len(answer.body) * _LARGEST_CACHED <= self._cache.maxsize:
            with self._lock:
                self._cache[tag] = answer


def _response(answer: _CachedAnswer, chosen: Format, name: str, headers: Mapping[str, str]) -> Response:
    links = {"link": answer.link} if answer.link else {}
    attached = formats.attached({**headers, **links}, name, chosen)
    return Response(answer.body, media_type=writers.content_type(chosen), headers=attached)


def labels(row_set: RowSet, version: str, sample: str | None) -> Labels:
    """What describes the rows of an answer."""
    used = row_set.used or ()
    columns = (*row_set.columns, _SAMPLE) if sample else row_set.columns
    more = {"attribution": attribution.as_metadata(used, sample), **row_set.more}
    owners = [row_set.owner] if row_set.owner else []
    # what a user measured is the user's, what it is set against is the publishers'
    published = [] if owners and not used else [attribution.in_words(used, sample)]
    licence = LICENCE if published else ""
    return Labels(row_set.title, columns, "; ".join([*owners, *published]), licence, version, sample, more)


_SAMPLE: Final = AnswerColumn("sample", "", "The synthetic sample that the row belongs to: nobody measured it")
