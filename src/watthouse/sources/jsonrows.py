"""JSON as Opendatasoft gives it (Explore v2.1 exports and records, v2.0, v1, JSON lines), read in batches."""

from collections.abc import Iterator, Mapping
from typing import IO, Any, Final

import polars as pl

from watthouse.errors import SourceError, UnrecognisedError, shown
from watthouse.sources import contract
from watthouse.sources.archive import AGAIN, BOM, HEAD_BYTES, Opened, Packing
from watthouse.sources.base import Piece
from watthouse.sources.cells import Writing
from watthouse.sources.headers import recognise
from watthouse.sources.jsontext import DamagedError, JsonText, TooDeepError, TooLargeError, is_too_deep, parsed
from watthouse.sources.limits import BATCH_BYTES, CELLS, COLUMNS, NESTED, ROW_BYTES
from watthouse.sources.texts import Survey

_LISTS: Final = ("results", "records")
_ERRORS: Final = ("message", "error", "error_code", "errorcode")
_CUT: Final = "JSON truncated or damaged"
_NESTED: Final = "{…}"

Item = tuple[Any, int]
"""What should be a row, and its length in letters."""


class _Batch:
    """Rows by the labels known so far, which are added to; rows that are shorter lack those that came later."""

    def __init__(self, labels: dict[str, None]) -> None:
        self.labels, self.rows, self._letters = labels, list[list[Any]](), 0
        self._names = list(labels)

    def add(self, row: Mapping[str, Any], letters: int) -> None:
        # most rows have the same fields in the same order: of those no name is kept
        if list(row) == self._names:
            self.rows.append(list(row.values()))
        else:
            self.labels |= dict.fromkeys(row)
            if len(self.labels) > len(self._names):
                self._names = list(self.labels)
            self.rows.append([row.get(label) for label in self._names])
        self._letters += letters

    def is_full(self, rows: int) -> bool:
        count = len(self.rows)
        return count >= rows or self._letters >= BATCH_BYTES or count * len(self.labels) >= CELLS

    def column(self, place: int) -> list[str | None]:
        return [_text(row[place]) if place < len(row) else None for row in self.rows]


def pieces(packing: Packing, survey: Survey) -> Iterator[Piece]:
    """The rows of a JSON or JSON-lines document.

    Older APIs leave null fields out of a row, so a column counts as present from the first row that has it.
    """
    if survey.encoding != "utf-8":  # RFC 8259, 8.1: anything else was damaged on its way
        raise SourceError(f"{packing.origin}: JSON that is not UTF-8: {AGAIN}")
    try:
        yield from _read(packing, survey)
    except TooDeepError:
        raise SourceError(f"{packing.origin}: JSON of over {NESTED} levels, as no export has: {AGAIN}") from None


def _read(packing: Packing, survey: Survey) -> Iterator[Piece]:
    are_lines = _are_lines(packing)
    labels: dict[str, None] = {}
    writing = Writing()
    with packing.open() as opened:
        if opened.stream.read(len(BOM)) != BOM:
            opened.stream.seek(0)
        items = _lines(opened.stream, packing, survey) if are_lines else _items(opened.stream, packing, survey)
        # the columns are recognised again with every batch: an older API leaves out what is null in all of its rows
        for batch in _batches(items, labels, packing):
            yield from _pieces(batch, opened, packing.origin, writing)
    if not labels:
        raise UnrecognisedError(f"{packing.origin}: JSON without rows of any dataset")


def _batches(items: Iterator[Item], labels: dict[str, None], packing: Packing) -> Iterator[_Batch]:
    batch = _Batch(labels)
    for item, letters in items:
        batch.add(_row(item, packing.origin), letters)
        if len(labels) > COLUMNS:
            raise UnrecognisedError(f"{packing.origin}: JSON of over {COLUMNS:,} columns: no export has so many")
        if batch.is_full(packing.settings.batch_rows):
            yield batch
            batch = _Batch(labels)
    if batch.rows:
        yield batch


def _pieces(batch: _Batch, opened: Opened, origin: str, writing: Writing) -> Iterator[Piece]:
    layout = recognise(list(batch.labels), origin, writing)
    try:
        frame = pl.DataFrame(
            {name: pl.Series(name, batch.column(place), dtype=pl.String) for name, place in layout.positions.items()}
        )
    except UnicodeEncodeError as error:
        # JSON may name half of a character ("\ud83d"), which no text can hold
        raise SourceError(f"{origin}: JSON with half of a character ({shown(error.reason)}): {AGAIN}") from None
    yield from contract.pieces(layout, frame, origin, opened.position())


