"""Grouped answers: counts, sums, extremes and means by key, folded month by month and kept as long as they hold."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from watthouse.sample.service.asking import Question, Term, strftime
from watthouse.sample.service.reading import View, ordered
from watthouse.sample.service.shelf import Shelf, weight
from watthouse.sample.service.spans import Span

_MERGED: Final = {"count": "sum", "sum": "sum", "min": "min", "max": "max"}
_ROWS: Final = Term("*", "count")


class Folder:
    """Answers grouped questions. Parts of months that did not change since are not read again."""

    def __init__(self, capacity: int = 32 * 2**20) -> None:
        self._parts = Shelf[pl.DataFrame](capacity, weight)
        self._answers = Shelf[pl.DataFrame](capacity // 4, weight)

    def grouped(self, view: View, question: Question) -> pl.DataFrame:
        """One row a group: its keys, then its aggregates, in the order asked for (else by key)."""
        key = (view.dataset_id, question, view.processed)
        return self._answers.get(key, lambda: self._merged(view, question))

    def count(self, view: View, question: Question) -> int:
        """How many rows a question selects, whatever it makes of them."""
        if question.span == Span() and not question.among:
            return view.total
        plain = Question(question.span, question.among, (_ROWS,), (), (), question.zone)
        return int(self.grouped(view, plain).item())

    def _merged(self, view: View, question: Question) -> pl.DataFrame:
        names = [key.name for key in question.keys]
        parts = [self._part(view, question, month, part) for month, part in view.months(question.span)] or [
            _folded(view.empty, question)  # no rows: no groups, and one row of nothing where there are no keys
        ]
        merged = [pl.col(term.text).pipe(_apply, _MERGED[term.function]) for term in _partials(question)]
        stacked = pl.concat(parts, rechunk=True)
        whole = stacked.group_by(names).agg(merged).sort(names) if names else stacked.select(merged)
        return ordered(whole.select(*names, *(_final(term) for term in question.select)), question)

    def _part(self, view: View, question: Question, month: str, part: Span) -> pl.DataFrame:
        stamp = view.stamp(month)
        asked = (question.among, question.select, question.keys, str(question.zone))
        key = (view.dataset_id, month, stamp, part, asked)
        return self._parts.get(key, lambda: _folded(view.rows(part, question.among), question))


def _folded(frame: pl.DataFrame, question: Question) -> pl.DataFrame:
    keys = [_key(key, frame, question) for key in question.keys]
    partials = [_partial(term) for term in _partials(question)]
    return frame.group_by(keys).agg(partials) if keys else frame.select(partials)


def _partials(question: Question) -> Iterator[Term]:
    """What must be known of each part to answer the whole: a mean needs its sum and its count."""
    seen = set()
    for term in question.select:
        for function in ("sum", "count") if term.function == "avg" else (term.function,):
            partial = Term(term.field, function)
            if partial not in seen:
                seen.add(partial)
                yield partial


def _partial(term: Term) -> pl.Expr:
    if term == _ROWS:
        return pl.len().cast(pl.Int64).alias(term.text)
    expression = pl.col(term.field).pipe(_apply, term.function)
    return (expression.cast(pl.Int64) if term.function == "count" else expression).alias(term.text)


def _final(term: Term) -> pl.Expr:
    if term.function == "avg":
        total, count = pl.col(f"sum({term.field})"), pl.col(f"count({term.field})")
        return pl.when(count > 0).then(total / count).alias(term.name)
    return pl.col(term.text).alias(term.name)


def _apply(column: pl.Expr, function: str) -> pl.Expr:
    match function:
        case "count":
            return column.count()
        case "sum":
            return column.sum()
        case "min":
            return column.min()
    return column.max()


def _key(key: Term, frame: pl.DataFrame, question: Question) -> pl.Expr:
    column = pl.col(key.field)
    if key.function and isinstance(frame.schema[key.field], pl.Datetime):
        column = column.dt.convert_time_zone(str(question.zone))
    match key.function:
        case "year":
            column = column.dt.year()
        case "month":
            column = column.dt.month()
        case "date_format":
            column = column.dt.strftime(strftime(key.pattern))
    return column.alias(key.name)
