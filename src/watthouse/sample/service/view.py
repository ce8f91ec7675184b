"""Rows of a dataset as shown at a moment, a month at a time: the whole history is never in memory at once."""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Protocol

import polars as pl

from watthouse.catalog import CATALOG
from watthouse.sample.country.calendar import month_end, month_start
from watthouse.sample.service.disk_cache import DiskCache
from watthouse.sample.service.odsql import Among, RowsRequest, Shape
from watthouse.sample.service.timespan import TimeSpan

_SHORT: Final = timedelta(days=35)
_TYPES: Final = {pl.Date: "date", pl.Datetime: "datetime", pl.String: "text"}


class Publication(Protocol):
    """Decides which rows are shown when; implemented by :class:`watthouse.sample.publishing.Publisher`."""

    @property
    def seed(self) -> int: ...

    @property
    def since(self) -> date: ...

    def rows(self, dataset_id: str, now: datetime) -> int: ...

    def table(
        self, dataset_id: str, now: datetime, since: datetime | None = None, until: datetime | None = None
    ) -> pl.DataFrame: ...

    def processed(self, dataset_id: str, now: datetime) -> datetime: ...

    def months(self, dataset_id: str, now: datetime) -> list[str]: ...

    def stamp(self, dataset_id: str, month: str, now: datetime) -> Hashable: ...


@dataclass(frozen=True)
class DatasetView:
    """One dataset as shown at ``now``, in the columns of ``schema``; ``cache`` keeps the months that were read."""

    publisher: Publication
    dataset_id: str
    now: datetime
    schema: pl.Schema
    cache: DiskCache

    @property
    def shape(self) -> Shape:
        """Every field with its Opendatasoft type."""
        return Shape({name: field_type(kind) for name, kind in self.schema.items()}, CATALOG[self.dataset_id].time)

    @property
    def empty(self) -> pl.DataFrame:
        """No rows, every column."""
        return pl.DataFrame(schema=self.schema)

    def months(self, span: TimeSpan) -> Iterator[tuple[str, TimeSpan]]:
        """Each UTC month that has rows in ``span``, oldest first, and the part of it that lies in the span."""
        first, last = _label(span.since, "0000-00"), _label(span.until, "9999-99")
        for month in self.publisher.months(self.dataset_id, self.now):
            if not first <= month <= last:
                continue
            part = month_span(month) & span
            if part.since and part.until and part.since < part.until:
                yield month, part

    def spans(self, span: TimeSpan) -> list[TimeSpan]:
        """``span`` in pieces that fit into memory, oldest first: one where it is short, else a month each."""
        parts = [part for _, part in self.months(span)]
        if not parts:
            return []
        whole = TimeSpan(parts[0].since, parts[-1].until)
        assert whole.since is not None
        assert whole.until is not None
        return [whole] if whole.until - whole.since <= _SHORT else parts

    def rows(self, span: TimeSpan, among: Iterable[Among] = ()) -> pl.DataFrame:
        """The rows of one piece, in clock order, every column."""
        frame = pl.concat([self.empty, *(self._part(month, part) for month, part in self.months(span))])
        for field, values in among:
            frame = frame.filter(pl.col(field).is_in(values))
        return frame

    @property
    def total(self) -> int:
        """How many rows there are."""
        return self.publisher.rows(self.dataset_id, self.now)

    def _part(self, month: str, part: TimeSpan) -> pl.DataFrame:
        """The rows of a month, or of a part of it; whole months are cached until they change."""
        key, is_whole = (self.dataset_id, month, self.stamp(month)), part == month_span(month)
        cached = self.cache.find(key)
        if cached is not None:
            frame = cached if is_whole else cached.filter(_within(cached, self.shape.time, part))
        else:
            frame = self.publisher.table(self.dataset_id, self.now, part.since, part.until)
            if is_whole:
                self.cache.put(key, frame)
        return frame.select(list(self.schema))

    @property
    def processed(self) -> datetime:
        """The moment of the last processing: while it stays the same, so does every answer."""
        return self.publisher.processed(self.dataset_id, self.now)

    def stamp(self, month: str) -> Hashable:
        """Equal for equal rows of the month."""
        return self.publisher.stamp(self.dataset_id, month, self.now)


def _label(moment: datetime | None, without: str) -> str:
    return f"{moment.year:04}-{moment.month:02}" if moment else without


def _within(frame: pl.DataFrame, time: str, span: TimeSpan) -> pl.Expr:
    moment = pl.col(time)
    if frame.schema[time] == pl.Date:
        moment = moment.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return (moment >= span.since) & (moment < span.until)


def field_type(kind: pl.DataType) -> str:
    """The Opendatasoft type of a column: text, int, double, date or datetime."""
    return _TYPES.get(kind.base_type()) or ("int" if kind.is_integer() else "double")


def month_span(month: str) -> TimeSpan:
    """The UTC month ``YYYY-MM``."""
    return TimeSpan(month_start(month), month_end(month))


def selected(frame: pl.DataFrame, request: RowsRequest) -> pl.DataFrame:
    """The columns that an ungrouped request selects, under their aliases."""
    return frame.select(pl.col(term.field).alias(term.name) for term in request.select)


def ordered(frame: pl.DataFrame, request: RowsRequest) -> pl.DataFrame:
    """``frame`` sorted as the request says; nulls last."""
    if not request.order:
        return frame
    names, descending = zip(*request.order, strict=True)
    return frame.sort(names, descending=descending, nulls_last=True, maintain_order=True)
