"""One meter file, read from its start to its end: its layout, its readings, and the lines that are none."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from watthouse.errors import SourceError, UnrecognisedError
from watthouse.meters.files import MeterFile
from watthouse.meters.layouts import Layout, layout_of
from watthouse.meters.lines import BLOCK_BYTES, Text
from watthouse.meters.readings import Batch
from watthouse.meters.stamps import MeterClock, zone_of
from watthouse.sources.archive import HEAD_BYTES, refusing

_HEAD_LINES: Final = 200


class Reading:
    """A pass over a file. ``layout`` is known at once, ``rows``, ``digest`` and the rest once the batches were taken.

    Raises :class:`~watthouse.errors.UnrecognisedError` for what is no meter file, and
    :class:`~watthouse.errors.SourceError` for one that is empty.
    """

    def __init__(self, file: MeterFile, zone: str, block_bytes: int = BLOCK_BYTES) -> None:
        self.file, self.origin = file, file.packing.origin
        self.rows = self.rejected = 0
        with refusing(self.origin, self.file.packing.settings):
            self._begin(file, zone, block_bytes)

    def _begin(self, file: MeterFile, zone: str, block_bytes: int) -> None:
        head = _lines(file.packing.head())
        if not any(head):
            raise SourceError(f"{self.origin}: is empty: export it again")
        layout = layout_of(next(filter(None, head)))
        if layout is None:
            raise UnrecognisedError(f"{self.origin}: begins with no header of a meter file that watthouse knows")
        self.layout: Layout = layout
        self._text = Text(file.packing, min(block_bytes, layout.block_bytes))
        self._reader = layout.reader(head, MeterClock(zone_of(zone), self.origin), self.origin)

    @property
    def digest(self) -> str:
        """The SHA-256 of what was read, once unpacked."""
        return self._text.digest

    def batches(self) -> Iterator[Batch]:
        """The readings and the rejects, some lines at a time.

        Raises :class:`~watthouse.errors.SourceError` where the file is damaged, ends too early, holds a second layout,
        or no reading at all.
        """
        first_reason = ""
        with refusing(self.origin, self.file.packing.settings):
            for block in self._text.blocks():
                batch = self._checked(self._reader.read(block))
                self.rows += batch.readings.height
                self.rejected += batch.rejects.height
                if not first_reason and batch.rejects.height:
                    line, reason, _ = batch.rejects.row(0)
                    first_reason = f"line {line}: {reason}"
                yield batch
        if missing := self._reader.end():
            raise SourceError(f"{self.origin}: cut off: it lacks {missing}: export it again")
        if not self.rows:
            raise SourceError(f"{self.origin}: has no reading ({first_reason or 'nothing follows its header'})")

    def _checked(self, batch: Batch) -> Batch:
        """Without repeated headers, which files that were joined have; another layout's header is refused."""
        if not batch.rejects.height:
            return batch
        lines, texts = batch.rejects["line"], batch.rejects["text"]
        layouts = [layout_of(text) for text in texts]
        for line, layout in zip(lines, layouts, strict=True):
            if layout is not None and layout is not self.layout:
                raise SourceError(
                    f"{self.origin}: holds two layouts, {self.layout.name} and from line {line} {layout.name}: split it"
                )
        return Batch(batch.readings, batch.rejects.filter(pl.Series([layout is None for layout in layouts])))


def _lines(head: bytes) -> list[str]:
    whole = head if len(head) < HEAD_BYTES else head[: head.rfind(b"\n") + 1]
    return [line.strip() for line in whole.decode("utf-8-sig", "replace").splitlines()[:_HEAD_LINES]]
