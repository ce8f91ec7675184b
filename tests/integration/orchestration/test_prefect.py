"""The hourly refresh on a real Prefect server: deployed, run, failed, caught up and taken away."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from tests import servers
from tests.integration.service import Service, service, utc
from tests.integration.test_runs import runs
from tests.prefect import Api, Prefect, orchestrate, serving
from tests.support import begun, mart, tables, watthouse
from watthouse.catalog import live

pytestmark = [pytest.mark.slow, pytest.mark.orchestration]

NOW: Final = utc("2026-03-31T14:40")
SINCE: Final = NOW.date() - timedelta(days=7)
TR: Final = "eco2mix-national-tr"
DEPLOYMENT: Final = "/deployments/name/watthouse/hourly"
BLOCKS: Final = ("watthouse-bucket", "watthouse-credentials", "watthouse-variables")
SECRET: Final = "sesame-open"


@pytest.fixture(scope="module")
def url(run_id: str) -> str:
    server = Prefect()
    return server.url(servers.up(servers.of_the_run(run_id), server))


@pytest.fixture(scope="module")
def api(url: str) -> Iterator[Api]:
    client = Api(url)
    yield client
    client.close()


@pytest.fixture(scope="module")
def served() -> Iterator[Service]:
    with service(SINCE, NOW) as running:
        yield running


@pytest.fixture(autouse=True)
def in_good_order(served: Service) -> None:
    served.trouble("")
    served.at(NOW)


def set_up(url: str, served: Service, home: Path, prefect_home: Path) -> Mapping[str, str]:
    """The deployment for this home; returns the variables of whoever serves it."""
    prefect = {"PREFECT_HOME": str(prefect_home)}
    watthouse_set = {**served.variables, "WATTHOUSE_HOME": str(home), "WATTHOUSE_API_KEY": SECRET}
    done = orchestrate(url, "setup", env={**prefect, **watthouse_set})
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr
    return prefect  # all else is in the blocks


def blocks(api: Api) -> list[dict[str, Any]]:
    found = api.post("/block_documents/filter")
    return sorted((one for one in found if one["name"] == "watthouse"), key=lambda one: one["block_type"]["slug"])


def triggered(api: Api, at: datetime | None = None, **parameters: float) -> str:
    """The id of a run that was asked for, to begin now or at a moment that may have passed."""
    scheduled = {"type": "SCHEDULED", "state_details": {"scheduled_time": (at or datetime.now(UTC)).isoformat()}}
    deployment = api.get(DEPLOYMENT)["id"]
    run = api.post(f"/deployments/{deployment}/create_flow_run", parameters=parameters, state=scheduled)
    return str(run["id"])


def ended(api: Api, run: str) -> dict[str, Any]:
    """The run, once it is over."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        state: dict[str, Any] = api.get(f"/flow_runs/{run}")["state"]
        if state["type"] in {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}:
            return state
        time.sleep(0.3)
    raise AssertionError(f"run {run} does not end: {state}")


def tasks(api: Api, run: str) -> dict[str, dict[str, Any]]:
    found = api.post("/task_runs/filter", task_runs={"flow_run_id": {"any_": [run]}})
    return {task["name"]: task for task in found}


def test_without_its_environment_one_line_says_how_to_get_it(tmp_path: Path) -> None:
    done = watthouse(tmp_path, "orchestrate", "prefect", "setup")
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert "make .venv-prefect/installed" in line


def test_a_server_that_does_not_answer_is_one_line(url: str, tmp_path: Path) -> None:
    done = orchestrate("http://127.0.0.1:9/api", "setup", env={"PREFECT_HOME": str(tmp_path)})
    (line,) = done.stderr.splitlines()
    assert (done.returncode, "http://127.0.0.1:9/api" in line) == (1, True)


def test_setup_twice_is_setup_once_and_remove_takes_all_of_it_away(
    url: str, api: Api, served: Service, tmp_path: Path
) -> None:
    set_up(url, served, tmp_path / "other", tmp_path)
    before = (api.get(DEPLOYMENT)["id"], [one["id"] for one in blocks(api)])
    prefect = set_up(url, served, tmp_path / "home", tmp_path)
    credentials, variables = (blocks(api)[number]["data"] for number in (1, 2))
    assert (api.get(DEPLOYMENT)["id"], [one["id"] for one in blocks(api)]) == before
    assert tuple(one["block_type"]["slug"] for one in blocks(api)) == BLOCKS
    assert variables["values"]["WATTHOUSE_HOME"] == str(tmp_path / "home")
    assert variables["values"]["WATTHOUSE_ODRE_URL"] == served.url
    assert credentials["secrets"].keys() == {"WATTHOUSE_API_KEY"}
    assert SECRET not in str(blocks(api))
    removed = orchestrate(url, "remove", env=prefect)
    assert len(removed.stdout.splitlines()) == 4
    assert blocks(api) == []
    assert not {one["slug"] for one in api.post("/block_types/filter")} & {*BLOCKS}
    assert api.post("/deployments/filter", deployments={"name": {"any_": ["hourly"]}}) == []
    assert orchestrate(url, "remove", env=prefect).stdout == f"removed nothing from {url}\n"


