"""Text with delimiters (CSV of any publisher or spreadsheet), read in batches."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import IO, Final, Literal, cast

import polars as pl
import pyarrow as pa
import pyarrow.csv as pc

from watthouse.errors import SourceError, UnrecognisedError, shown
from watthouse.sources import contract
from watthouse.sources.archive import AGAIN, BOM, HEAD_BYTES, Packing
from watthouse.sources.base import Piece
from watthouse.sources.cells import is_null_token
from watthouse.sources.headers import Layout, recognise
from watthouse.sources.limits import BATCH_BYTES
from watthouse.sources.texts import Survey, Upto

_DELIMITERS: Final = (";", "\t", ",", "|")
_SEPARATOR: Final = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
"""What Excel reads, and people write, above a header."""
_LINE_END: Final = re.compile("\r\n|\n|\r")
_NUMBER: Final = re.compile(r"-?\d+([.,]\d+)?")
_BLOCK: Final = 4 * 2**20

Fields = tuple[str, ...]


@dataclass(frozen=True)
class Header:
    """The first line with words in it: its labels, its delimiter, and the lines up to and including it.

    ``rows`` are the whole rows that follow it in the first bytes of the file, ``last`` is its last line with words.
    """

    labels: Fields
    delimiter: str
    lines: int
    rows: tuple[Fields, ...] = ()
    last: Fields = ()

    @property
    def needed(self) -> int:
        """The fields up to the last label with words in it."""
        return max((place for place, label in enumerate(self.labels, 1) if label), default=0)


@dataclass(frozen=True)
class OddRow:
    """A row whose fields are more or fewer than expected. ``number`` counts lines from 1."""

    number: int | None
    fields: Fields
    text: str

    @property
    def place(self) -> str:
        """Where it stands, for a message."""
        return f"line {self.number}" if self.number else f"the line '{shown(self.text)}'"


@dataclass(frozen=True)
class RowShape:
    """How many fields the rows below a header have, and what to make of a row that has more or fewer.

    ``mend`` gives the fields of an odd row that is complete all the same, an empty tuple for a line that is not a row
    at all, None for one that makes the file doubtful.
    """

    width: int
    mend: Callable[[OddRow], Fields | None]


def header_of(head: bytes, survey: Survey, origin: str) -> Header:
    """The header of a text file; raises :class:`~watthouse.errors.UnrecognisedError` where no line can be one."""
    lines = _LINE_END.split(head.removeprefix(BOM).decode(survey.encoding, "replace"))
    place = next(index for index, line in enumerate(lines) if line.strip(" \t"))
    separator = _SEPARATOR.fullmatch(lines[place])
    place += 1 if separator else 0
    if place >= len(lines) - 1 and len(head) == HEAD_BYTES:
        raise UnrecognisedError(
            f"{origin}: its first line is over {HEAD_BYTES:,} bytes long: no export has such a header"
        )
    line = lines[place] if place < len(lines) else ""
    delimiter = separator[1] if separator else max(_DELIMITERS, key=lambda mark: len(fields_of(line, mark)))
    labels = tuple(label.strip() for label in fields_of(line, delimiter))
    rows = tuple(fields_of(line, delimiter) for line in lines[place + 1 : -1] if line)
    return Header(labels, delimiter, place + 1, rows, fields_of(survey.last_line, delimiter))


def pieces(packing: Packing, survey: Survey, header: Header) -> Iterator[Piece]:
    """The rows of a CSV file."""
    layout = recognise(header.labels, packing.origin)
    return read(packing, survey, header, layout, RowShape(_usual_width(header), lambda _: None))


def read(packing: Packing, survey: Survey, header: Header, layout: Layout, shape: RowShape) -> Iterator[Piece]:
    """The rows below ``header``, in a ``shape``.

    Nothing in a text file says how long it should be, but writers end its last row: one without its line end may have
    lost digits of its last value. That row alone is in doubt, and a note names it: it counts where the rows before it
    show that nothing is missing.
    """
    last, notes = _last_row(survey, header, shape, packing.origin)
    noted = replace(layout, notes=(*layout.notes, *notes))
    until = None if survey.ends_line else survey.bytes - survey.unended
    with packing.open() as opened:
        stream = opened.stream if until is None else cast("IO[bytes]", Upto(opened.stream, until))
        batches = _batches(stream, survey, header, layout, shape, packing.origin)
        for batch in _regrouped(_and_last(batches, last, layout), packing.settings.batch_rows):
            yield from contract.pieces(noted, _named(batch, layout), packing.origin, opened.position())


def cut(origin: str) -> SourceError:
    """The refusal of a file whose only row is not whole."""
    return SourceError(
        f"{origin}: truncated: its last line has no line end: {AGAIN} (or end that line, if it is complete)"
    )


def fields_of(line: str, delimiter: str) -> Fields:
    """The fields of a line of text; the line itself where it cannot be split."""
    try:
        return tuple(next(csv.reader([line], delimiter=delimiter), ()))
    except csv.Error:
        return (line,)


def _usual_width(header: Header) -> int:
    """Fields of a row: as many as labels, or more where every row has the same surplus and it is empty.

    One row that is wider than the others may have lost a quote or gained a delimiter: its values are in the wrong
    columns.
    """
    labels = len(header.labels)
    widths = {len(row) for row in header.rows}
    surplus_is_empty = all(is_null_token(field) for row in header.rows for field in row[labels:])
    return max(widths) if len(widths) == 1 and min(widths) > labels and surplus_is_empty else labels


def _last_row(survey: Survey, header: Header, shape: RowShape, origin: str) -> tuple[Fields, tuple[str, ...]]:
    """The last row where it has no line end and counts all the same, and the note about it."""
    fields = header.last
    if survey.ends_line or not any(fields) or shape.mend(OddRow(None, fields, survey.last_line)) == ():
        return (), ()
    if not header.rows:
        raise cut(origin)
    counts = len(fields) == shape.width and _ends_like_the_others(fields, header)
    how = "it is kept, as it ends like the others" if counts else "it is left out: download the file again to have it"
    note = f"its last line has no line end and may be truncated ('{shown(survey.last_line, 80)}'): {how}"
    return fields if counts else (), (note,)


def _whole_fields(row: OddRow, header: Header, shape: RowShape) -> Fields | None:
    """The fields of a row in the file's width; () for a line that is not a row, None for a row that is not whole."""
    # a header in the middle means that two files were joined, whose columns may differ
    if len(row.fields) == shape.width and row.fields != header.labels:
        return row.fields
    mended = shape.mend(row)
    return mended and (*mended, *([""] * (shape.width - len(mended))))[: shape.width]


