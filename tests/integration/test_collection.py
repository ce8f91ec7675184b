"""The Postman collection, run by newman against real servers: the main one of a sample, and ``meters serve``."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.integration.meter_store import MeterStore, serving
from tests.integration.serving import TOKEN, Api, served
from tests.servers import do_without, mongodb
from tests.streaming import fill
from tests.support import ROOT
from tests.tariffs import declared
from tools.newman import installed
from tools.services.base import ServiceFailedError

pytestmark = [pytest.mark.slow, pytest.mark.real]

FOLDER = ROOT / "collection"
COLLECTION = FOLDER / "watthouse.postman_collection.json"
HISTORIC = "historic meter service"
TARIFFS = declared("Base", "base", "2015-01-01", "standing_per_month = 10", "prices = { base = 0.2 }")
ITEMS: dict[str, list[dict[str, Any]]] = {
    folder["name"]: folder["item"] for folder in json.loads(COLLECTION.read_text())["item"]
}


@pytest.fixture(scope="module")
def newman() -> Path:
    try:
        return installed()
    except ServiceFailedError as error:
        do_without(error)


@pytest.fixture(scope="module")
def server(
    sampled: Path, real_data: Path, mongodb_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """The main server of a sample, which takes the historic calls and has tariffs, all real meter files and a stream's
    store at hand."""
    folder = tmp_path_factory.mktemp("collection")
    home = Path(shutil.copytree(sampled, folder / "home"))
    tariffs = folder / "tariffs.toml"
    tariffs.write_text(TARIFFS)
    files = str(real_data / "meters")
    variables = {"WATTHOUSE_API_TOKEN": TOKEN, "WATTHOUSE_METER_FILES": files, "WATTHOUSE_METER_GETS": "true"}
    variables["WATTHOUSE_TARIFFS"] = str(tariffs)
    with mongodb(mongodb_server) as url:
        fill(url, date(2026, 3, 10))
        with served(home, folder, WATTHOUSE_STREAM_STORE=url, **variables) as running:
            yield running


def _run(newman: Path, report: Path, *options: str, **variables: str) -> dict[str, Any]:
    """What newman reports of a run; ``variables`` are those of the environment."""
    chosen = [word for name, value in variables.items() for word in ("--env-var", f"{name}={value}")]
    words = ["run", str(COLLECTION), "--environment", str(FOLDER / "watthouse.postman_environment.json"), *chosen]
    reporting = ["--reporters", "json", "--reporter-json-export", str(report), "--working-dir", str(FOLDER)]
    done = subprocess.run([newman, *words, *reporting, *options], env=os.environ, capture_output=True, check=False)
    assert report.exists(), done.stdout + done.stderr
    found: dict[str, Any] = json.loads(report.read_text())["run"]
    assert (done.returncode == 0) is (not found["failures"])
    return found


def _failures(run: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["source"]["name"], one["error"]["message"]) for one in run["failures"]]


def test_every_call_answers_as_the_collection_says(newman: Path, server: Api, tmp_path: Path) -> None:
    addresses = {"baseUrl": server.url, "historicUrl": f"{server.url}/meters"}
    run = _run(newman, tmp_path / "report.json", token=TOKEN, **addresses)
    assert _failures(run) == []
    assert [one["item"]["name"] for one in run["executions"]] == [
        item["name"] for some in ITEMS.values() for item in some
    ]
    # status, type and body of each
    assert all(len(one["assertions"]) >= 3 for one in run["executions"])


def test_the_historic_service_alone_answers_the_same_and_what_differs_is_told(
    newman: Path, real_data: Path, tmp_path: Path
) -> None:
    with serving(MeterStore(tmp_path / "home"), real_data / "meters") as client:
        address = str(client.base_url).rstrip("/")
        run = _run(newman, tmp_path / "report.json", "--folder", HISTORIC, historicUrl=address)
        assert (_failures(run), len(run["executions"])) == ([], len(ITEMS[HISTORIC]))
        elsewhere = _run(newman, tmp_path / "elsewhere.json", "--folder", HISTORIC, historicUrl=f"{address}/nowhere")
        assert {name for name, _ in _failures(elsewhere)} == {item["name"] for item in ITEMS[HISTORIC]}


def test_each_parameter_that_may_be_ticked_is_answered(server: Api) -> None:
    server.client.post("/api/v1/meters/loads", headers={"authorization": f"Bearer {TOKEN}"}).raise_for_status()
    requests = [item["request"] for name, items in ITEMS.items() if name != HISTORIC for item in items]
    statuses: dict[tuple[str, str], int] = {}
    for url in (request["url"] for request in requests if "query" in request["url"]):
        named = {f":{one['key']}": one["value"] for one in url.get("variable", [])}
        path = "/".join(["", *(named.get(part, part) for part in url["path"])])
        always = {one["key"]: one["value"] for one in url["query"] if "disabled" not in one}
        examples = {one["key"]: one["value"] for one in url["query"] if "disabled" in one and one["value"]}
        for name in examples:
            # the two ends of a period go together, and rows of all regions come by an interval alone
            wanted = {name, name.replace("until", "since"), name.replace("since", "until")}
            if path == "/api/v1/regions":
                wanted.add("interval")
            some = {one: text for one, text in examples.items() if one in wanted}
            statuses[path, name] = server.client.get(path, params=always | some).status_code
    assert len(statuses) > 100
    # the example of a mart is one of France
    refused = {asked: status for asked, status in statuses.items() if status != 200}
    assert refused == {("/api/v1/marts/daily_merged/rows", "region"): 422}
