"""Exports: every format holds the same rows, in an order of its own."""

import csv
import gzip
import io
import json
import zlib
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import httpx
import polars as pl
import pyarrow.parquet as pq
import pytest

from tests.unit.sample_server.tiny import FIRST, LAST, NOW, Tiny
from watthouse.catalog import CATALOG, live
from watthouse.sample.server import Sample, serving
from watthouse.sample.service import calls

NATIONAL = "eco2mix-national-tr"
REGIONAL = "eco2mix-regional-tr"
GAS = "stock-quotidien-stockages-gaz"
Row = dict[str, object]


def fetch(client: httpx.Client, dataset: str, form: str, **parameters: str) -> httpx.Response:
    response = client.get(f"{dataset}/exports/{form}", params=parameters)
    assert response.status_code == 200, response.text
    return response


def from_parquet(content: bytes) -> list[Row]:
    return pl.read_parquet(content).to_dicts()


def from_json(response: httpx.Response) -> list[Row]:
    rows: list[Row] = json.loads(response.content)
    return rows


def from_lines(response: httpx.Response) -> list[Row]:
    return [json.loads(line) for line in response.text.splitlines()]


def from_csv(response: httpx.Response, delimiter: str = ";") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def spelt(row: Row) -> Row:
    """A typed row as JSON has it."""
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


def in_order(rows: list[Row]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def published(dataset: str) -> list[Row]:
    return Tiny().table(dataset, NOW).to_dicts()


@pytest.mark.parametrize("dataset", list(live()))
def test_every_format_holds_the_rows_that_are_published(client: httpx.Client, dataset: str) -> None:
    expected = in_order([spelt(row) for row in published(dataset)])
    assert in_order([spelt(row) for row in from_parquet(fetch(client, dataset, "parquet").content)]) == expected
    assert in_order(from_json(fetch(client, dataset, "json"))) == expected
    assert in_order(from_lines(fetch(client, dataset, "jsonl"))) == expected
    as_text = [{name: "" if v is None else str(v) for name, v in json.loads(row).items()} for row in expected]
    assert in_order([dict(row) for row in from_csv(fetch(client, dataset, "csv"))]) == in_order(as_text)


def test_parquet_has_the_types_of_the_live_exports(client: httpx.Client) -> None:
    content = fetch(client, REGIONAL, "parquet", timezone="Europe/Berlin").content
    schema = pq.read_schema(io.BytesIO(content))
    assert str(schema.field("date_heure").type) == "timestamp[ms, tz=Europe/Berlin]"
    assert str(schema.field("consommation").type) == "int64"
    assert str(schema.field("tco_solaire").type) == "double"
    assert str(schema.field("pompage").type) == str(schema.field("date").type) == "string"
    assert str(pq.read_schema(io.BytesIO(fetch(client, GAS, "parquet").content)).field("date").type) == "date32[day]"


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "parquet"])
def test_two_downloads_differ_in_their_order(client: httpx.Client, form: str) -> None:
    first, second = (fetch(client, NATIONAL, form).content for _ in range(2))
    assert first != second


def test_no_month_always_comes_first(client: httpx.Client) -> None:
    first = {fetch(client, NATIONAL, "csv", select="date").text.splitlines()[1][:7] for _ in range(25)}
    assert first == {"2026-08", "2026-09"}


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "parquet"])
def test_an_empty_selection_is_a_well_formed_export(client: httpx.Client, form: str) -> None:
    response = fetch(client, NATIONAL, form, where="date_heure < date'1896-01-01'")
    match form:
        case "csv":
            assert response.content.startswith(b"\xef\xbb\xbfperimetre;nature;")
            assert from_csv(response) == []
        case "json":
            assert from_json(response) == []
        case "jsonl":
            assert response.content == b""
        case "parquet":
            assert pl.read_parquet(response.content).shape == (0, len(CATALOG[NATIONAL].names))


