"""What the server refuses, what it says then, and what it keeps to itself: over real HTTP."""

import re
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urljoin

import pytest

from tests.integration.conftest import SINCE
from tests.integration.serving import TOKEN, Api, problem, served

pytestmark = [pytest.mark.slow]

ELSEWHERE = "https://example.org"


@pytest.fixture(scope="module")
def strict(sampled: Path, on_engine: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server that takes no orders, gives 50 rows at most, and lets one other origin in."""
    limits = {"WATTHOUSE_MAX_ROWS": "50", "WATTHOUSE_CORS_ORIGINS": f'["{ELSEWHERE}"]'}
    with served(sampled, tmp_path_factory.mktemp("strict"), **limits, **on_engine) as running:
        yield running


def test_without_a_warehouse_it_says_what_to_run_and_serves_one_as_soon_as_it_is_there(
    sampled: Path, tmp_path: Path
) -> None:
    """Of the file alone: a database has no file that could be spoilt, nor one that could be moved into place."""
    home = tmp_path / "home"
    with served(home, tmp_path, sample=False) as missing:
        for path in ("/api/v1/mix", "/api/v1/marts/daily_mix/rows?format=csv", "/api/v1/status", "/readyz"):
            answer = missing.client.get(path)
            assert "`watthouse refresh`" in problem(answer, 503)["detail"]
            assert int(answer.headers["retry-after"]) > 0
        assert missing.client.get("/healthz").text == "ok\n"
        assert "watthouse_warehouse_built_timestamp_seconds 0.0" in missing.client.get("/metrics").text

        home.mkdir()
        (home / "warehouse.duckdb").write_bytes(b"no warehouse" * 1_000)
        assert "`watthouse build --full`" in problem(missing.get("/mix"), 503)["detail"]

        shutil.copy(sampled / "sample" / "warehouse.duckdb", home / "aside")
        (home / "aside").replace(home / "warehouse.duckdb")
        assert missing.get("/mix").json()["rows"]
        assert missing.client.get("/readyz").status_code == 200


def test_a_question_that_takes_too_long_and_a_client_that_asks_too_often_are_told_so(
    sampled: Path, on_engine: Mapping[str, str], tmp_path: Path
) -> None:
    hurried = {"WATTHOUSE_QUERY_SECONDS": "0.000001", "WATTHOUSE_RATE_LIMIT": "8"}
    with served(sampled, tmp_path, **hurried, **on_engine) as api:
        answers = [api.get("/compare?unit=MWh") for _ in range(8)]
        late = [answer for answer in answers if answer.status_code == 503]
        assert late, "an interrupt may come when a question is answered already, not eight times"
        assert "takes longer than 1e-06 s" in problem(late[0], 503)["detail"]
        assert late[0].headers["retry-after"] == "60"

        refused = api.get("/regions")
        assert "more than 8 requests" in problem(refused, 429)["detail"]
        assert 0 < int(refused.headers["retry-after"]) <= 60
        assert refused.headers["x-request-id"]
        assert api.client.get("/healthz").status_code == 200
        assert 'status="429"' in api.client.get("/metrics").text


def test_an_answer_of_too_many_rows_is_refused_and_names_what_to_change(strict: Api) -> None:
    assert "50 at most" in problem(strict.get("/marts/daily_regional/rows?format=csv"), 422, "limit")["detail"]
    assert "shorter period" in problem(strict.get("/mix?interval=hour"), 422)["detail"]
    assert len(strict.get("/marts/daily_regional/rows?format=csv&limit=60").text.splitlines()) == 61


def test_a_server_without_a_token_takes_no_orders(strict: Api) -> None:
    answer = strict.client.post("/api/v1/refresh", headers={"authorization": "Bearer x"})
    assert "WATTHOUSE_API_TOKEN" in problem(answer, 403)["detail"]


@pytest.mark.parametrize("said", [None, "", "Bearer", "Bearer s3cre", "Bearer s3crett", f"Basic {TOKEN}", TOKEN])
def test_an_order_needs_the_token(said: str | None, api: Api) -> None:
    answer = api.client.post("/api/v1/refresh", headers={} if said is None else {"authorization": said})
    assert TOKEN not in str(problem(answer, 401, "Authorization"))
    assert answer.headers["www-authenticate"] == "Bearer"
    assert api.get("/status").json()["refresh"]["state"] == "never asked for"


def test_the_token_stands_in_no_log(api: Api) -> None:
    api.client.post("/api/v1/refresh", headers={"authorization": f"Basic {TOKEN}"})
    assert TOKEN not in api.log.read_text()


def test_only_the_origins_of_the_settings_may_read(strict: Api, api: Api) -> None:
    def allowed(server: Api, origin: str) -> str | None:
        return server.get("/regions", origin=origin).headers.get("access-control-allow-origin")

    assert allowed(strict, ELSEWHERE) == ELSEWHERE
    assert allowed(strict, "https://example.com") is None
    assert allowed(api, ELSEWHERE) is None
    exposed = strict.get("/mix", origin=ELSEWHERE).headers["access-control-expose-headers"]
    assert {"etag", "x-watthouse-version", "x-watthouse-sample"} <= set(exposed.split(", "))


def test_a_page_elsewhere_may_not_give_orders(strict: Api) -> None:
    asked = {"origin": ELSEWHERE, "access-control-request-method": "POST"}
    assert strict.client.options("/api/v1/refresh", headers=asked).status_code == 400


@pytest.mark.parametrize("path", ["/api/v1/mix", "/api/v1/nothing", "/docs", "/healthz", "/api/v1/openapi.json"])
def test_every_answer_has_an_id_and_is_guarded(path: str, api: Api) -> None:
    headers = api.client.get(path).headers
    assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"])
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert policy.startswith("default-src 'none'" if path.startswith("/api/") else "default-src 'self'")


def test_a_request_is_logged_under_its_id(api: Api) -> None:
    answer = api.get("/regions/53/mix?unit=MW", x_request_id="from-the-caller-1")
    assert answer.headers["x-request-id"] == "from-the-caller-1"
    line = api.logged("from-the-caller-1")
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/v1/regions/53/mix", 200)
    assert line["ms"] > 0
    assert line["bytes"] > 0
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("forged", ["a" * 65, 'x"}', "a b", "é"])
def test_an_id_that_could_forge_a_log_is_not_taken(forged: str, api: Api) -> None:
    answer = api.client.get("/healthz", headers={"x-request-id": forged.encode()})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_the_measures_count_by_call_not_by_address(api: Api) -> None:
    for code in ("53", "11"):
        api.get(f"/regions/{code}/mix")
    api.client.get("/made/up/by/a/scanner")
    said = api.client.get("/metrics")
    assert said.headers["content-type"].startswith("text/plain; version=")
    counted = 'watthouse_requests_total{method="GET",route="/api/v1/regions/{insee}/mix",status="200"}'
    assert float(re.search(rf"^{re.escape(counted)} (.*)$", said.text, re.MULTILINE).group(1)) >= 2  # type: ignore[union-attr]
    assert "scanner" not in said.text
    built = re.search(r"^watthouse_warehouse_built_timestamp_seconds (.*)$", said.text, re.MULTILINE)
    assert built
    assert 0 < time.time() - float(built.group(1)) < 86_400


def test_the_documentation_needs_nothing_from_elsewhere(api: Api) -> None:
    page = api.client.get("/docs").text
    wanted = re.findall(r"""(?:src|href)=["']([^"']+)|url: ["']([^"']+)""", page)
    for address in (one or other for one, other in wanted):
        # below this server, wherever a proxy has it
        assert not re.match(r"/|\w+:", address), address
        answer = api.client.get(urljoin("/docs", address))
        assert answer.status_code == 200, address
    assert '"api/v1/openapi.json"' in api.client.get("/swagger/start.js").text


def test_a_sample_says_so_wherever_it_is_shown(api: Api) -> None:
    for path in ("/mix", "/status", "/marts/gas_daily/rows?format=csv", "/revisions?dataset=eco2mix-national-tr"):
        assert api.get(path).headers["x-watthouse-sample"] == "seed=0", path
    assert "nobody measured" in api.get("/mix").json()["source"]


def test_an_order_is_taken_once_at_a_time_and_its_progress_is_told(
    own: Path, on_own: Mapping[str, str], tmp_path: Path
) -> None:
    with served(own, tmp_path, WATTHOUSE_API_TOKEN=TOKEN, WATTHOUSE_SAMPLE_SINCE=str(SINCE), **on_own) as api:
        bearer = {"authorization": f"Bearer {TOKEN}"}
        first, second = (api.client.post("/api/v1/refresh", headers=bearer) for _ in range(2))
        assert first.status_code == 202, first.text
        assert (first.json()["state"], first.headers["location"]) == ("running", "/api/v1/status")
        assert "/api/v1/status" in problem(second, 409)["detail"]
        assert api.get("/status").json()["refresh"]["state"] == "running"
        assert api.get("/mix").json()["rows"]
        said = _ended(api)
        assert said["state"] == "done", said
        assert said["started_at"] < said["ended_at"]
        assert said["said"]


def _ended(api: Api) -> dict[str, str]:
    """How the refresh that runs ended."""
    for _ in range(600):
        said: dict[str, str] = api.get("/status").json()["refresh"]
        if said["state"] != "running":
            return said
        time.sleep(0.5)
    raise AssertionError("it runs on and on")
