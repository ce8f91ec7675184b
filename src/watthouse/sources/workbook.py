"""Excel workbooks: the ones that the portal's button makes, and what people save RTE's and other files as."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, groupby
from operator import itemgetter
from typing import IO, Final

import polars as pl
import pyarrow as pa

from watthouse.errors import SourceError, UnrecognisedError, shown
from watthouse.sources import contract
from watthouse.sources.archive import AGAIN, Packing
from watthouse.sources.base import Piece
from watthouse.sources.cells import Writing
from watthouse.sources.decoder import Decoding, decoding
from watthouse.sources.headers import Layout, recognise
from watthouse.sources.limits import CELLS
from watthouse.sources.zips import zip_of

OLD: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""What a workbook of Excel 97 to 2003 (``.xls``) begins with, and Word documents of that time too."""

_OLD_STREAMS: Final = tuple(name.encode("utf-16-le") for name in ("Workbook", "Book"))
_LOCKED: Final = "EncryptedPackage".encode("utf-16-le")
_UNREADABLE: Final = {
    False: f"an Excel workbook that is truncated or damaged ({{}}): {AGAIN}",
    True: "an Excel workbook (.xls): save it as CSV ({})",
}
_OLD_DIRECTORY: Final = 1536
_CELL: Final = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_CHUNK: Final = 2**20
_OVERLAP: Final = 32
_TITLES: Final = 20
"""Rows that may stand above the header."""


def is_workbook(names: list[str]) -> bool:
    """Whether a zip with members of these names is an Excel workbook."""
    return any(name.startswith("xl/") for name in names)


def pieces(packing: Packing) -> Iterator[Piece]:
    """The rows of every sheet that is an export.

    Raises :class:`~watthouse.errors.UnrecognisedError` where none is, and :class:`~watthouse.errors.SourceError` for a
    workbook that is locked, damaged or over a cap.
    """
    # Caps are checked before calamine sees a byte: it holds a whole sheet, and one cell far out makes the sheet as
    # large as everything before it.
    with packing.seekable() as stream:
        old = stream.read(len(OLD)) == OLD
        if old:
            _refuse_other_documents(stream, packing.origin)
        else:
            _refuse_over_caps(stream, packing)
        with decoding("workbook", packing, stream, _UNREADABLE[old], _TITLES) as work:
            yield from _pieces(work, packing)


def _pieces(work: Decoding, packing: Packing) -> Iterator[Piece]:
    strangers: list[str] = []
    done, writing = 0, Writing()
    for name, slices in _sheets(work):
        first = next(slices)
        header = _header(first, packing.origin, writing)
        if isinstance(header, str):
            strangers.append(f"'{shown(name)}' has {header}")
            continue
        row, layout = header
        if strangers:
            layout = replace(layout, notes=(*layout.notes, f"sheets left out: {'; '.join(strangers)}"))
        for cells in chain([first.slice(row + 1)], slices):
            for batch in cells.iter_slices(packing.settings.batch_rows):
                yield from contract.pieces(layout, _named(batch, layout), packing.origin, packing.size)
        done += 1
    if not done:
        raise UnrecognisedError(
            f"{packing.origin}: a workbook without a sheet of any dataset ({'; '.join(strangers) or 'all are empty'})"
        )


def _sheets(work: Decoding) -> Iterator[tuple[str, Iterator[pl.DataFrame]]]:
    """Every sheet that holds something, its cells as text: ``1``, ``13.48``, ``2025-01-10 00:15:00``."""
    for (_, name), parts in groupby(_placed(work), itemgetter(0)):
        yield name, map(itemgetter(1), parts)


def _placed(work: Decoding) -> Iterator[tuple[tuple[int, str], pl.DataFrame]]:
    """Rows with the number and the name of their sheet."""
    number, name = 0, ""
    for part in work.parts():
        if isinstance(part, dict):
            number, name = number + 1, part["name"]
        else:
            yield (number, name), pl.DataFrame(pa.table(part))


def _header(cells: pl.DataFrame, origin: str, writing: Writing) -> tuple[int, Layout] | str:
    """The row that names columns of a dataset, below any titles, and their layout; else what the first row has."""
    first = ""
    for row in range(min(_TITLES, cells.height)):
        labels = [str(label or "").strip() for label in cells.row(row)]
        try:
            return row, recognise(labels, origin, writing)
        except UnrecognisedError as error:
            first = first or str(error).removeprefix(f"{origin}: ").removeprefix("its ")
    return first


def _named(cells: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    columns = cells.columns
    named = cells.filter(~pl.all_horizontal(pl.all().is_null()))
    return named.select(pl.col(columns[place]).alias(name) for name, place in layout.positions.items())


def _refuse_other_documents(stream: IO[bytes], origin: str) -> None:
    stream.seek(0)
    content = stream.read()
    if _LOCKED in content:
        raise SourceError(f"{origin}: a workbook protected with a password: save it without one")
    if len(content) > _OLD_DIRECTORY and not any(name in content for name in _OLD_STREAMS):
        raise UnrecognisedError(f"{origin}: an old Office document, not a workbook")


def _refuse_over_caps(stream: IO[bytes], packing: Packing) -> None:
    """Unpack all of it once, to count: a cell far out makes calamine hold every one before it."""
    stream.seek(0)
    count = 0
    with zip_of(stream, packing) as archive:
        for member in archive.infolist():
            rows = columns = cells = 0
            with archive.open(member) as unpacked:
                tail = b""
                while chunk := unpacked.read(_CHUNK):
                    count += len(chunk)
                    packing.refuse_over_caps(count, packed=True)
                    for letters, number in _CELL.findall(tail + chunk):
                        rows, columns = max(rows, int(number)), max(columns, _place(letters))
                    cells += chunk.count(b"<c ") + chunk.count(b"<c>") + chunk.count(b":c ")
                    tail = chunk[-_OVERLAP:]  # a cell's reference may lie across two chunks
            if max(rows * columns, cells) > CELLS:
                raise SourceError(
                    f"{packing.origin}: spans over {CELLS:,} cells, more than are held in memory: save it as CSV"
                )


def _place(letters: bytes) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + letter - ord("A") + 1
    return place
