"""Rows of a build that were read before, whole years of them: answers take their days out of these.

To plan a query of thirty columns takes an engine two milliseconds, whatever its period; to cut a year, none.
"""

import threading
from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import date
from typing import Final

import polars as pl
import pyarrow as pa
from cachetools import LRUCache

from watthouse.warehouse.query import Parts, Prepared, Query

_BYTES: Final = 24 * 2**20
"""For all queries of a build together: of the mix of France by day, 130 years."""
_EACH: Final = 4096
"""Bytes that a part takes with no row in it."""
_LARGEST: Final = 8
"""Parts of that which one query may fill: one answer of every region over a century would push out all others."""


class KeptRows:
    """The rows of one build, as ``read`` reads them; for any number of threads."""

    def __init__(self, read: Callable[[Query], pa.Table]) -> None:
        self._read = read
        self._lock = threading.Lock()
        # what one thread reads twice, because another did so at once, is the same
        self._blocks: LRUCache[Hashable, pa.Table] = LRUCache(_BYTES, getsizeof=lambda rows: rows.nbytes + _EACH)

    def rows(self, query: Query) -> pa.Table:
        """The whole answer; out of what is kept, where it has parts and they were read."""
        if not isinstance(query, Prepared) or query.parts is None:
            return self._read(query)
        blocks = self._blocks_of(query, query.parts)
        cut = [_between(rows, query.parts.column, query.since, query.until) for rows in blocks]
        return cut[0] if len(cut) == 1 else pa.concat_tables(cut)

    def _blocks_of(self, query: Prepared, parts: Parts) -> list[pa.Table]:
        numbers = range(query.since.year // parts.years, query.until.year // parts.years + 1)
        with self._lock:
            kept = {number: self._blocks.get((query.blank, number)) for number in numbers}
        missing = [number for number, rows in kept.items() if rows is None]
        read = self._read_blocks(query, parts, missing[0], missing[-1]) if missing else {}
        return [read[number] if rows is None else rows for number, rows in kept.items()]

    def _read_blocks(self, query: Prepared, parts: Parts, first: int, last: int) -> dict[int, pa.Table]:
        """Blocks by their number: read by one query, and kept where they are small."""
        since, until = _ends(parts, first)[0], _ends(parts, last)[1]
        rows = self._read(replace(query, since=since, until=until)).combine_chunks()
        numbers = range(first, last + 1)
        blocks = {number: _copied(_between(rows, parts.column, *_ends(parts, number))) for number in numbers}
        if rows.nbytes * _LARGEST <= _BYTES:
            with self._lock:
                self._blocks.update({(query.blank, number): block for number, block in blocks.items()})
        return blocks


def _ends(parts: Parts, block: int) -> tuple[date, date]:
    """The first and the last day of a block; the calendar has the years 1 to 9999."""
    first, last = block * parts.years, (block + 1) * parts.years - 1
    return date(max(first, date.min.year), 1, 1), date(min(last, date.max.year), 12, 31)


def _between(rows: pa.Table, column: str, since: date, until: date) -> pa.Table:
    # through Polars: `to_numpy` imports pandas where it is installed, 38 MB
    days = pl.Series(rows.column(column))
    first, end = days.search_sorted(since, side="left"), days.search_sorted(until, side="right")
    return rows.slice(first, end - first)


def _copied(rows: pa.Table) -> pa.Table:
    """In memory of its own: a part of a table holds all of it."""
    # two chunks are combined into a third; `take` and `filter` import pandas too
    return pa.concat_tables([rows, rows.slice(0, 0)]).combine_chunks()
