"""What a layout is, and the kind whose every line is one reading.

A new layout is a file with a ``LAYOUT``, named in ``LAYOUTS``. Where each line is one reading, a :class:`Columns` with
its header and the names of its columns is all it takes; :mod:`watthouse.meters.layouts.nem12` shows the other kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Protocol

import polars as pl

from watthouse.meters.layouts.cells import WRITTEN, readings
from watthouse.meters.lines import BLOCK_BYTES, Block
from watthouse.meters.readings import Batch
from watthouse.meters.stamps import MeterClock, day_first

INTERVAL: Final = "interval"
REGISTER: Final = "register"


class Reader(Protocol):
    """Reads the blocks of one file, in order; what the file said before may matter."""

    def read(self, block: Block) -> Batch:
        """The readings and the rejects of some lines."""

    def end(self) -> str:
        """What is missing at the end of the file; empty where it is whole."""


class Layout(Protocol):
    """One way to write meter files."""

    @property
    def name(self) -> str:
        """A word for it, in reports and in the database."""

    @property
    def block_bytes(self) -> int:
        """How much of its text is taken at a time, at most."""

    def opens(self, folded: str) -> bool:
        """Whether a file of this layout begins with this line, as :func:`fold` leaves it."""

    def reader(self, head: Sequence[str], clock: MeterClock, name: str) -> Reader:
        """A reader for a file with these first lines and this name."""


def fold(line: str) -> str:
    """A line without what makes no difference: case, blanks, quotes."""
    return "".join(line.lower().replace('"', "").split())


@dataclass(frozen=True)
class Columns:
    """A layout whose every line is one reading. ``header`` maps the file's columns to those of a reading, in order."""

    name: str
    header: dict[str, str]
    kind: str = INTERVAL
    delimiter: str = ","
    block_bytes: int = BLOCK_BYTES

    @cached_property
    def _folded(self) -> str:
        return fold(self.delimiter.join(self.header))

    def opens(self, folded: str) -> bool:
        return folded == self._folded

    def reader(self, head: Sequence[str], clock: MeterClock, name: str) -> Reader:  # noqa: ARG002
        return _ColumnsReader(self, clock)


@dataclass
class _ColumnsReader:
    layout: Columns
    clock: MeterClock
    _begun: bool = field(default=False, init=False)

    def read(self, block: Block) -> Batch:
        columns = tuple(self.layout.header.values())
        cells, rejects = block.cells(columns, self.layout.delimiter)
        if not self._begun:  # the header itself
            cells, self._begun = cells.slice(1), True
        cells = cells.with_columns(pl.col(columns).str.strip_chars(), pl.lit(self.layout.kind).alias("kind"))
        batch = readings(cells.with_columns(date_time=day_first(pl.col(WRITTEN))), self.clock, block.text)
        return Batch(batch.readings, pl.concat([rejects, batch.rejects]).sort("line"))

    def end(self) -> str:
        return ""
