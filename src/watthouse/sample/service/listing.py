"""Ungrouped answers: pages of records, and whole exports in an order that is never the same twice."""

import random
from collections.abc import Iterator

import polars as pl

from watthouse.sample.service.odsql import RowsRequest
from watthouse.sample.service.timespan import TimeSpan
from watthouse.sample.service.view import DatasetView, ordered, selected

_PAGE_SEED = 2012


def page(view: DatasetView, request: RowsRequest, offset: int, limit: int) -> pl.DataFrame:
    """The records from ``offset`` on, at most ``limit``; without ``order_by`` in an arbitrary but stable order."""
    if request.order and not _by_time(view, request):
        return selected(_first(view, request, offset + limit).slice(offset, limit), request)
    taken: list[pl.DataFrame] = []
    for span in _in_order(view, request):
        frame = view.rows(span, request.among)
        frame = ordered(frame, request) if request.order else _shuffled(frame, _PAGE_SEED)
        taken.append(frame.slice(offset, limit))
        offset, limit = max(offset - frame.height, 0), limit - taken[-1].height
        if limit <= 0:
            break
    return selected(pl.concat(taken) if taken else view.empty, request)


def download(view: DatasetView, request: RowsRequest) -> Iterator[pl.DataFrame]:
    """Every row of an export, piece by piece; without ``order_by`` in arbitrary order, as live exports are."""
    if request.order and not _by_time(view, request):
        yield selected(_first(view, request, None), request)
        return
    chance = random.Random()  # not seeded: two downloads of the same rows differ in their order, as live ones do
    spans = _in_order(view, request)
    if not request.order:
        spans = _scattered(spans, chance)
    for span in spans:
        frame = view.rows(span, request.among)
        frame = ordered(frame, request) if request.order else _shuffled(frame, chance.getrandbits(32))
        yield selected(frame, request)


def _scattered(spans: list[TimeSpan], chance: random.Random) -> list[TimeSpan]:
    """``spans`` in arbitrary order, but a quarter at a time."""
    # The publisher makes a settled quarter in one go and keeps one: months in any order made each quarter three times,
    # and a whole export took twice as long.
    mixed = chance.sample(spans, len(spans))
    quarters = list(dict.fromkeys(map(_quarter, mixed)))
    return sorted(mixed, key=lambda span: quarters.index(_quarter(span)))


def _quarter(span: TimeSpan) -> tuple[int, int]:
    assert span.since is not None
    return span.since.year, (span.since.month - 1) // 3


def _by_time(view: DatasetView, request: RowsRequest) -> bool:
    return bool(request.order) and request.order[0][0] == view.shape.time


def _in_order(view: DatasetView, request: RowsRequest) -> list[TimeSpan]:
    spans = view.spans(request.span)
    return spans[::-1] if request.order and request.order[0][1] else spans


def _first(view: DatasetView, request: RowsRequest, rows: int | None) -> pl.DataFrame:
    """The first rows by an order that runs across months: the first of each month, then the first of those."""
    best = view.empty
    for span in view.spans(request.span):
        best = pl.concat([best, view.rows(span, request.among)])
        if rows is not None:
            best = ordered(best, request).head(rows)
    return ordered(best, request)


def _shuffled(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    return frame.sample(fraction=1, shuffle=True, seed=seed)
