"""The very first request to a server may be for any page."""

from pathlib import Path

from starlette.testclient import TestClient

from watthouse.serve.app import create
from watthouse.settings import Settings


def test_a_page_that_is_asked_start_of_all_comes_with_what_it_runs_on(tmp_path: Path) -> None:
    with TestClient(create(Settings(home=tmp_path)), base_url="http://localhost") as client:
        assert "/assets/watthouse.js" in client.get("/mix").text


def test_a_browser_that_asks_for_no_page_gets_the_pages_and_a_program_a_problem(tmp_path: Path) -> None:
    with TestClient(create(Settings(home=tmp_path)), base_url="http://localhost") as client:
        seen = client.get("/nowhere", headers={"accept": "text/html,*/*"})
        told = client.get("/nowhere")
    assert (seen.status_code, told.status_code) == (404, 404)
    assert "/assets/watthouse.js" in seen.text
    assert told.headers["content-type"] == "application/problem+json"
