"""What pages load: enough for everything that is drawn, and in the versions that speak to each other."""

import re
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs_version
from starlette.testclient import TestClient

import watthouse.serve
from watthouse.serve.app import create
from watthouse.serve.dashboard.app import PLOTLY
from watthouse.settings import Settings


def _said_of_the_bundle() -> tuple[str, set[str]]:
    with PLOTLY.open() as script:
        said = re.match(r"/\* plotly\.js ([\d.]+) \(MIT\): ([a-z, ]+)\.", script.readline())
    assert said
    return said[1], set(said[2].split(", "))


def test_the_bundle_is_of_the_version_that_plotly_speaks_to() -> None:
    version, _ = _said_of_the_bundle()
    assert version == get_plotlyjs_version(), "run `python -m tools.browser_scripts`"


def test_every_trace_that_is_drawn_is_in_the_bundle() -> None:
    folder = Path(watthouse.serve.__file__).parent
    drawn = {name for path in folder.rglob("*.py") for name in re.findall(r'\btrace_of\(\s*"(\w+)"', path.read_text())}
    assert {"scatter", "choropleth"} < drawn
    _, within = _said_of_the_bundle()
    assert drawn == within


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return TestClient(create(Settings(home=tmp_path)), base_url="http://localhost")


def test_a_page_loads_what_there_is_and_nothing_that_it_does_not_need(client: TestClient) -> None:
    scripts = re.findall(r'<script src="([^"]+)"', client.get("/").text)
    answers = {script: client.get(script) for script in scripts}
    assert {answer.status_code for answer in answers.values()} == {200}
    names = [script.rpartition("/")[2].partition(".")[0].partition("?")[0] for script in scripts]
    assert names.index("regenerator") < names.index("dash_renderer")
    assert not any("polyfill" in script or "dash_table" in script for script in scripts)


def test_charts_are_drawn_by_the_bundle(client: TestClient) -> None:
    answer = client.get("/_dash-component-suites/plotly/package_data/plotly.min.js")
    assert answer.content == PLOTLY.read_bytes()
    assert answer.headers["content-encoding"]


def test_the_icon_is_ours(client: TestClient) -> None:
    (icon,) = re.findall(r'<link rel="icon"[^>]* href="([^"]+)"', client.get("/").text)
    assert client.get(icon).headers["content-type"].startswith("image/svg+xml")
    assert "watthouse" in icon