def _are_lines(packing: Packing) -> bool:
    """Whether it is a row a line; raises :class:`~watthouse.errors.UnrecognisedError` where it is an API's error."""
    head = packing.head().removeprefix(BOM).lstrip()
    if head.startswith(b"["):
        return False
    first, _, rest = head.partition(b"\n")
    row = parsed(first.decode("utf-8", "replace"))
    if not isinstance(row, dict) or not row or any(isinstance(row.get(name), list) for name in _LISTS):
        return False
    if not rest.strip() and len(head) < HEAD_BYTES:
        _refuse_error_body(row, packing.origin)
    return True


def _refuse_error_body(body: Mapping[str, Any], origin: str) -> None:
    message = next((body[key] for key in _ERRORS if body.get(key)), None)
    if message and not isinstance(message, dict | list):
        raise UnrecognisedError(f"{origin}: an API error, not an export ({shown(message, 120)}): {AGAIN}")


def _items(stream: IO[bytes], packing: Packing, survey: Survey) -> Iterator[Item]:
    """The items of the list that the document is, or of the one that it has as ``results`` or ``records``."""
    text, is_found = JsonText(stream), False
    try:
        for item in _list(text) if text.next() == "[" else _members(text, packing.origin):
            is_found = True
            yield item
    except DamagedError as error:
        if not (error.cut or is_found or survey.interrupted):
            raise _no_rows(packing.origin) from None
        raise survey.refusal(packing.origin, f"{_CUT} ({shown(error, 80)})") from None
    except TooLargeError as error:
        if not is_found:
            raise UnrecognisedError(f"{packing.origin}: JSON that is no export: {error}") from None
        raise SourceError(f"{packing.origin}: JSON that no export is like: {error}: {AGAIN}") from None


def _list(text: JsonText) -> Iterator[Item]:
    """The items of a list that is all there is."""
    yield from _of_list(text)
    _end(text)


def _members(text: JsonText, origin: str) -> Iterator[Item]:
    """The items of the first of an object's members that is a list of rows; no other may be longer than a row."""
    about: dict[str, Any] = {}
    is_found = False
    for name in _names(text):
        if name in _LISTS and not is_found and text.next() == "[":
            is_found = True
            yield from _of_list(text)
        else:
            value, _ = text.value()
            about |= {name: value} if name in _ERRORS else {}
    _end(text)
    if not is_found:
        _refuse_error_body(about, origin)
        raise _no_rows(origin)


def _names(text: JsonText) -> Iterator[str]:
    """The names of an object's members, each to be followed by its value."""
    text.take("{")
    if text.next() == "}":
        text.take("}")
        return
    while True:
        if text.next() != '"':
            text.take('"')
        name, _ = text.value()
        text.take(":")
        yield str(name)
        if text.take(",}") == "}":
            return


def _of_list(text: JsonText) -> Iterator[Item]:
    text.take("[")
    if text.next() == "]":
        text.take("]")
        return
    while True:
        yield text.value()
        if text.take(",]") == "]":
            return


def _end(text: JsonText) -> None:
    if text.next():
        raise DamagedError("it goes on behind its end")


def _lines(stream: IO[bytes], packing: Packing, survey: Survey) -> Iterator[Item]:
    number = 0
    while line := stream.readline(ROW_BYTES + 1):
        number += 1
        if len(line) > ROW_BYTES:
            raise SourceError(f"{packing.origin}: line {number} is over {ROW_BYTES:,} bytes long: no export has one")
        if line.strip():
            item = parsed(line.decode("utf-8", "replace").strip())
            if item is None:
                raise survey.refusal(packing.origin, f"{_CUT}: line {number} is not a whole row")
            yield item, len(line)


def _no_rows(origin: str) -> UnrecognisedError:
    return UnrecognisedError(f"{origin}: JSON without rows of any dataset (no list named {' or '.join(_LISTS)})")


def _row(item: Any, origin: str) -> Mapping[str, Any]:
    """The fields of a row, out of the wrappers that older APIs put around them."""
    if is_too_deep(item):
        raise TooDeepError
    for wrapper in ("record", "fields"):
        if isinstance(item, dict) and isinstance(item.get(wrapper), dict):
            item = item[wrapper]
    if not isinstance(item, dict):
        raise UnrecognisedError(f"{origin}: JSON whose items are not rows ('{shown(str(item)[:200])}')")
    return item


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return _NESTED if isinstance(value, dict | list) else str(value)
