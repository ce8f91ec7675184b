"""Whatever the format and the packing: what is downloaded is the mart, row for row."""

import csv
import gzip
import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import brotli
import duckdb
import httpx
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.integration.serving import Api
from watthouse.warehouse.duckdb.reader import DuckDBReader

pytestmark = [pytest.mark.slow]

KEYS: Final = {
    "completeness_daily": "dataset, civil_date",
    "daily_merged": "civil_date",
    "daily_mix": "civil_date",
    "daily_regional": "civil_date, code_insee_region",
    "exchanges_daily": "civil_date",
    "forecast_daily": "civil_date",
    "forecast_slots": "date_heure",
    "gas_daily": "civil_date",
    "gas_points_daily": "civil_date, source, pits",
    "hourly_national": "date_heure",
    "monthly_national": "civil_month",
    "monthly_regional": "civil_month, code_insee_region",
    "national_slots": "date_heure",
    "records_daily": "civil_date, measure, span",
    "regional_slots": "date_heure, code_insee_region",
    "temperature_daily": "civil_date, code_insee_region",
    "yearly_regional": "civil_year, code_insee_region",
}
MARTS: Final = tuple(KEYS)


def held(api: Api, mart: str) -> pa.Table:
    """The mart as it lies in the warehouse, in the order in which its rows are given."""
    with duckdb.connect(api.home / "warehouse.duckdb", read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.sql(f"select * from marts.{mart} order by {KEYS[mart]}").to_arrow_table()


def test_every_mart_is_downloaded_here(api: Api) -> None:
    # Tempo's calendars come by files alone, and the sample has none
    assert {mart["name"] for mart in api.get("/marts").json()} == {*MARTS, "tempo_days"}


@pytest.mark.parametrize("mart", MARTS)
@pytest.mark.parametrize("style", ["parquet", "arrow"])
def test_a_binary_download_is_the_mart_in_rows_and_types(style: str, mart: str, api: Api) -> None:
    answer = api.get(f"/marts/{mart}/rows?format={style}")
    found = (
        pq.read_table(io.BytesIO(answer.content))
        if style == "parquet"
        else pa.ipc.open_stream(answer.content).read_all()
    )
    expected = held(api, mart)
    assert expected.num_rows
    assert pc.unique(found["sample"]).to_pylist() == ["seed=0"]
    assert found.schema.metadata[b"version"].decode() == answer.headers["x-watthouse-version"]
    assert found.drop(["sample"]).cast(expected.schema).equals(expected)
    for one in expected.schema:
        assert _same(found.schema.field(one.name).type, one.type), one.name


def _same(found: pa.DataType, expected: pa.DataType) -> bool:
    """Instants may come in milliseconds or as UTC by another name; nothing else may differ."""
    if pa.types.is_timestamp(expected):
        return pa.types.is_timestamp(found) and str(found.tz).upper() in {"UTC", "ETC/UTC"}
    return found == expected


@pytest.mark.parametrize("mart", MARTS)
def test_a_csv_is_the_mart(mart: str, api: Api) -> None:
    answer = api.get(f"/marts/{mart}/rows?format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == f'attachment; filename="{mart}.csv"'
    found = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8"), newline="")))
    assert [row.pop("attribution") != "" for row in found] == [True] + [False] * (len(found) - 1)
    _agree(found, held(api, mart).to_pylist(), _from_text)


@pytest.mark.parametrize("mart", MARTS)
def test_the_pages_of_json_are_the_mart(mart: str, api: Api) -> None:
    found, cursor = [], ""
    while True:
        page = api.get(f"/marts/{mart}/rows?limit=700{cursor}").json()
        found += page["rows"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    _agree(found, held(api, mart).to_pylist(), _from_json)


def _agree(found: list[dict[str, Any]], expected: list[dict[str, Any]], read: Callable[[Any, Any], Any]) -> None:
    assert len(found) == len(expected) > 0
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.pop("sample") == "seed=0"
        assert ours.keys() == theirs.keys()
        for name, value in theirs.items():
            assert read(ours[name], value) == value, (name, ours)


def _from_text(text: str, like: Any) -> Any:
    """What a cell says, in the type of the value that it should be."""
    if like is None:
        return None if text == "" else text
    if isinstance(like, bool):
        return {"true": True, "false": False}[text]
    if isinstance(like, datetime):
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return date.fromisoformat(text) if isinstance(like, date) else type(like)(text)


def _from_json(said: Any, like: Any) -> Any:
    if isinstance(like, datetime):
        return datetime.strptime(said, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if isinstance(like, date):
        return date.fromisoformat(said)
    return said if like is None or isinstance(like, str | bool | int) else type(like)(str(said))


def _zstd(packed: bytes) -> bytes:
    return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed), read_across_frames=True).read()


@pytest.mark.parametrize(("coding", "unpack"), [("gzip", gzip.decompress), ("br", brotli.decompress), ("zstd", _zstd)])
@pytest.mark.parametrize("path", ["/mix", "/marts/hourly_national/rows?format=csv"])
def test_an_answer_is_packed_as_is_asked(path: str, coding: str, unpack: Callable[[bytes], bytes], api: Api) -> None:
    plain = api.get(path, accept_encoding="identity")
    request = api.client.build_request("GET", f"/api/v1{path}", headers={"accept-encoding": coding})
    answer = api.client.send(request, stream=True)
    packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == coding
    assert "content-encoding" not in plain.headers
    assert len(packed) < len(plain.content) / 2
    assert unpack(packed) == plain.content
    assert {"accept", "accept-encoding"} <= {word.strip().lower() for word in answer.headers["vary"].split(",")}
    assert answer.headers["etag"] == plain.headers["etag"]


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("text/csv", "text/csv; charset=utf-8; header=present"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("text/html, text/*;q=0.3", "text/csv; charset=utf-8; header=present"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("application/vnd.apache.arrow.stream, */*;q=0.1", "application/vnd.apache.arrow.stream"),
        ("application/json;q=0, */*", "application/json"),
        ("*/*", "application/json"),
    ],
)
def test_the_format_is_the_one_that_is_liked_best(accept: str, media: str, api: Api) -> None:
    answer: httpx.Response = api.get("/gas", accept=accept)
    assert answer.headers["content-type"] == media


def test_a_download_is_of_its_own_version_though_another_was_published_meanwhile(
    api_on_duckdb: Api, tmp_path: Path
) -> None:
    """Of the file alone: it is opened a second time for a download, where a database is one for both."""
    api = api_on_duckdb
    path, following = tmp_path / "warehouse.duckdb", tmp_path / "next"
    for copy in (path, following):
        shutil.copyfile(api.home / path.name, copy)
    with duckdb.connect(following) as connection:
        connection.execute("update raw.builds set fingerprint = 'another'")
    count = "select count(*) from held.marts.regional_slots"
    with closing(DuckDBReader(path, 30, tmp_path)) as first:
        following.replace(path)
        assert first.streams() is first.engine
        with closing(DuckDBReader(path, 30, tmp_path)) as second:
            assert second.build.mark != first.build.mark
            assert second.streams() is not second.engine
            assert second.streams().run(count) == first.engine.run(count)


def test_no_answer_loads_pandas() -> None:
    """A fifth of the worker's memory: Arrow loads it for a single `to_numpy`, where it is installed at all."""
    program = (
        "import sys, datetime, polars\n"
        "from watthouse.serve.queries.attribution import used_of\n"
        "day = datetime.date(2025, 1, 1)\n"
        "rows = polars.DataFrame({'civil_date': [day], 'nature': ['Données temps réel']}).to_arrow()\n"
        "print(used_of(rows, ['eco2mix-national-tr'], (day, day))[0].since, 'pandas' in sys.modules)\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (0, "2025-01-01 False\n"), said.stderr


LONG: Final = (
    "/forecast?interval=hour",
    "/mix?interval=slot",
    "/regions?interval=30min",
    "/marts/hourly_national/rows?",
)


def test_long_downloads_at_once_are_each_whole(api: Api) -> None:
    """They share an engine of little memory: what does not fit there is read elsewhere, none is cut."""
    paths = [f"{path}&since=2020-01-01&format=csv" for path in LONG]
    alone = [api.get(path).content for path in paths]
    assert all(len(body.splitlines()) > 100 for body in alone)
    with ThreadPoolExecutor(8) as readers:
        for path, answer in zip(paths * 4, readers.map(api.get, paths * 4), strict=True):
            assert answer.status_code == 200
            assert answer.content == alone[paths.index(path)]
