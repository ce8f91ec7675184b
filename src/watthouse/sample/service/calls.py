"""The three calls of the Explore API, as plain functions from a view and a query string to an answer."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl
from starlette.datastructures import QueryParams

from watthouse.catalog import CATALOG
from watthouse.sample.service.grouping import Grouper
from watthouse.sample.service.listing import download, page
from watthouse.sample.service.odsql import RowsRequest, rows_request
from watthouse.sample.service.refusals import RefusalError, interruption, invalid, malformed, over_cap
from watthouse.sample.service.view import DatasetView
from watthouse.sample.service.writing import Csv, Json, JsonLines, Parquet, Writer, headings, shown
from watthouse.sample.trouble import Turn

PAGE: Final = 100
CAP: Final = 10_000
FORMATS: Final = ("csv", "json", "jsonl", "parquet")
_WRITERS: Final[Mapping[str, Callable[[ZoneInfo], Writer]]] = {"json": Json, "jsonl": JsonLines, "parquet": Parquet}
_DELIMITERS: Final = {";", ",", "\t", "|"}


@dataclass(frozen=True)
class Export:
    """A download: its content type, whether it may be sent compressed, and its bytes as they are made."""

    media: str
    is_text: bool
    pieces: Iterator[bytes]


def metadata(view: DatasetView) -> dict[str, object]:
    """The dataset's card: fields with types, and when it was processed."""
    dataset, shape = CATALOG[view.dataset_id], view.shape
    labels = headings(dataset, shape.fields, view.now)
    processed = view.processed.isoformat()
    default = {
        "title": dataset.title,
        "modified": processed,
        "data_processed": processed,
        "records_count": view.total,
        "license": dataset.licence,
    }
    fields = [
        {"name": name, "label": labels[name], "type": kind, "annotations": {}} for name, kind in shape.fields.items()
    ]
    return {"dataset_id": view.dataset_id, "fields": fields, "metas": {"default": default}}


def records(view: DatasetView, grouper: Grouper, parameters: QueryParams, turn: Turn) -> dict[str, object]:
    """A page of rows or groups; raises a :class:`~watthouse.sample.service.refusals.RefusalError` over the limits."""
    limit = _whole("limit", parameters.get("limit", "10"), -1, PAGE)
    offset = _whole("offset", parameters.get("offset", "0"), 0, None)
    limit = PAGE if limit == -1 else limit
    if offset + limit > CAP:
        raise over_cap(offset + limit)
    request = _request(view, parameters, turn)
    if request.grouped:
        groups = grouper.grouped(view, request)
        return _results(groups.height, groups.slice(offset, limit), request)
    return _results(grouper.count(view, request), page(view, request, offset, limit), request)


def export(view: DatasetView, grouper: Grouper, form: str, parameters: QueryParams, turn: Turn) -> Export:
    """A whole selection; raises :class:`~watthouse.sample.service.refusals.RefusalError` for an unknown format."""
    if form not in FORMATS:
        raise RefusalError(404, {"error_code": "NotFound", "message": f"Unknown export format: {form}"})
    limit = _whole("limit", parameters.get("limit", "-1"), -1, None)
    offset = _whole("offset", parameters.get("offset", "0"), 0, None)
    request = _request(view, parameters, turn)
    writer = _writer(form, view, request, parameters)
    frames, empty = _frames(view, grouper, request)
    total = grouper.count(view, request) if offset and limit == -1 else offset + max(limit, 0)
    # The live service gives the whole selection without a cap, unless there is an offset: then it pages inside.
    count = max(min(total, CAP) - offset, 0) if offset else limit
    rows = _head(_skipped(frames, offset), count)
    if turn.event == "short":
        # well formed in every way, with a quarter of the rows missing: only a count reveals it
        rows = (frame.head(frame.height * 3 // 4) for frame in rows)
    pieces = _capped(writer, empty, rows, total) if offset else _written(writer, empty, rows)
    return Export(writer.media, form != "parquet", _broken(pieces) if turn.event == "interrupted" else pieces)


def _request(view: DatasetView, parameters: QueryParams, turn: Turn) -> RowsRequest:
    request = rows_request(view.shape, parameters)
    if request.keys and "no-group" in turn.states:
        raise malformed("group_by is not allowed")
    return request


def _results(total: int, frame: pl.DataFrame, request: RowsRequest) -> dict[str, object]:
    return {"total_count": total, "results": shown(frame, request.zone).to_dicts()}


def _whole(name: str, text: str, least: int, most: int | None) -> int:
    expected = f"{least} <= {name}" + (f" <= {most}" if most is not None else "")
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 16):
        raise invalid(name, text, expected)
    number = int(text)
    if number < least or (most is not None and number > most):
        raise invalid(name, text, expected)
    return number


def _writer(form: str, view: DatasetView, request: RowsRequest, parameters: QueryParams) -> Writer:
    if form == "csv":
        delimiter = parameters.get("delimiter", ";")
        if delimiter not in _DELIMITERS:
            raise invalid("delimiter", delimiter, "one of ; , | or a tab")
        use_labels = parameters.get("use_labels", "false").lower() == "true"
        labels = headings(CATALOG[view.dataset_id], view.shape.fields, view.now) if use_labels else {}
        return Csv(request.zone, delimiter, labels)
    return _WRITERS[form](request.zone)


def _frames(view: DatasetView, grouper: Grouper, request: RowsRequest) -> tuple[Iterable[pl.DataFrame], pl.DataFrame]:
    if request.grouped:
        groups = grouper.grouped(view, request)
        return iter([groups]), groups.clear()
    empty = view.empty.select(pl.col(term.field).alias(term.name) for term in request.select)
    return download(view, request), empty


def _written(writer: Writer, empty: pl.DataFrame, frames: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    yield writer.begin(empty)
    for frame in frames:
        for piece in frame.iter_slices(writer.piece):
            yield writer.rows(piece)
    yield writer.end()


def _head(frames: Iterable[pl.DataFrame], limit: int) -> Iterator[pl.DataFrame]:
    """The first ``limit`` rows; -1 is all."""
    for frame in frames:
        if limit == 0:
            return
        taken = frame if limit < 0 else frame.head(limit)
        limit -= taken.height if limit > 0 else 0
        yield taken


def _capped(writer: Writer, empty: pl.DataFrame, frames: Iterable[pl.DataFrame], total: int) -> Iterator[bytes]:
    """An export from an offset on: paged inside, so rows past the cap interrupt it in the middle (as recorded)."""
    yield writer.begin(empty)
    for frame in frames:
        yield writer.rows(frame)
    yield f"\n{interruption(over_cap(total))}\n".encode() if total > CAP else writer.end()


def _skipped(frames: Iterable[pl.DataFrame], offset: int) -> Iterator[pl.DataFrame]:
    for frame in frames:
        yield frame.slice(offset)
        offset = max(offset - frame.height, 0)


def _broken(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """``pieces`` until the middle of the first rows, then the line with the reason for the interruption."""
    begin, rows = next(pieces), next(piece for piece in pieces if piece)
    half = rows.rfind(b"\n", 0, len(rows) // 2) + 1 or len(rows) // 2
    broken = RefusalError(500, {"error_code": "InternalServerError", "message": "The search took too long"})
    return chain([begin, rows[:half]], [f"\n{interruption(broken)}\n".encode()])
