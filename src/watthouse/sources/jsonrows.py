"""JSON as Opendatasoft gives it (Explore v2.1 exports and records, v2.0, v1, JSON lines), read in batches."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import IO, Any, Final

import ijson
import polars as pl

from watthouse.errors import SourceError, UnrecognisedError, shown
from watthouse.sources import contract
from watthouse.sources.archive import AGAIN, BOM, HEAD_BYTES, Opened, Packing
from watthouse.sources.base import Piece
from watthouse.sources.cells import Writing
from watthouse.sources.headers import recognise
from watthouse.sources.texts import Survey

_LISTS: Final = ("results", "records")
_ERRORS: Final = ("message", "error", "error_code", "errorcode")
_CUT: Final = "JSON truncated or damaged"
_NESTED: Final = "{…}"

Row = dict[str, str | None]


def pieces(packing: Packing, survey: Survey) -> Iterator[Piece]:
    """The rows of a JSON or JSON-lines document.

    Older APIs leave null fields out of a row, so a column counts as present from the first row that has it.
    """
    if survey.encoding != "utf-8":  # RFC 8259, 8.1: anything else was damaged on its way
        raise SourceError(f"{packing.origin}: JSON that is not UTF-8: {AGAIN}")
    prefix = _prefix(packing, survey)
    labels: dict[str, None] = {}
    writing = Writing()
    with packing.open() as opened:
        if opened.stream.read(len(BOM)) != BOM:
            opened.stream.seek(0)
        rows = (
            _lines(opened.stream, packing, survey) if prefix is None else _items(opened.stream, prefix, packing, survey)
        )
        # the columns are recognised again with every batch: an older API leaves out what is null in all of its rows
        while batch := list(islice(rows, packing.settings.batch_rows)):
            labels |= dict.fromkeys(label for row in batch for label in row)
            yield from _pieces(batch, list(labels), opened, packing.origin, writing)
    if not labels:
        raise UnrecognisedError(f"{packing.origin}: JSON without rows of any dataset")


def _pieces(batch: list[Row], labels: list[str], opened: Opened, origin: str, writing: Writing) -> Iterator[Piece]:
    layout = recognise(labels, origin, writing)
    columns = {
        name: pl.Series(name, [row.get(labels[place]) for row in batch], dtype=pl.String)
        for name, place in layout.positions.items()
    }
    yield from contract.pieces(layout, pl.DataFrame(columns), origin, opened.position())


def _prefix(packing: Packing, survey: Survey) -> str | None:
    """Where the rows stand in the document, as ijson names it; None for JSON lines."""
    head = packing.head()
    is_whole, head = len(head) < HEAD_BYTES, head.removeprefix(BOM).lstrip()
    if head.startswith(b"["):
        return "item"
    first, _, rest = head.partition(b"\n")
    row = _parsed(first)
    if isinstance(row, dict) and row and not any(isinstance(row.get(name), list) for name in _LISTS):
        if not rest.strip():
            _refuse_error_body(row, packing.origin)
        return None
    return f"{_list_in(head, packing, survey, is_whole=is_whole)}.item"


def _list_in(head: bytes, packing: Packing, survey: Survey, *, is_whole: bool) -> str:
    """The member of a JSON object that holds its rows; ``head`` is its beginning, or all of it."""
    members: dict[str, Any] = {}
    try:
        for prefix, event, value in ijson.parse(head):
            if event == "start_array" and prefix in _LISTS:
                return str(prefix)
            if event in ("string", "number"):
                members[prefix] = value
    except ijson.JSONError as error:
        # a head that is only the beginning of a document always ends too early
        if is_whole and isinstance(error, ijson.IncompleteJSONError):
            raise survey.refusal(packing.origin, _CUT) from error
    _refuse_error_body(members, packing.origin)
    raise UnrecognisedError(f"{packing.origin}: JSON without rows of any dataset (no list named {' or '.join(_LISTS)})")


def _refuse_error_body(body: Mapping[str, Any], origin: str) -> None:
    message = next((body[key] for key in _ERRORS if body.get(key)), None)
    if message:
        raise UnrecognisedError(f"{origin}: an API error, not an export ({shown(message, 120)}): {AGAIN}")


def _items(stream: IO[bytes], prefix: str, packing: Packing, survey: Survey) -> Iterator[Row]:
    try:
        yield from (_row(item, packing.origin) for item in ijson.items(stream, prefix))
    except (ijson.JSONError, UnicodeError) as error:
        raise survey.refusal(packing.origin, f"{_CUT} ({shown(error, 80)})") from error


def _lines(stream: Iterable[bytes], packing: Packing, survey: Survey) -> Iterator[Row]:
    for number, line in enumerate(stream, 1):
        if line.strip():
            item = _parsed(line)
            if item is None:
                raise survey.refusal(packing.origin, f"{_CUT}: line {number} is not a whole row")
            yield _row(item, packing.origin)


def _parsed(line: bytes) -> Any:
    """A line of JSON, its numbers as text; None where it is not whole."""
    # as text, so that gas keeps its last digit: a float would round a stock in GWh before its decimal is made
    try:
        return json.loads(line, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return None


def _row(item: Any, origin: str) -> Row:
    """The fields of a row, out of the wrappers that older APIs put around them."""
    for wrapper in ("record", "fields"):
        if isinstance(item, dict) and isinstance(item.get(wrapper), dict):
            item = item[wrapper]
    if not isinstance(item, dict):
        raise UnrecognisedError(f"{origin}: JSON whose items are not rows ('{shown(item)}')")
    return {label: _text(value) for label, value in item.items()}


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return _NESTED if isinstance(value, dict | list) else str(value)
