"""Calls, each declared once, and the rows that they give."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

import pyarrow as pa

from watthouse.serve.formats import AnswerColumn
from watthouse.serve.queries import attribution
from watthouse.serve.queries.attribution import DayRange, Used
from watthouse.serve.queries.params import FormatParams
from watthouse.warehouse.query import Prepared, Query
from watthouse.warehouse.snapshots import Snapshot


@dataclass(frozen=True)
class RowSet:
    """Rows of a snapshot, read or still to be read, with their title, columns and sources.

    ``more`` is what an answer states beside the rows. ``marts`` are the tables used, over ``periods`` (by default those
    in ``more``) and the days of the mart ``among``; ``used`` are the datasets behind them, once resolved. Rows that
    nobody has published have an ``owner``, in place of publishers and licence or beside those of what they are set
    against.
    """

    title: str
    rows: Query | pa.Table
    columns: tuple[AnswerColumn, ...]
    more: Mapping[str, Any] = field(default_factory=dict)
    marts: tuple[str, ...] = ()
    periods: tuple[DayRange, ...] = ()
    among: str | None = None
    used: tuple[Used, ...] | None = None
    owner: str = ""

    def attributed(self, snapshot: Snapshot) -> "RowSet":
        """The same rows, with the datasets behind them resolved."""
        # known from the rows already, as of an instant for example
        if self.used is not None:
            return self
        periods = self.periods or _periods(self.more)
        return replace(self, used=attribution.used(snapshot, self.marts, periods, self.among))

    def within_held(self) -> "RowSet":
        """The same rows, of the days alone of which the datasets behind them hold any, once these are resolved.

        What is read by half months would read 240,000 of them from the first day of the calendar to its last.
        """
        query = self.rows
        if not isinstance(query, Prepared):
            return self
        first = min((use.since for use in self.used or ()), default=query.since)
        last = max((use.until for use in self.used or ()), default=query.since)
        return replace(self, rows=query.cut(first, last))

    def with_rows(self, rows: pa.Table, **more: Any) -> "RowSet":
        """The same, with these rows."""
        return replace(self, rows=rows, more={**self.more, **more})


def _periods(more: Mapping[str, Any]) -> tuple[DayRange, ...]:
    """The periods that an answer states; all time where it states none."""
    ends = [(more.get(f"{which}since"), more.get(f"{which}until")) for which in ("", "with_")]
    return tuple((date.fromisoformat(first), date.fromisoformat(last)) for first, last in ends if first and last) or (
        attribution.ALWAYS,
    )


_PLACE: Final = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class Call:
    """What the API answers and pages ask, declared once: address, documentation and downloads follow.

    ``path`` is its address below ``/api/v1``, ``params`` its parameters, ``build(snapshot, params)`` gives its rows; a
    part of the path in braces, described by ``place``, is the third argument. A ``series`` has no limit in formats
    that are streamed: ``build`` then gets ``any_number``.

    ``summary``, ``detail`` and ``row`` are its documentation; a download is called ``file``, else as its path ends.
    """

    path: str
    params: type[FormatParams]
    build: Callable[..., RowSet]
    summary: str
    detail: str
    row: str
    tag: str = "France"
    file: str = ""
    series: bool = False
    place: Any = None

    def at(self, *place: str) -> str:
        """Its address below ``/api/v1``."""
        return self._filled(self.path, place)

    def name(self, *place: str) -> str:
        """What a download is called."""
        return self._filled(self.file, place) or self.path.rpartition("/")[2]

    @staticmethod
    def _filled(text: str, place: tuple[str, ...]) -> str:
        return _PLACE.sub(lambda _: place[0], text)
