"""Text with delimiters (CSV of any publisher or spreadsheet), read in batches."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Final, Literal

import polars as pl
import pyarrow as pa
import pyarrow.csv as pc

from watthouse.errors import SourceError, UnrecognisedError
from watthouse.sources.base import Piece
from watthouse.sources.folding import shown
from watthouse.sources.headers import Layout, recognise
from watthouse.sources.packing import AGAIN, BOM, HEAD_BYTES, Packing, Survey

_DELIMITERS: Final = (";", "\t", ",")
_LINE_END: Final = re.compile("\r\n|\n|\r")
_NUMBER: Final = re.compile(r"-?\d+([.,]\d+)?")
_BLOCK: Final = 4 * 2**20


@dataclass(frozen=True)
class Header:
    """The first line with words in it: its labels, its delimiter, and the lines up to and including it.

    ``endings`` are the last fields of the whole rows that follow it in the first bytes of the file.
    """

    labels: tuple[str, ...]
    delimiter: str
    lines: int
    first_row: tuple[str, ...]
    endings: tuple[str, ...] = ()


@dataclass(frozen=True)
class OddRow:
    """A row whose fields are more or fewer than the header's. ``number`` counts lines from 1."""

    number: int | None
    fields: int
    expected: int
    text: str


def header_of(head: bytes, survey: Survey, origin: str) -> Header:
    """The header of a text file; raises :class:`~watthouse.errors.UnrecognisedError` where no line can be one."""
    lines = _LINE_END.split(head.removeprefix(BOM).decode(survey.encoding, "replace"))
    place = next(index for index, line in enumerate(lines) if line.strip(" \t"))
    if place == len(lines) - 1 and len(head) == HEAD_BYTES:
        raise UnrecognisedError(
            f"{origin}: its first line is over {HEAD_BYTES:,} bytes long: no export has such a header"
        )
    delimiter = max(_DELIMITERS, key=lambda mark: len(_fields(lines[place], mark)))
    following = next((line for line in lines[place + 1 :] if line), "")
    labels = tuple(label.strip() for label in _fields(lines[place], delimiter))
    endings = tuple(_fields(line, delimiter)[-1] for line in lines[place + 1 : -1] if line)
    return Header(labels, delimiter, place + 1, _fields(following, delimiter), endings)


def pieces(packing: Packing, survey: Survey, header: Header) -> Iterator[Piece]:
    """The rows of a CSV file.

    A text file says nowhere how long it should be, but writers end its last row: one without its line end may have lost
    digits of its last value, so it is refused as cut unless the rows before it show that nothing is missing.
    """
    layout = recognise(header.labels, packing.origin)
    if not survey.ends_line and not _ends_like_the_others(header, survey):
        raise cut(packing.origin)
    yield from read(packing, survey, header, layout, len(header.labels), lambda _: False)


def read(
    packing: Packing,
    survey: Survey,
    header: Header,
    layout: Layout,
    width: int,
    is_no_row: Callable[[OddRow], bool],
) -> Iterator[Piece]:
    """The rows below ``header``, each of ``width`` fields; ``is_no_row`` tells the odd lines to pass over."""
    odd: list[OddRow] = []

    def on_odd(row: pc.InvalidRow) -> Literal["skip"]:
        odd.append(OddRow(row.number, row.actual_columns, row.expected_columns, row.text))
        return "skip"

    with packing.open() as opened:
        reader = _reader(opened.stream, survey, header, layout, width, on_odd, packing.origin)
        for batch in _regrouped(reader, packing.settings.batch_rows):
            _refuse_odd(odd, is_no_row, header, packing.origin)
            yield from layout.pieces(_named(batch, layout), packing.origin, opened.position())
        _refuse_odd(odd, is_no_row, header, packing.origin)


def cut(origin: str) -> SourceError:
    """The refusal of a file whose last row is not whole."""
    return SourceError(
        f"{origin}: cut in the middle: its last line has no end: {AGAIN} (or end that line, if it is whole)"
    )


def _ends_like_the_others(header: Header, survey: Survey) -> bool:
    """Whether a last row without its line end is whole all the same.

    Its last field is a word that other rows end in, or empty as in all of them, or a number as long as theirs, where
    all of those are of one length.
    """
    ending, others = _fields(survey.last_line, header.delimiter)[-1], set(header.endings)
    if not _NUMBER.fullmatch(ending):
        return ending in others if ending else others == {""}
    return {len(other) for other in others if other} == {len(ending)}


def _fields(line: str, delimiter: str) -> tuple[str, ...]:
    try:
        return tuple(next(csv.reader([line], delimiter=delimiter), ()))
    except csv.Error:
        return (line,)


def _reader(
    stream: IO[bytes],
    survey: Survey,
    header: Header,
    layout: Layout,
    width: int,
    on_odd: Callable[[pc.InvalidRow], Literal["skip"]],
    origin: str,
) -> Iterator[pa.RecordBatch]:
    names = [str(place) for place in range(width)]
    wanted = [names[place] for place in layout.positions.values()]
    try:
        yield from pc.open_csv(
            stream,
            read_options=pc.ReadOptions(
                skip_rows=header.lines,
                column_names=names,
                encoding=survey.encoding,
                block_size=_BLOCK,
                use_threads=False,
            ),
            parse_options=pc.ParseOptions(delimiter=header.delimiter, invalid_row_handler=on_odd),
            convert_options=pc.ConvertOptions(
                include_columns=wanted,
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, UnicodeError) as error:
        if "Empty CSV" in str(error):
            return
        raise SourceError(f"{origin}: cannot be read as CSV ({shown(error, 120)}): {AGAIN}") from error


def _regrouped(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of ``rows`` (the last one shorter)."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(part.num_rows for part in held) >= rows:
            table = pa.Table.from_batches(held)
            full = table.num_rows - table.num_rows % rows
            for start in range(0, full, rows):
                yield table.slice(start, rows)
            held = table.slice(full).to_batches()
    if any(part.num_rows for part in held):
        yield pa.Table.from_batches(held)


def _named(table: pa.Table, layout: Layout) -> pl.DataFrame:
    frame = pl.DataFrame(table)
    return frame.select(pl.col(str(place)).alias(name) for name, place in layout.positions.items())


def _refuse_odd(odd: Sequence[OddRow], is_no_row: Callable[[OddRow], bool], header: Header, origin: str) -> None:
    for row in odd:
        if not is_no_row(row):
            where = f"line {row.number}" if row.number else f"the line '{shown(row.text)}'"
            raise SourceError(
                f"{origin}: {where} has {row.fields} fields where the header has {len(header.labels)}:"
                f" the file was cut in the middle or changed: {AGAIN}"
            )