def test_csv_has_semicolons_a_bom_and_the_clock_asked_for(client: httpx.Client) -> None:
    content = fetch(client, NATIONAL, "csv", select="date_heure,gaz", order_by="date_heure", timezone="Europe/Paris")
    assert content.content.startswith(b"\xef\xbb\xbfdate_heure;gaz\r\n2026-08-28T02:00:00+02:00;0\r\n")


@pytest.mark.parametrize("delimiter", [",", "\t", "|"])
def test_csv_takes_another_delimiter(client: httpx.Client, delimiter: str) -> None:
    assert len(from_csv(fetch(client, GAS, "csv", delimiter=delimiter), delimiter)) == 14
    assert client.get(f"{GAS}/exports/csv", params={"delimiter": "x"}).status_code == 400


def test_a_cell_that_holds_the_delimiter_is_quoted(client: httpx.Client) -> None:
    assert {row["pits"] for row in from_csv(fetch(client, GAS, "csv"))} == {"Saline;sel", "Sud"}


def test_labels_are_french_and_carry_units(client: httpx.Client) -> None:
    header = fetch(client, REGIONAL, "csv", use_labels="true").text.lstrip("\ufeff").splitlines()[0].split(";")
    assert header[:8] == [
        "Code INSEE région", "Région", "Nature", "Date", "Heure", "Date - Heure", "Consommation (MW)", "Thermique (MW)"
    ]  # fmt: skip
    assert header[-2:] == ["TCH Bioénergies (%)", "Column 68"]


@pytest.mark.parametrize(
    ("dataset", "labels"),
    [
        (NATIONAL, {2026: "Date et Heure", 2027: "Date - Heure"}),
        (REGIONAL, {2026: "Date - Heure", 2027: "Date et Heure"}),
    ],
)
def test_labels_differ_by_dataset_and_change_with_the_vintage(
    sample: Sample, client: httpx.Client, dataset: str, labels: dict[int, str]
) -> None:
    for year, label in labels.items():
        sample.move(NOW.replace(year=year))
        header = fetch(client, dataset, "csv", use_labels="true").text.lstrip("\ufeff").splitlines()[0].split(";")
        told = {field["name"]: field["label"] for field in client.get(dataset).json()["fields"]}
        assert label in header
        assert told["date_heure"] == label


@pytest.mark.real
def test_labels_are_those_of_a_real_export(client: httpx.Client, real_data: Path) -> None:
    file = real_data / "odre/eco2mix-regional-cons-def_hauts-de-france_2024.csv"
    real = file.read_text(encoding="utf-8-sig").splitlines()[0].split(";")
    ours = fetch(client, "eco2mix-regional-cons-def", "csv", use_labels="true").text.lstrip("\ufeff").splitlines()[0]
    assert ours.split(";") == real


def test_an_export_has_no_cap_and_takes_a_limit(client: httpx.Client) -> None:
    assert len(from_json(fetch(client, NATIONAL, "json", limit="150"))) == 150
    assert from_json(fetch(client, NATIONAL, "json", limit="0")) == []
    assert len(from_json(fetch(client, NATIONAL, "json", limit="-1"))) == 168
    assert client.get(f"{NATIONAL}/exports/json?limit=-2").status_code == 400