def _ends_like_the_others(fields: Fields, header: Header) -> bool:
    """Whether a last row without its line end is whole all the same.

    Its last field is a word that other rows end in, or empty as in all of them, or a number as long as theirs, where
    all of those are of one length.
    """
    ending, others = fields[-1], {row[-1] for row in header.rows if row}
    if not _NUMBER.fullmatch(ending):
        return ending in others if ending else others == {""}
    return {len(other) for other in others if other} == {len(ending)}


def _batches(
    stream: IO[bytes], survey: Survey, header: Header, layout: Layout, shape: RowShape, origin: str
) -> Iterator[pa.RecordBatch]:
    """The rows as text, with the odd ones that could be mended after those of their block."""
    odd: list[OddRow] = []

    def on_odd(row: pc.InvalidRow) -> Literal["skip"]:
        odd.append(OddRow(row.number, fields_of(row.text, header.delimiter), row.text))
        return "skip"

    def mended() -> list[Fields]:
        rows = [_mended(row, header, shape, origin) for row in odd]
        odd.clear()
        return [row for row in rows if row]

    surplus = range(len(header.labels), shape.width)
    for batch in _reader(stream, survey, header, layout, shape.width, on_odd, origin):
        _refuse_values(batch, surplus, header, origin)
        yield batch.select([str(place) for place in layout.positions.values()])
        if odd:
            yield _as_batch(mended(), layout)
    yield _as_batch(mended(), layout)


def _refuse_values(batch: pa.RecordBatch, surplus: Sequence[int], header: Header, origin: str) -> None:
    """Raise where a field without a label has a value: the row's other values may be out of place."""
    for place in surplus:
        values = pl.Series(batch.column(str(place)))
        if unlabelled := [text for text in values.drop_nulls().unique() if not is_null_token(text)]:
            raise SourceError(
                f"{origin}: a row has '{shown(unlabelled[0])}' in field {place + 1} where the header has"
                f" {len(header.labels)}: the file was truncated or edited: {AGAIN}"
            )


def _mended(row: OddRow, header: Header, shape: RowShape, origin: str) -> Fields:
    fields = _whole_fields(row, header, shape)
    if fields is None:
        raise SourceError(
            f"{origin}: {row.place} has {len(row.fields)} fields where the header has {len(header.labels)}:"
            f" the file was truncated or edited: {AGAIN}"
        )
    return fields


def _as_batch(rows: Sequence[Fields], layout: Layout) -> pa.RecordBatch:
    names = [str(place) for place in layout.positions.values()]
    columns = [pa.array([row[int(name)] or None for row in rows], pa.string()) for name in names]
    return pa.RecordBatch.from_arrays(columns, names)


def _and_last(batches: Iterator[pa.RecordBatch], last: Fields, layout: Layout) -> Iterator[pa.RecordBatch]:
    yield from batches
    if last:
        yield _as_batch([last], layout)


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
    # Only what is used is converted. All of it stays text: a type guessed from the first block would make "ND" further
    # down an error, and 01 the code 1.
    columns = [*(names[place] for place in layout.positions.values()), *names[len(header.labels) :]]
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
                include_columns=columns,
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
    """The same rows in tables of ``rows``, fewer where they are large (and the last one shorter)."""
    pending: list[pa.RecordBatch] = []
    for batch in batches:
        pending.append(batch)
        if sum(part.nbytes for part in pending) >= BATCH_BYTES:
            yield pa.Table.from_batches(pending)
            pending = []
        elif sum(part.num_rows for part in pending) >= rows:
            table = pa.Table.from_batches(pending)
            full = table.num_rows - table.num_rows % rows
            for start in range(0, full, rows):
                yield table.slice(start, rows)
            pending = table.slice(full).to_batches()
    if any(part.num_rows for part in pending):
        yield pa.Table.from_batches(pending)


def _named(table: pa.Table, layout: Layout) -> pl.DataFrame:
    frame = pl.DataFrame(table)
    return frame.select(pl.col(str(place)).alias(name) for name, place in layout.positions.items())
