"""Where questions become answers: the snapshot they are put to, the answers kept at hand."""

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Final

import ibis.expr.types as ir
import pyarrow as pa
from cachetools import LRUCache
from starlette.requests import Request
from starlette.responses import Response

from watthouse.catalog import LICENCE, PORTAL
from watthouse.serve import delivery
from watthouse.serve.delivery import Format, Labels, Shown
from watthouse.serve.dictionary import Mart, marts
from watthouse.serve.forms import Form
from watthouse.serve.problems import ProblemError
from watthouse.serve.refreshing import Refresher
from watthouse.serve.snapshots import Snapshot, Snapshots
from watthouse.settings import Settings

_LARGEST_KEPT: Final = 8  # parts of the cache one answer may fill
_EVERYONE: Final = f"{PORTAL}: RTE, NaTran, Teréga, Storengy, Enedis; made by watthouse"


@dataclass(frozen=True)
class Question:
    """What a call wants of a snapshot: rows, and what stands with them."""

    title: str
    rows: ir.Table | Form | pa.Table
    columns: tuple[Shown, ...]
    more: Mapping[str, Any] = field(default_factory=dict)
    source: str = _EVERYONE

    def with_rows(self, rows: pa.Table, **more: Any) -> "Question":
        """The same question, answered."""
        return replace(self, rows=rows, more={**self.more, **more})


class Desk:
    """What every call needs, one of it a server."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.snapshots = Snapshots(settings)
        self.refresher = Refresher(settings)
        self._lock = threading.Lock()
        self._kept: LRUCache[str, bytes] = LRUCache(max(settings.cache_bytes, 1), getsizeof=len)

    @property
    def marts(self) -> Mapping[str, Mart]:
        return marts(self.settings.transform)

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
        wanted = delivery.chosen(request, style)
        tag = delivery.etag(version, request, wanted)
        headers = delivery.headers_of(version, sample, tag)
        if delivery.unchanged(request, tag):
            return delivery.not_modified(headers)
        with self._lock:
            body = self._kept.get(tag)
        if body is None:
            question = ask()
            assert isinstance(question.rows, pa.Table)
            body = delivery.whole(labels(question, version, sample), question.rows, wanted)
            self._keep(tag, body)
        return Response(
            body, media_type=delivery.content_type(wanted), headers=delivery.attached(headers, name, wanted)
        )

    def stream(
        self, request: Request, style: Format | None, ask: Callable[[Snapshot], Question], name: str
    ) -> Response:
        """An answer of any size, in bounded memory."""
        wanted = delivery.chosen(request, style)
        with ExitStack() as held:
            snapshot = held.enter_context(self.snapshots.lease())
            tag = delivery.etag(snapshot.version, request, wanted)
            headers = delivery.headers_of(snapshot.version, snapshot.sample, tag)
            if delivery.unchanged(request, tag):
                return delivery.not_modified(headers)
            question = ask(snapshot)
            said = labels(question, snapshot.version, snapshot.sample)
            reader = held.enter_context(snapshot.engine.batches(question.rows))
            attached = delivery.attached(headers, name, wanted)
            return delivery.stream(said, reader, reader.schema, wanted, attached, held.pop_all())

    def close(self) -> None:
        """End what runs here, let go of what is held."""
        self.refresher.stop()
        self.snapshots.close()

    def _bounded(self, snapshot: Snapshot, question: Question) -> Question:
        if isinstance(question.rows, pa.Table):
            return question
        asked = question.rows
        if not isinstance(asked, Form):  # a form has a few rows a day at most
            asked = asked.limit(self.settings.max_rows + 1)
        rows = snapshot.engine.rows(asked)
        if rows.num_rows > self.settings.max_rows:
            raise ProblemError(
                422, f"the answer has more than {self.settings.max_rows:,} rows: ask for a shorter period"
            )
        return question.with_rows(rows)

    def _keep(self, tag: str, body: bytes) -> None:
        if len(body) * _LARGEST_KEPT <= self._kept.maxsize:
            with self._lock:
                self._kept[tag] = body


def labels(question: Question, version: str, sample: str | None) -> Labels:
    """What stands with the rows of an answer."""
    source = f"watthouse's synthetic sample ({sample}): nobody measured these figures" if sample else question.source
    columns = (*question.columns, _SAMPLE) if sample else question.columns
    return Labels(question.title, columns, source, LICENCE, version, sample, question.more)


_SAMPLE: Final = Shown("sample", "", "The synthetic sample that the row is of: nobody measured it")