def test_an_export_is_selected_and_grouped_like_records(client: httpx.Client) -> None:
    window = "date_heure >= date'2026-08-31T22:00:00+00:00' and date_heure < date'2026-09-01T02:00:00+00:00'"
    rows = from_lines(fetch(client, NATIONAL, "jsonl", where=window, select="gaz as g", order_by="date_heure desc"))
    start = int((datetime(2026, 8, 31, 22, tzinfo=UTC) - FIRST).total_seconds() // 3600)
    assert rows == [{"g": number} for number in range(start + 3, start - 1, -1)]
    groups = fetch(client, NATIONAL, "json", select="count(*) as n", group_by="month(date_heure) as m")
    assert from_json(groups) == [{"m": 8, "n": 96}, {"m": 9, "n": 72}]


def test_an_offset_brings_the_cap_back_in_the_middle_of_the_stream(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(from_json(fetch(client, NATIONAL, "json", offset="100"))) == 68
    monkeypatch.setattr(calls, "CAP", 120)
    text = fetch(client, NATIONAL, "jsonl", offset="100").text
    rows, _, words = text.partition("\n\n")
    assert len(rows.splitlines()) == 20
    assert words == (
        "Streaming interrupted due to the following error: Invalid value for sum of offset + limit API parameter: 168"
        " was found but <= 10000 is expected. (error_code: InvalidRESTParameterError)\n"
    )


@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
def test_text_is_packed_where_the_client_takes_gzip(served: tuple[Sample, str], sample: Sample, form: str) -> None:
    url = f"{served[1]}/catalog/datasets/{NATIONAL}/exports/{form}?order_by=date_heure"
    with httpx.Client(headers={"accept-encoding": "gzip"}) as client, client.stream("GET", url) as response:
        raw = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["transfer-encoding"] == "chunked"
    with httpx.Client(headers={"accept-encoding": "identity"}) as client:
        plain = client.get(url)
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 4


def test_parquet_is_never_packed_again(served: tuple[Sample, str], sample: Sample) -> None:
    response = httpx.get(
        f"{served[1]}/catalog/datasets/{NATIONAL}/exports/parquet", headers={"accept-encoding": "gzip"}
    )
    assert "content-encoding" not in response.headers
    assert response.headers["transfer-encoding"] == "chunked"


def test_metadata_is_packed_too_and_gzip_can_be_refused(served: tuple[Sample, str], sample: Sample) -> None:
    url = f"{served[1]}/catalog/datasets/{NATIONAL}"
    for header, packed in (("gzip, deflate", True), ("gzip;q=0", False), ("br", False), ("", False), ("*", True)):
        with httpx.stream("GET", url, headers={"accept-encoding": header}) as response:
            raw = b"".join(response.iter_raw())
        assert json.loads(zlib.decompress(raw, wbits=31) if packed else raw)["dataset_id"] == NATIONAL


def test_an_unknown_format_is_refused(client: httpx.Client) -> None:
    assert client.get(f"{NATIONAL}/exports/xlsx").status_code == 404


def test_an_export_visits_its_months_in_any_order_and_each_quarter_once() -> None:
    visited = []

    class Long(Tiny):
        def months(self, dataset_id: str, now: datetime) -> list[str]:
            return [f"2025-{month:02}" for month in range(1, 13)]

        def table(self, dataset_id, now, since=None, until=None):  # type: ignore[no-untyped-def]
            visited.append(since.month)
            return super().table(dataset_id, now, since, until)

    orders = set()
    for _ in range(4):
        with serving(Sample(Long(), now=NOW)) as url, httpx.Client(base_url=f"{url}/catalog/datasets/") as client:
            visited.clear()
            fetch(client, NATIONAL, "parquet")
            orders.add(tuple(visited[-12:]))
    assert len(orders) > 1
    for order in orders:
        quarters = [(month - 1) // 3 for month in order]
        assert sorted(order) == list(range(1, 13))
        assert all(len(set(quarters[place : place + 3])) == 1 for place in range(0, 12, 3))


def test_a_long_window_is_read_month_by_month_and_each_month_once() -> None:
    spans = []

    class Long(Tiny):
        def months(self, dataset_id: str, now: datetime) -> list[str]:
            return ["2026-06", "2026-07", "2026-08", "2026-09"]

        def table(self, dataset_id, now, since=None, until=None):  # type: ignore[no-untyped-def]
            spans.append((since, until))
            return super().table(dataset_id, now, since, until)

    with serving(Sample(Long(), now=NOW)) as url, httpx.Client(base_url=f"{url}/catalog/datasets/") as client:
        found = [fetch(client, NATIONAL, "parquet").content for _ in range(2)]
    assert [len(from_parquet(content)) for content in found] == [168, 168]
    months = [datetime(2026, month, 1, tzinfo=UTC) for month in range(6, 11)]
    read = [span for span in spans if span[0] != span[1]]
    assert sorted(read) == list(pairwise(months)), "each month once"
    assert months[-1] > LAST
