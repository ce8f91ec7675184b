"""The very first request to a server may be for any page."""

from pathlib import Path

from starlette.testclient import TestClient

from watthouse.serve.app import create
from watthouse.settings import Settings


def test_a_page_that_is_asked_first_of_all_comes_with_what_it_runs_on(tmp_path: Path) -> None:
    with TestClient(create(Settings(home=tmp_path))) as client:
        assert "/assets/watthouse.js" in client.get("/mix").text
