"""Rows as they go out."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.requests import Request

from watthouse.serve import formats, writers
from watthouse.serve.formats import AnswerColumn, Format, Labels
from watthouse.serve.problems import ProblemError

ROWS = pa.table(
    {
        "day": pa.array([date(2025, 3, 30), None]),
        "at": pa.array([datetime(2025, 3, 30, 1, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
        "energy_mwh": pa.array([Decimal("1234567890123.25"), None], pa.decimal128(18, 2)),
        "share": pa.array([float("nan"), 0.1]),
        "slots": pa.array([92, None], pa.int64()),
        "complete": pa.array([True, None]),
        "name": pa.array(["=1+1", 'Île, "de"\nFrance']),
    }
)


def labels(sample: str | None = None) -> Labels:
    columns = [AnswerColumn("energy_mwh", "MWh", "Energy")]
    return Labels("Rows", columns, "RTE", "Open", "v1", sample, {"since": "2025-03-30"})


def whole(style: Format, rows: pa.Table = ROWS, sample: str | None = None) -> bytes:
    return writers.whole(labels(sample), rows, style)


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), said.encode()) for name, said in headers.items()]
    return Request({"type": "http", "path": "/x", "query_string": b"", "headers": raw})


def test_json_says_the_labels_and_null_for_what_is_no_number() -> None:
    said = json.loads(whole(Format.JSON))
    assert (said["title"], said["version"], said["since"], said["sample"]) == ("Rows", "v1", "2025-03-30", None)
    assert said["columns"] == [{"name": "energy_mwh", "unit": "MWh", "description": "Energy"}]
    first, second = said["rows"]
    assert first == {
        "day": "2025-03-30",
        "at": "2025-03-30T01:00:00Z",
        "energy_mwh": 1234567890123.25,
        "share": None,
        "slots": 92,
        "complete": True,
        "name": "=1+1",
    }
    assert second == dict.fromkeys(first, None) | {"share": 0.1, "name": 'Île, "de"\nFrance'}


def test_csv_keeps_decimals_and_escapes_what_a_spreadsheet_would_run() -> None:
    head, first, second = csv.reader(io.StringIO(whole(Format.CSV).decode(), newline=""))
    assert head == [*ROWS.column_names, "attribution"]
    assert first == ["2025-03-30", "2025-03-30T01:00:00Z", "1234567890123.25", "NaN", "92", "true", "'=1+1", "RTE"]
    assert second == ["", "", "", "0.1", "", "", 'Île, "de"\nFrance', ""]


def test_a_csv_in_pieces_says_whose_it_is_once() -> None:
    pieces = [ROWS.slice(0, 0), ROWS.slice(0, 1), ROWS.slice(1), ROWS]
    body = whole(Format.CSV, pa.Table.from_batches([piece.to_batches()[0] for piece in pieces if piece.num_rows]))
    batches = (
        batch for piece in pieces for batch in piece.to_batches() or [pa.RecordBatch.from_pylist([], ROWS.schema)]
    )
    assert b"".join(writers.pieces(labels(), batches, ROWS.schema, Format.CSV)) == body
    said = [row["attribution"] for row in csv.DictReader(io.StringIO(body.decode(), newline=""))]
    assert said == ["RTE", "", "", ""]


@pytest.mark.parametrize(
    "cell", ["=1", "+1", "-1", "@a", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠a", "=cmd|' /C calc'!A0"]
)
def test_a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe(cell: str) -> None:
    text = whole(Format.CSV, pa.table({"name": [cell]})).decode()
    assert list(csv.reader(io.StringIO(text, newline="")))[1] == ["'" + cell, "RTE"]


@pytest.mark.parametrize("cell", ["a=1", "'=1", "Grand Est", " =1", "1-2", ""])
def test_any_other_cell_is_left_as_it_is(cell: str) -> None:
    text = whole(Format.CSV, pa.table({"name": [cell, "x"]})).decode()
    assert list(csv.reader(io.StringIO(text, newline="")))[1] == [cell, "RTE"]


def test_a_negative_number_is_no_formula() -> None:
    assert whole(Format.CSV, pa.table({"net_mwh": [-1.5]})) == b"net_mwh,attribution\n-1.5,RTE\n"


@pytest.mark.parametrize("style", [Format.PARQUET, Format.ARROW])
def test_binary_formats_keep_types_units_and_labels(style: Format) -> None:
    body = io.BytesIO(whole(style))
    found = pq.read_table(body) if style is Format.PARQUET else pa.ipc.open_stream(body).read_all()
    assert found.schema.equals(ROWS.schema)
    assert found.slice(1).equals(ROWS.slice(1))
    assert found.schema.field("energy_mwh").metadata == {b"unit": b"MWh", b"description": b"Energy"}
    assert {b"title": b"Rows", b"licence": b"Open", b"version": b"v1"}.items() <= found.schema.metadata.items()


@pytest.mark.parametrize("style", list(Format))
def test_no_rows_are_an_answer_too(style: Format) -> None:
    body = whole(style, ROWS.slice(0, 0))
    if style is Format.JSON:
        assert json.loads(body)["rows"] == []
    elif style is Format.CSV:
        assert body.decode() == ",".join([*ROWS.column_names, "attribution"]) + "\n"
    else:
        read = pq.read_table if style is Format.PARQUET else lambda file: pa.ipc.open_stream(file).read_all()
        assert read(io.BytesIO(body)).schema.equals(ROWS.schema)


@pytest.mark.parametrize("style", list(Format))
def test_a_sample_is_marked_in_every_row(style: Format) -> None:
    assert whole(style, sample="seed=7").count(b"seed=7") >= (1 if style is Format.PARQUET else 2)


def test_json_in_pieces_is_one_document() -> None:
    rows = pa.Table.from_batches(
        [batch for _ in range(3) for batch in (ROWS.to_batches()[0], ROWS.to_batches()[0][:0])]
    )
    assert len(json.loads(whole(Format.JSON, rows))["rows"]) == 6


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", Format.JSON),
        ("", None),
        ("application/*", Format.JSON),
        ("text/*", Format.CSV),
        ("TEXT/CSV", Format.CSV),
        ("text/csv;header=present;q=0.2, application/json;q=0.1", Format.CSV),
        ("application/json;q=0.5, text/csv;q=0.5", Format.JSON),
        ("text/html, application/xhtml+xml, */*;q=0.8", Format.JSON),
        ("text/csv;q=0", None),
        ("text/csv;q=much", None),
        ("image/png", None),
    ],
)
def test_what_is_accepted_is_weighed(accept: str, expected: Format | None) -> None:
    if expected is None:
        with pytest.raises(ProblemError) as refused:
            formats.chosen(request(accept=accept), None)
        assert refused.value.status == 406
    else:
        assert formats.chosen(request(accept=accept), None) is expected


def test_a_named_format_goes_before_what_is_accepted() -> None:
    assert formats.chosen(request(accept="text/csv"), Format.ARROW) is Format.ARROW


def test_a_tag_changes_with_the_version_the_format_and_the_question() -> None:
    asked = request()
    other = Request({"type": "http", "path": "/x", "query_string": b"unit=MW", "headers": []})
    tags = {
        formats.etag(version, said, style)
        for version in ("v1", "v2")
        for said in (asked, other)
        for style in (Format.JSON, Format.CSV)
    }
    assert len(tags) == 8
    assert formats.etag("v1", asked, Format.JSON) == formats.etag("v1", request(accept="x"), Format.JSON)


@pytest.mark.parametrize(
    ("held", "expected"),
    [('W/"a"', True), ('"a"', True), ('W/"b", W/"a"', True), ("*", True), ('W/"b"', False), ("", False), ("a", False)],
)
def test_what_the_caller_holds_is_compared_weakly(held: str, expected: bool) -> None:
    assert formats.unchanged(request(if_none_match=held), 'W/"a"') is expected
