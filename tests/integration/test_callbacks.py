"""What a browser may send to the pages, and what happens to everything else: real HTTP, no browser."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.serving import Api, problem, served

pytestmark = pytest.mark.slow

AT = "/_dash-update-component"
VIEW = {"path": "/mix", "query": "", "language": "en", "dark": False}
PAGE: dict[str, Any] = {
    "output": "..root.children...title.data..",
    "outputs": [{"id": "root", "property": "children"}, {"id": "title", "property": "data"}],
    "inputs": [{"id": "view", "property": "data", "value": VIEW}],
    "changedPropIds": ["view.data"],
    "state": [],
}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("callbacks")
    with served(folder / "home", folder, sample=False) as running:
        yield running


def changed(at: str, value: object) -> dict[str, Any]:
    """A request for a page, with another value somewhere: ``inputs.0.value.path``."""
    call = copy.deepcopy(PAGE)
    place: Any = call
    *way, last = at.split(".")
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    place[int(last) if last.isdigit() else last] = value
    return call


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in PAGE.items() if key != name}


def test_what_dashs_own_script_sends_is_answered(door: Api) -> None:
    answer = door.client.post(AT, json=PAGE)
    assert answer.status_code == 200
    assert "children" in answer.json()["response"]["root"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"[" * 100_000,
        b'{"output":' * 5_000,
        b"\xff\xfe",
        b"1" * 5_000,
        b'"text"',
        json.dumps(changed("inputs.0.value.path", "\ud800")).encode(),
    ],
    ids=["nothing", "cut", "null", "a list", "deep", "deep objects", "no text", "a number", "a text", "half a letter"],
)
def test_a_body_that_is_no_request_of_a_page_is_a_problem(body: bytes, door: Api) -> None:
    answer = door.client.post(AT, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "call",
    [
        *(without(name) for name in ("output", "outputs", "inputs")),
        changed("output", "nothing.there"),
        changed("output", "__proto__"),
        changed("output", 7),
        changed("output", {}),
        changed("output", "chosen.data"),
        changed("output", "x" * 100_000),
        changed("outputs", []),
        changed("outputs", {}),
        changed("outputs", "root"),
        changed("outputs.0.id", "title"),
        changed("inputs", []),
        changed("inputs", {}),
        changed("inputs", [None]),
        changed("inputs", [7]),
        changed("inputs", PAGE["inputs"] * 1_000),
        changed("inputs.0.id", "other"),
        changed("inputs.0.id", {"type": "view"}),
        changed("inputs.0.property", None),
        changed("inputs.0", [PAGE["inputs"][0]]),
        changed("inputs.0.value", None),
        changed("inputs.0.value", "text"),
        changed("inputs.0.value", []),
        changed("inputs.0.value", {}),
        changed("inputs.0.value.path", 7),
        changed("inputs.0.value.path", ["/mix"]),
        changed("inputs.0.value.path", "/" * 100_000),
        changed("inputs.0.value.query", {}),
        changed("inputs.0.value.language", None),
        changed("inputs.0.value.dark", "yes"),
        changed("state", [{"id": "view", "property": "data", "value": VIEW}]),
        changed("state", None),
        changed("changedPropIds", 7),
        changed("changedPropIds", [[]]),
    ],
    ids=lambda call: json.dumps(call)[:60],
)
def test_a_request_that_no_page_makes_is_a_problem(call: dict[str, Any], door: Api) -> None:
    answer = door.client.post(AT, json=call)
    assert 400 <= answer.status_code < 500, answer.text
    problem(answer, answer.status_code, *[fault["parameter"] for fault in answer.json()["errors"]])


@pytest.mark.parametrize("value", [7, [], "text", {"startRow": "a"}, {"startRow": 0, "endRow": 10**30}, {"x": None}])
def test_a_request_for_rows_that_no_table_makes_is_no_error_of_the_server(value: object, door: Api) -> None:
    names = ["mart-grid.getRowsResponse", "mart-rows.children", "mart-rows.className", "mart-version.data"]
    call = {
        "output": f"..{'...'.join(names)}..",
        "outputs": [dict(zip(("id", "property"), name.split("."), strict=True)) for name in names],
        "inputs": [{"id": "mart-grid", "property": "getRowsRequest", "value": value}],
        "state": [{"id": "view", "property": "data", "value": {**VIEW, "path": "/data/daily_mix"}}],
        "changedPropIds": ["mart-grid.getRowsRequest"],
    }
    assert door.client.post(AT, json=call).status_code == (200 if isinstance(value, dict) else 422)


@pytest.mark.parametrize(
    "path",
    [
        "/_dash-component-suites/dash/nothing.js",
        "/_dash-component-suites/os/path.py",
        "/_dash-component-suites/dash/../../etc/passwd",
        "/_dash-component-suites/nothing/x.js",
        "/_dash-component-suites/dash/deps/",
    ],
)
def test_a_script_that_there_is_not_is_not_found(path: str, door: Api) -> None:
    assert door.client.get(path).status_code == 404


@pytest.mark.parametrize("path", [AT, "/_dash-layout", "/_dash-dependencies", "/_reload-hash", "/_favicon.ico"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_the_pages_own_calls_take_any_method_without_an_error(method: str, path: str, door: Api) -> None:
    assert door.client.request(method, path).status_code < 500
