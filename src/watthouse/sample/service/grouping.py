"""Grouped answers: counts, sums, extremes and means by key, cached month by month until the month changes."""

from collections.abc import Callable, Hashable, Mapping
from threading import Lock
from typing import Final

import polars as pl
from cachetools import LRUCache, cachedmethod

from watthouse.sample.service.odsql import RowsRequest, Term, strftime
from watthouse.sample.service.timespan import TimeSpan
from watthouse.sample.service.view import DatasetView, ordered

_AGGREGATES: Final[Mapping[str, Callable[[pl.Expr], pl.Expr]]] = {
    "count": pl.Expr.count,
    "sum": pl.Expr.sum,
    "min": pl.Expr.min,
    "max": pl.Expr.max,
}
_MERGED: Final = {**_AGGREGATES, "count": pl.Expr.sum}
_ROWS: Final = Term("*", "count")


_Tables = LRUCache[Hashable, pl.DataFrame]


def _answer_key(_: "Grouper", view: DatasetView, request: RowsRequest) -> Hashable:
    return view.dataset_id, request, view.processed


def _part_key(_: "Grouper", view: DatasetView, request: RowsRequest, part: TimeSpan) -> Hashable:
    selection = (request.among, request.select, request.keys, str(request.zone))
    return view.dataset_id, part, view.stamp(f"{part.since:%Y-%m}"), selection


class Grouper:
    """Answers grouped requests. Months that did not change since are not read again.

    Safe to use from several threads; two may compute the same.
    """

    def __init__(self, capacity: int = 32 * 2**20) -> None:
        self._parts = _Tables(capacity, getsizeof=_bytes)
        self._answers = _Tables(capacity // 4, getsizeof=_bytes)
        self._lock = Lock()

    @cachedmethod(lambda self: self._answers, key=_answer_key, lock=lambda self: self._lock)
    def grouped(self, view: DatasetView, request: RowsRequest) -> pl.DataFrame:
        """One row per group: its keys, then its aggregates, in the requested order (else by key)."""
        names = [key.name for key in request.keys]
        parts = [self._part(view, request, part) for _, part in view.months(request.span)] or [
            _aggregated(view.empty, request)  # no rows: no groups, and one row of nothing where there are no keys
        ]
        merged = [_MERGED[term.function](pl.col(term.text)) for term in _partials(request)]
        stacked = pl.concat(parts, rechunk=True)
        whole = stacked.group_by(names).agg(merged).sort(names) if names else stacked.select(merged)
        return ordered(whole.select(*names, *map(_final, request.select)), request)

    def count(self, view: DatasetView, request: RowsRequest) -> int:
        """How many rows a request selects, before any grouping."""
        if request.span == TimeSpan() and not request.among:
            return view.total
        plain = RowsRequest(request.span, request.among, (_ROWS,), (), (), request.zone)
        return int(self.grouped(view, plain).item())

    @cachedmethod(lambda self: self._parts, key=_part_key, lock=lambda self: self._lock)
    def _part(self, view: DatasetView, request: RowsRequest, part: TimeSpan) -> pl.DataFrame:
        return _aggregated(view.rows(part, request.among), request)


def _bytes(frame: pl.DataFrame) -> int:
    """The memory of a table, with the overhead of its columns (measured: about 2 kB each)."""
    return int(frame.estimated_size()) + 2_000 * frame.width


def _aggregated(frame: pl.DataFrame, request: RowsRequest) -> pl.DataFrame:
    frame = frame.with_columns(pl.selectors.datetime().dt.convert_time_zone(str(request.zone)))
    partials = list(map(_partial, _partials(request)))
    return frame.group_by(map(_key, request.keys)).agg(partials) if request.keys else frame.select(partials)


def _partials(request: RowsRequest) -> list[Term]:
    """The aggregates needed of each month to combine them: a mean needs its sum and its count."""
    parts = {"avg": ("sum", "count")}
    needed = [Term(term.field, part) for term in request.select for part in parts.get(term.function, (term.function,))]
    return list(dict.fromkeys(needed))


def _partial(term: Term) -> pl.Expr:
    column = pl.len() if term == _ROWS else _AGGREGATES[term.function](pl.col(term.field))
    return (column.cast(pl.Int64) if term.function == "count" else column).alias(term.text)


def _final(term: Term) -> pl.Expr:
    if term.function == "avg":
        return (pl.col(f"sum({term.field})") / pl.col(f"count({term.field})").replace(0, None)).alias(term.name)
    return pl.col(term.text).alias(term.name)


def _key(key: Term) -> pl.Expr:
    column = pl.col(key.field)
    match key.function:
        case "year":
            column = column.dt.year()
        case "month":
            column = column.dt.month()
        case "date_format":
            column = column.dt.strftime(strftime(key.pattern))
    return column.alias(key.name)
