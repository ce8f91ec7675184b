"""Where questions become answers: the snapshot they are put to, the answers kept at hand."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from cachetools import LRUCache
from starlette.requests import Request
from starlette.responses import Response

from watthouse.catalog import LICENCE
from watthouse.home import Home
from watthouse.serve import formats
from watthouse.serve.formats import Format, Labels, Shown
from watthouse.serve.problems import ProblemError
from watthouse.serve.queries import attribution
from watthouse.serve.queries.question import Question
from watthouse.serve.refreshing import Refresher
from watthouse.settings import Settings
from watthouse.warehouse.query import Prepared
from watthouse.warehouse.snapshots import Snapshot

_LARGEST_KEPT: Final = 8  # parts of the cache one answer may fill


@dataclass(frozen=True)
class _Kept:
    """An answer at hand: its ``body``, and whose figures it gives as a ``Link``."""

    body: bytes
    link: str


class Service:
    """What every call needs, one of it a server."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.snapshots = Home(settings).snapshots()
        self.refresher = Refresher(settings)
        self._lock = threading.Lock()
        self._kept: LRUCache[str, _Kept] = LRUCache(max(settings.cache_bytes, 1), getsizeof=lambda one: len(one.body))

    def answer(
        self, request: Request, style: Format | None, ask: Callable[[Snapshot], Question], name: str
    ) -> Response:
        """A bounded answer of the warehouse as it stands, or 304 where the caller holds it."""
        with self.snapshots.lease() as snapshot:
            return self.versioned(
                request, style, name, snapshot.version, snapshot.sample, lambda: self._bounded(snapshot, ask(snapshot))
            )

    def versioned(
        self,
        request: Request,
        style: Format | None,
        name: str,
        version: str,
        sample: str | None,
        ask: Callable[[], Question],
    ) -> Response:
        """An answer that is the same as long as ``version`` is; its ``rows`` are an Arrow table."""
        wanted = formats.chosen(request, style)
        tag = formats.etag(version, request, wanted)
        headers = formats.headers_of(version, sample, tag)
        if formats.unchanged(request, tag):
            return formats.not_modified(headers)
        with self._lock:
            kept = self._kept.get(tag)
        if kept is None:
            question = ask()
            assert isinstance(question.rows, pa.Table)
            body = formats.whole(labels(question, version, sample), question.rows, wanted)
            kept = _Kept(body, attribution.links(question.used or (), sample))
            self._keep(tag, kept)
        attached = formats.attached({**headers, "link": kept.link}, name, wanted)
        return Response(kept.body, media_type=formats.content_type(wanted), headers=attached)

    def stream(
        self, request: Request, style: Format | None, ask: Callable[[Snapshot], Question], name: str
    ) -> Response:
        """An answer of any size, in bounded memory."""
        wanted = formats.chosen(request, style)
        with ExitStack() as held:
            snapshot = held.enter_context(self.snapshots.lease())
            tag = formats.etag(snapshot.version, request, wanted)
            headers = formats.headers_of(snapshot.version, snapshot.sample, tag)
            if formats.unchanged(request, tag):
                return formats.not_modified(headers)
            question = ask(snapshot).attributed(snapshot)
            said = labels(question, snapshot.version, snapshot.sample)
            reader = held.enter_context(snapshot.batches(question.rows))
            link = attribution.links(question.used or (), snapshot.sample)
            attached = formats.attached({**headers, "link": link}, name, wanted)
            return formats.stream(said, reader, reader.schema, wanted, attached, held.pop_all())

    def close(self) -> None:
        """End what runs here, let go of what is held."""
        self.refresher.stop()
        self.snapshots.close()

    def _bounded(self, snapshot: Snapshot, question: Question) -> Question:
        question = question.attributed(snapshot)
        if isinstance(question.rows, pa.Table):
            return question
        asked = question.rows
        if not isinstance(asked, Prepared):  # a form has a few rows a day at most
            asked = asked.limit(self.settings.max_rows + 1)
        rows = snapshot.rows(asked)
        if rows.num_rows > self.settings.max_rows:
            raise ProblemError(
                422, f"the answer has more than {self.settings.max_rows:,} rows: ask for a shorter period"
            )
        return question.with_rows(rows)

    def _keep(self, tag: str, one: _Kept) -> None:
        if len(one.body) * _LARGEST_KEPT <= self._kept.maxsize:
            with self._lock:
                self._kept[tag] = one


def labels(question: Question, version: str, sample: str | None) -> Labels:
    """What stands with the rows of an answer."""
    used = question.used or ()
    columns = (*question.columns, _SAMPLE) if sample else question.columns
    more = {"attribution": attribution.as_metadata(used, sample), **question.more}
    return Labels(question.title, columns, attribution.in_words(used, sample), LICENCE, version, sample, more)


_SAMPLE: Final = Shown("sample", "", "The synthetic sample that the row is of: nobody measured it")
