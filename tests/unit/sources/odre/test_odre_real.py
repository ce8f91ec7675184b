"""Payloads recorded from the live service, served again by a small one."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.unit.sources.odre.odre_server import NATIONAL, Asked, answer, connected, facts, knobs, serving
from watthouse.catalog import CATALOG, Dataset
from watthouse.errors import QuotaError, SourceError
from watthouse.sources.odre import Download, Facts, FetchWindow, Odre
from watthouse.sources.odre.quota import Quota, moment

pytestmark = [pytest.mark.usefixtures("quick"), pytest.mark.real]

REGIONAL_TR = CATALOG["eco2mix-regional-tr"]
REGIONAL_CONS_DEF = CATALOG["eco2mix-regional-cons-def"]
ALL = FetchWindow(None, None, None)


def recorded(real_data: Path, name: str) -> Any:
    return json.loads((real_data / "odre-api" / name).read_text(encoding="utf-8"))


def fields(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Types as the service would have them."""
    kinds = {"int": "int", "float": "double", "str": "text"}
    found = {name: kinds.get(type(value).__name__, "text") for row in rows for name, value in row.items()}
    return found | {"date_heure": "datetime"}


def fetched(home: Path, dataset: Dataset, rows: list[dict[str, Any]], body: bytes) -> list[dict[str, Any]]:
    """The rows of a download from a service that has no Parquet and answers with ``body`` as JSON lines."""

    def route(asked: Asked) -> bytes:
        if asked.call == "records":
            return answer({"total_count": len(rows), "results": rows[:1]})
        return answer(body) if asked.call == "jsonl" else answer("", 404)

    with serving(route) as service, connected(Odre(knobs(service, home))) as odre:
        download: Download = next(odre.downloads(facts(dataset, fields(rows)), [FetchWindow(None, None, len(rows))]))
        pieces = list(download.pieces())
        assert {piece.dataset.id for piece in pieces} == {dataset.id}
        return [row for piece in pieces for row in piece.rows.to_pylist()]


def as_lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def check(found: list[dict[str, Any]], rows: list[dict[str, Any]], columns: tuple[str, ...], kept: int) -> None:
    """Every value of the rows that were kept, against what was recorded."""
    by_slot = {(datetime.fromisoformat(row["date_heure"]), row.get("code_insee_region")): row for row in rows}
    assert len(found) == kept
    for row in found:
        said = by_slot[row["date_heure"], row.get("code_insee_region")]
        for name in columns:
            assert row[name] == (None if said.get(name) is None else int(said[name])), name


def test_a_recorded_day_of_national_rows_arrives_value_by_value(tmp_path: Path, real_data: Path) -> None:
    rows = recorded(real_data, "eco2mix-national-tr_2025-08-22_records.json")
    found = fetched(tmp_path, NATIONAL, rows, as_lines(rows))
    numbers = tuple(column.name for column in NATIONAL.columns if column.kind.value == "whole number")
    assert "eolien_offshore" in numbers  # text in the payload
    check(found, rows, numbers, len(rows))


def test_recorded_regional_rows_arrive_value_by_value(tmp_path: Path, real_data: Path) -> None:
    rows = recorded(real_data, "records_v21_regional_tr_2026-03-25_partial.json")["results"]
    found = fetched(tmp_path, REGIONAL_TR, rows, as_lines(rows))
    check(found, rows, ("consommation", "thermique", "pompage", "stockage_batterie"), len(rows))
    assert found[0]["tco_thermique"] == 8.97


def test_recorded_consolidated_rows_arrive_value_by_value(tmp_path: Path, real_data: Path) -> None:
    rows = recorded(real_data, "exports_json_regional_cons_def_2026-06-30_partial.json")
    whole = [{"date": "2026-06-30", "heure": "23:30", **row} for row in rows]
    found = fetched(tmp_path, REGIONAL_CONS_DEF, whole, as_lines(whole))
    check(found, whole, ("consommation", "nucleaire", "eolien"), 1)