def test_it_runs_every_hour_of_paris_one_at_a_time(url: str, api: Api, served: Service, tmp_path: Path) -> None:
    set_up(url, served, tmp_path / "home", tmp_path)
    deployment = api.get(DEPLOYMENT)
    (schedule,) = deployment["schedules"]
    assert (schedule["active"], schedule["schedule"]["timezone"]) == (True, "Europe/Paris")
    assert schedule["schedule"]["cron"] == "0 * * * *"
    assert deployment["global_concurrency_limit"]["limit"] == 1


def test_a_run_brings_what_a_refresh_does_and_shows_it(url: str, api: Api, served: Service, tmp_path: Path) -> None:
    home, by_hand = begun(tmp_path / "home"), begun(tmp_path / "by-hand")
    assert watthouse(by_hand, "refresh", env=served.variables).returncode == 0
    prefect = set_up(url, served, home, tmp_path)
    with serving(url, prefect):
        run = triggered(api)
        assert ended(api, run)["type"] == "COMPLETED"
    assert tables(home) == tables(by_hand)
    assert tasks(api, run).keys() == {*(f"fetch {name}" for name in live()), "build"}
    assert {one["started_by"] for one in runs(home, {})} == {"prefect"}
    shown = {
        one["key"]: one["data"] for one in api.post("/artifacts/filter", artifacts={"flow_run_id": {"any_": [run]}})
    }
    new = {f"fetch {name}": count for name, count in _new(shown["watthouse-changes"]).items()}
    assert new == {one["call"]: one["new"] for one in runs(home, {}) if one["call"] != "build"}
    assert sum(new.values()) > 0
    assert "http://127.0.0.1:8050/" in shown["watthouse-pages"]


def test_a_dataset_that_fails_is_tried_again_and_shown_with_the_pipelines_own_line(
    url: str, api: Api, served: Service, tmp_path: Path
) -> None:
    home, by_hand = begun(tmp_path / "home"), begun(tmp_path / "by-hand")
    served.trouble(f"renamed={TR}")
    line = watthouse(by_hand, "fetch", TR, env=served.variables).stderr.partition("refused  ")[2].splitlines()[0]
    with serving(url, set_up(url, served, home, tmp_path)):
        run = triggered(api, retry_seconds=0.1)
        state = ended(api, run)
    assert (state["type"], state["message"]) == ("FAILED", line)
    done = tasks(api, run)
    assert line in done[f"fetch {TR}"]["state"]["message"]
    assert done[f"fetch {TR}"]["run_count"] == 3
    assert [name for name, task in done.items() if task["state"]["type"] != "COMPLETED"] == [f"fetch {TR}"]
    assert len(mart(home, "regional_slots")) > 0, "the others came, and were built"


def test_hours_that_nobody_served_are_caught_up_by_one_run(url: str, api: Api, served: Service, tmp_path: Path) -> None:
    home, punctual = begun(tmp_path / "home"), begun(tmp_path / "punctual")
    prefect = set_up(url, served, home, tmp_path)
    for late in (home, punctual):
        assert watthouse(late, "refresh", env=served.variables).returncode == 0
    for hours in (1, 2, 3):
        served.at(NOW + timedelta(hours=hours))
        assert watthouse(punctual, "refresh", env=served.variables).returncode == 0
    missed = [triggered(api, datetime.now(UTC) - timedelta(hours=hours)) for hours in (3, 2, 1)]
    with serving(url, prefect):
        outcomes = [ended(api, run)["type"] for run in missed]
    assert sorted(outcomes) == ["CANCELLED", "CANCELLED", "COMPLETED"]
    assert mart(home, "national_slots") == mart(punctual, "national_slots")


def _new(table: Any) -> dict[str, int]:
    rows = json.loads(table) if isinstance(table, str) else table
    return {row["dataset"]: row["new"] for row in rows}
