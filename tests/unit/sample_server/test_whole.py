"""The server with the publisher it is made for."""

import io
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import httpx
import polars as pl
import pytest

from watthouse.catalog import CATALOG, live
from watthouse.sample.publishing import Publisher
from watthouse.sample.server import Sample, serving

NOW = datetime(2026, 5, 12, 9, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def whole() -> Iterator[tuple[Sample, httpx.Client]]:
    sample = Sample(Publisher(3, date(2026, 2, 10)), now=NOW)
    with serving(sample) as url, httpx.Client(base_url=f"{url}/catalog/datasets/", timeout=60) as client:
        yield sample, client


@pytest.mark.parametrize("dataset", list(live()))
def test_what_is_published_is_what_is_served(whole: tuple[Sample, httpx.Client], dataset: str) -> None:
    sample, client = whole
    expected = sample.publisher.table(dataset, NOW)
    exported = pl.read_parquet(client.get(f"{dataset}/exports/parquet").content)
    assert exported.schema == expected.schema
    assert exported.sort(pl.all()).equals(expected.sort(pl.all()))
    assert client.get(f"{dataset}/records?limit=0").json()["total_count"] == expected.height
    card = client.get(dataset).json()
    assert [field["name"] for field in card["fields"]] == expected.columns
    assert card["metas"]["default"]["records_count"] == expected.height
    lines = client.get(f"{dataset}/exports/jsonl").content
    assert len(pl.read_ndjson(io.BytesIO(lines), infer_schema_length=None)) == expected.height if lines else True


@pytest.mark.parametrize("dataset", list(live()))
def test_months_add_up(whole: tuple[Sample, httpx.Client], dataset: str) -> None:
    sample, client = whole
    time_column, measured = CATALOG[dataset].time, CATALOG[dataset].measured
    expected = sample.publisher.table(dataset, NOW)
    counted = Counter(moment.strftime("%Y-%m") for moment in expected[time_column])
    question = {
        "select": f"count(*) as n, sum({measured}) as total",
        "group_by": f"date_format({time_column}, 'yyyy-MM') as month",
        "limit": "100",
    }
    found = client.get(f"{dataset}/records", params=question).json()["results"]
    assert {row["month"]: row["n"] for row in found} == counted
    assert sum(row["total"] for row in found) == pytest.approx(expected[measured].sum())


def test_a_month_that_moved_is_read_anew(whole: tuple[Sample, httpx.Client]) -> None:
    sample, client = whole
    may = {"where": "date_heure >= date'2026-05-01' and date_heure < date'2026-06-01'"}
    try:
        for hours in (0, 1, 30):
            sample.move(NOW + timedelta(hours=hours))
            expected = sample.publisher.table("eco2mix-national-tr", sample.now, datetime(2026, 5, 1, tzinfo=UTC))
            exported = pl.read_parquet(client.get("eco2mix-national-tr/exports/parquet", params=may).content)
            assert exported.sort(pl.all()).equals(expected.sort(pl.all()))
            part = {"where": "date_heure >= date'2026-05-11T07:15:00Z' and date_heure < date'2026-05-12T00:00:00Z'"}
            assert client.get("eco2mix-national-tr/records", params=part).json()["total_count"] == 67
    finally:
        sample.move(NOW)


def test_tomorrow_is_counted_once_it_is_shown(whole: tuple[Sample, httpx.Client]) -> None:
    sample, client = whole

    def count() -> int:
        total: int = client.get("eco2mix-national-tr/records?limit=0").json()["total_count"]
        return total

    try:
        before = count()
        sample.move(NOW + timedelta(hours=13))  # past midnight in Paris
        assert count() - before == 96
    finally:
        sample.move(NOW)


def test_an_hour_later_there_is_more_to_read(whole: tuple[Sample, httpx.Client]) -> None:
    sample, client = whole

    def newest() -> datetime:
        window = {"where": f"date_heure >= date'{(sample.now - timedelta(days=1)).isoformat()}'"}
        rows = client.get("eco2mix-national-tr/exports/json", params=window).json()
        return max(datetime.fromisoformat(row["date_heure"]) for row in rows if row["consommation"] is not None)

    try:
        before = newest()
        sample.move(NOW + timedelta(hours=1))
        assert newest() - before == timedelta(hours=1)
    finally:
        sample.move(NOW)