def test_the_quota_headers_seen_on_the_live_service_are_understood(real_data: Path) -> None:
    seen = recorded(real_data, "error_bodies.json")["quota_headers_seen_on_odre_2026-09-26"]
    assert moment(seen["x-ratelimit-dataset-reset"]) == datetime(2026, 10, 1, tzinfo=UTC)
    quota = Quota(100)
    quota.note(NATIONAL.id, seen)
    assert quota.left(NATIONAL.id) == "49,977 of 50,000 requests a month and dataset"
    quota.spend(NATIONAL.id)


REFUSED = {
    "limit_over_100": "answered 400 (InvalidRESTParameterError: Invalid value for limit API parameter: 1473 was",
    "offset_plus_limit_over_10000": "answered 400 (InvalidRESTParameterError: Invalid value for sum of offset + limit",
    "odsql_unknown_field": "answered 400 (ODSQLError: ODSQL query is malformed: Unknown field: anzahl)",
    "odsql_malformed_doc_example": "answered 400 (ODSQLError: ODSQL query is malformed: invalid_function())",
    "forbidden_anonymous_records": "answered 403 (ForbiddenAccess): it wants an account's key",
}


@pytest.mark.parametrize("name", REFUSED)
def test_recorded_refusals_are_reported_at_once_in_the_words_of_the_service(
    tmp_path: Path, real_data: Path, name: str
) -> None:
    said = recorded(real_data, "error_bodies.json")[name]
    with serving(lambda _: answer(said["body"], said["status"])) as service, Odre(knobs(service, tmp_path)) as odre:
        error = odre.facts([NATIONAL])[NATIONAL]
        assert len(service.asked) == 1
    assert isinstance(error, SourceError)
    assert REFUSED[name] in str(error)


@pytest.mark.parametrize("name", ["quota_domain_v1_doc", "quota_anonymous_v1_doc"])
def test_recorded_quotas_are_tried_again_after_their_reset_and_stop_the_refresh_before_it(
    tmp_path: Path, real_data: Path, name: str
) -> None:
    said: Mapping[str, Any] = recorded(real_data, "error_bodies.json")[name]
    for reset, raised, tries in (("2021-01-26T00:00:00Z", "tried 4 times", 4), ("2121-01-26T00:00:00Z", "is spent", 1)):
        reply = answer({**said["body"], "reset_time": reset}, said["status"])
        with serving(lambda _, reply=reply: reply) as service, Odre(knobs(service, tmp_path)) as odre:
            with pytest.raises(QuotaError, match=raised) as caught:
                odre.facts([NATIONAL])
            assert len(service.asked) == tries
        assert said["body"]["error"] in str(caught.value)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_recorded_interruption_in_the_middle_of_a_stream_is_fetched_again(
    tmp_path: Path, real_data: Path, form: str
) -> None:
    rows = recorded(real_data, "eco2mix-national-tr_2025-08-22_records.json")
    broken = recorded(real_data, "error_bodies.json")["export_midstream_error_text"].encode()
    bodies = {"jsonl": as_lines(rows), "csv": pl.DataFrame(rows).write_csv(separator=";").encode()}
    cut = bodies[form][: len(bodies[form]) // 2].rpartition(b"\n")[0] + b"\n" + broken + b"\n"
    replies = [answer(cut), answer(bodies[form])]
    route = lambda asked: replies.pop(0) if asked.call == form else answer("", 404)  # noqa: E731
    with serving(route) as service, connected(Odre(knobs(service, tmp_path))) as odre:
        download = next(odre.downloads(facts(NATIONAL, fields(rows)), [replace(ALL, rows=len(rows))]))
        assert sum(piece.rows.num_rows for piece in download.pieces()) == len(rows)
        assert odre.usage.retries == 1
    assert not replies


def test_a_real_export_arrives_whole(tmp_path: Path, real_data: Path) -> None:
    path = real_data / "odre" / "eco2mix-national-tr_2025-q1.parquet"
    body = path.read_bytes()
    with serving(lambda _: answer(body)) as service, connected(Odre(knobs(service, tmp_path))) as odre:
        of: Facts = facts(NATIONAL, dict.fromkeys(NATIONAL.names, "int") | {"date_heure": "datetime"})
        download = next(odre.downloads(of, [FetchWindow(None, None, 8_544)]))
        assert sum(piece.read for piece in download.pieces()) == pl.read_parquet(path).height == 8_544
