"""Ungrouped answers: pages of records, and whole exports in an order that is never twice the same."""

import random
from collections.abc import Iterator

import polars as pl

from watthouse.sample.service.asking import Question
from watthouse.sample.service.reading import View, ordered, selected
from watthouse.sample.service.spans import Span

_PAGE_SEED = 2012


def page(view: View, question: Question, offset: int, limit: int) -> pl.DataFrame:
    """The records from ``offset`` on, at most ``limit``: without ``order_by`` in an order that is odd but lasts."""
    if question.order and not _by_time(view, question):
        return selected(_first(view, question, offset + limit).slice(offset, limit), question)
    taken: list[pl.DataFrame] = []
    for span in _in_order(view, question):
        frame = view.rows(span, question.among)
        frame = ordered(frame, question) if question.order else _shuffled(frame, _PAGE_SEED)
        taken.append(frame.slice(offset, limit))
        offset, limit = max(offset - frame.height, 0), limit - taken[-1].height
        if limit <= 0:
            break
    return selected(pl.concat(taken) if taken else view.empty, question)


def download(view: View, question: Question) -> Iterator[pl.DataFrame]:
    """Every row of an export, piece by piece; without ``order_by`` in arbitrary order (live exports are so)."""
    if question.order and not _by_time(view, question):
        yield selected(_first(view, question, None), question)
        return
    chance = random.Random()
    spans = _in_order(view, question)
    if not question.order:
        spans = _scattered(spans, chance)
    for span in spans:
        frame = view.rows(span, question.among)
        frame = ordered(frame, question) if question.order else _shuffled(frame, chance.getrandbits(32))
        yield selected(frame, question)


def _scattered(spans: list[Span], chance: random.Random) -> list[Span]:
    """``spans`` in arbitrary order, a quarter at a time: a publisher makes settled quarters in one go."""
    mixed = chance.sample(spans, len(spans))
    quarters = list(dict.fromkeys(map(_quarter, mixed)))
    return sorted(mixed, key=lambda span: quarters.index(_quarter(span)))


def _quarter(span: Span) -> tuple[int, int]:
    assert span.since is not None
    return span.since.year, (span.since.month - 1) // 3


def _by_time(view: View, question: Question) -> bool:
    return bool(question.order) and question.order[0].name == view.shape.time


def _in_order(view: View, question: Question) -> list[Span]:
    spans = view.spans(question.span)
    return spans[::-1] if question.order and question.order[0].descending else spans


def _first(view: View, question: Question, rows: int | None) -> pl.DataFrame:
    """The first rows by an order that runs across months: the best of each month, then the best of those."""
    best = view.empty
    for span in view.spans(question.span):
        best = pl.concat([best, view.rows(span, question.among)])
        if rows is not None:
            best = ordered(best, question).head(rows)
    return ordered(best, question)


def _shuffled(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    return frame.sample(fraction=1, shuffle=True, seed=seed)
