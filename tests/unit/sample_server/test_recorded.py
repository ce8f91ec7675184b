"""Payloads recorded from live services, against what the sample answers to the same call."""

import json
from pathlib import Path

import httpx
import pytest

from watthouse.sample.server import Sample, Troubles

pytestmark = pytest.mark.real

Row = dict[str, object]


def recorded(real_data: Path, name: str) -> object:
    return json.loads((real_data / "odre-api" / name).read_text())


def assert_alike(ours: list[Row], theirs: list[Row]) -> None:
    """Every column of theirs is ours too, of the same JSON type wherever both have a value."""
    for name in theirs[0]:
        mine = {type(row[name]) for row in ours} - {type(None)}
        live = {type(row[name]) for row in theirs} - {type(None)}
        assert mine <= live or not live, name


def test_national_rows_have_the_columns_and_types_of_the_live_ones(client: httpx.Client, real_data: Path) -> None:
    theirs = recorded(real_data, "eco2mix-national-tr_2025-08-22_records.json")
    assert isinstance(theirs, list)
    ours = client.get("eco2mix-national-tr/records?limit=96").json()
    assert set(ours) == {"total_count", "results"}
    assert set(ours["results"][0]) == set(theirs[0])
    assert_alike(ours["results"], theirs)


def test_a_regional_page_is_shaped_like_the_live_one(client: httpx.Client, real_data: Path) -> None:
    theirs = recorded(real_data, "records_v21_regional_tr_2026-03-25_partial.json")
    assert isinstance(theirs, dict)
    ours = client.get("eco2mix-regional-tr/records", params={"refine": "code_insee_region:84"}).json()
    assert list(ours) == list(theirs)
    assert isinstance(ours["total_count"], int)
    assert_alike(ours["results"], theirs["results"])
    assert [name for name in ours["results"][0] if name in theirs["results"][0]][:6] == list(theirs["results"][0])[:6]


def test_an_export_as_json_is_shaped_like_the_live_one(client: httpx.Client, real_data: Path) -> None:
    theirs = recorded(real_data, "exports_json_regional_cons_def_2026-06-30_partial.json")
    assert isinstance(theirs, list)
    ours = client.get("eco2mix-regional-cons-def/exports/json", params={"select": ",".join(theirs[0])}).json()
    assert list(ours[0]) == list(theirs[0])
    assert_alike(ours, theirs)


def test_the_quota_headers_are_those_seen_on_odre(client: httpx.Client, real_data: Path) -> None:
    bodies = recorded(real_data, "error_bodies.json")
    assert isinstance(bodies, dict)
    seen = bodies["quota_headers_seen_on_odre_2026-09-26"]
    ours = client.get("eco2mix-national-tr").headers
    assert {name for name in ours if name.startswith("x-ratelimit-")} == set(seen)
    for name, value in seen.items():
        assert len(ours[name].split("-")) == len(value.split("-")), name
        assert ours[name] == value or not name.endswith("-limit")


@pytest.mark.parametrize(
    ("kind", "name"), [("429-day", "quota_domain_v1_doc"), ("429-anonymous", "quota_anonymous_v1_doc")]
)
def test_a_spent_quota_has_the_documented_body(
    client: httpx.Client, sample: Sample, real_data: Path, kind: str, name: str
) -> None:
    bodies = recorded(real_data, "error_bodies.json")
    assert isinstance(bodies, dict)
    documented = bodies[name]
    sample.troubles = Troubles.of(kind)
    response = client.get("eco2mix-national-tr")
    assert response.status_code == documented["status"]
    ours = response.json()
    assert list(ours) == list(documented["body"])
    for said in ("errorcode", "limit_time_unit", "error"):
        assert ours[said] == documented["body"][said]
    assert len(ours["reset_time"]) == len(documented["body"]["reset_time"])


def test_who_may_not_ask_is_refused_as_recorded(client: httpx.Client, sample: Sample, real_data: Path) -> None:
    bodies = recorded(real_data, "error_bodies.json")
    assert isinstance(bodies, dict)
    sample.troubles = Troubles.of("forbidden")
    response = client.get("eco2mix-national-tr/records")
    assert {"status": response.status_code, "body": response.json()} == bodies["forbidden_anonymous_records"]
