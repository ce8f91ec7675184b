"""The text of a meter file in blocks of whole lines, and a block as a table of cells."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Final

import polars as pl

from watthouse.errors import SourceError
from watthouse.meters.readings import no_rejects
from watthouse.sources.archive import BOM, Packing

BLOCK_BYTES: Final = 8 * 2**20
_LONGEST_LINE: Final = 2**20
_SHOWN: Final = 400
"""How much of a line that is rejected is kept."""


@dataclass(frozen=True)
class Block:
    """Whole lines in UTF-8, ended by LF; ``first`` is the number of the first one in the file."""

    first: int
    content: bytes

    @cached_property
    def lines(self) -> list[str]:
        return self.content.decode().removesuffix("\n").split("\n") if self.content else []

    @property
    def count(self) -> int:
        return self.content.count(b"\n") + (bool(self.content) and not self.content.endswith(b"\n"))

    def text(self, number: int) -> str:
        """A line by its number in the file, as far as it is kept."""
        return self.lines[number - self.first][:_SHOWN]

    def cells(self, columns: tuple[str, ...], delimiter: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The lines with just these columns, as text, their numbers in ``line``; and the others as rejects."""
        separators = self.content.count(delimiter.encode())
        if b'"' not in self.content and separators == self.count * (len(columns) - 1):
            try:
                return self._read(columns, delimiter), no_rejects()
            # one line is too long, and another too short by as much; the first line passes for the schema
            except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):
                pass
        return self._split(columns, delimiter)

    def _read(self, columns: tuple[str, ...], delimiter: str) -> pl.DataFrame:
        table = pl.read_csv(
            self.content,
            has_header=False,
            schema=dict.fromkeys(columns, pl.String()),
            separator=delimiter,
            quote_char=None,
            row_index_name="line",
            row_index_offset=self.first,
        )
        return table.with_columns(pl.col("line").cast(pl.Int64), pl.col(columns).fill_null(""))

    def _split(self, columns: tuple[str, ...], delimiter: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        rows, numbers, rejected = [], [], []
        for number, line in enumerate(self.lines, self.first):
            if not line.strip():
                continue
            cells = cells_of(line, delimiter)
            if len(cells) == len(columns):
                rows.append(cells)
                numbers.append(number)
            else:
                shape = "cut off" if len(cells) < len(columns) else "too long"
                rejected.append((number, f"{shape}: {len(cells)} of {len(columns)} fields", line[:_SHOWN]))
        table = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String()), orient="row")
        return (
            table.select(pl.Series("line", numbers, pl.Int64), pl.all()),
            pl.DataFrame(rejected, schema=no_rejects().schema, orient="row"),
        )


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line, whose quotes never reach into the next; the line itself where it cannot be told apart."""
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error:  # a cell of over 131,072 letters
        return [line]


class Text:
    """A file read as text once, from its start to its end; ``digest`` is the SHA-256 of what was read so far."""

    def __init__(self, packing: Packing, size: int = BLOCK_BYTES) -> None:
        self._packing, self._size = packing, size
        self._hash = sha256()

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def blocks(self) -> Iterator[Block]:
        """Blocks of whole lines; raises :class:`~watthouse.errors.SourceError` for what is not text."""
        first, rest = 1, b""
        for chunk in self._chunks():
            joined = rest + chunk
            cut = joined.rfind(b"\n") + 1
            whole, rest = joined[:cut], joined[cut:]
            if len(rest) > _LONGEST_LINE:
                raise SourceError(
                    f"{self._packing.origin}: a line of over {_LONGEST_LINE:,} bytes: no meter file has one"
                )
            if whole:
                block = Block(first, self._utf8(whole))
                first += block.count
                yield block
        if rest:
            yield Block(first, self._utf8(rest))

    def _chunks(self) -> Iterator[bytes]:
        """The bytes in pieces of about the size of a block, without a byte-order mark."""
        held, size, begun = [], 0, False
        for chunk in self._packing.chunks():
            self._hash.update(chunk)
            if b"\0" in chunk:
                raise SourceError(f"{self._packing.origin}: contains binary bytes: export it again, as text")
            text = chunk if begun else chunk.removeprefix(BOM)
            begun = True
            for part in (text[at : at + self._size] for at in range(0, len(text), self._size)):
                held.append(part)
                size += len(part)
                if size >= self._size:
                    yield b"".join(held)
                    held, size = [], 0
        yield b"".join(held)

    def _utf8(self, content: bytes) -> bytes:
        content = content.replace(b"\r\n", b"\n")
        try:
            content.decode()
        except UnicodeDecodeError:
            # what is not UTF-8 comes from Windows; five bytes mean nothing there either
            return content.decode("cp1252", "replace").encode()
        return content
