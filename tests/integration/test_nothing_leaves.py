"""No process of watthouse, dbt's and Streamlit's included, asks a host other than the service that it is to ask."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest

from tests.integration.service import Service, service, utc
from tests.integration.serving import served
from tests.outgoing import Ear
from tests.support import command, environment

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def source() -> Iterator[Service]:
    with service(date(2025, 11, 20), utc("2025-12-01T10:40")) as running:
        yield running


@pytest.fixture
def ear(tmp_path: Path) -> Ear:
    (tmp_path / "ear").mkdir()
    return Ear(tmp_path / "ear")


def test_an_attempt_is_heard(ear: Ear, tmp_path: Path) -> None:
    asks = "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
    subprocess.run([*ear.before, sys.executable, "-c", asks], env=environment(tmp_path, ear.variables), check=False)
    assert {*ear.foreign} == {("192.0.2.1", "9")}
    assert len(ear.foreign) == 1 + bool(ear.before), "by each way of listening"


def test_a_first_refresh_and_a_full_build_ask_the_service_alone(source: Service, ear: Ear, tmp_path: Path) -> None:
    known = environment(tmp_path / "home", {**source.variables, **ear.variables})
    for words in (("refresh",), ("build", "--full"), ("refresh",), ("status",), ("doctor",)):
        done = subprocess.run([*ear.before, *command(*words)], env=known, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert ear.foreign == [], words
    assert source.url.split(":")[2].split("/")[0] in {port for _, port in ear.attempts}, "the service was heard"


@pytest.mark.parametrize(
    ("options", "alive", "paths"),
    [
        ((), "/readyz", ("/", "/docs", "/api/v1/mix", "/api/v1/status", "/_dash-layout")),
        (("--streamlit",), "/_stcore/health", ("/", "/region")),
    ],
)
def test_a_server_asks_nobody(
    options: tuple[str, ...], alive: str, paths: tuple[str, ...], sampled: Path, ear: Ear, tmp_path: Path
) -> None:
    with served(sampled, tmp_path, *options, alive=alive, before=ear.before, **ear.variables) as api:
        for path in paths:
            assert api.client.get(path).status_code == 200, path
    assert ear.foreign == []


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_streamlit_asks_nobody_for_an_address_whoever_visits_it(
    host: str, sampled: Path, ear: Ear, tmp_path: Path
) -> None:
    """Not for its own at a start on all addresses, and not for that of a visitor from another site."""
    options = ("--streamlit", "--host", host)
    with served(sampled, tmp_path, *options, alive="/_stcore/health", before=ear.before, **ear.variables) as api:
        own, foreign = (visited(api.url, origin) for origin in (api.url, "http://elsewhere.example"))
    assert (own, foreign) == (101, 403)
    assert ear.foreign == []


def visited(url: str, origin: str) -> int:
    """The status with which the pages' websocket answers a browser that shows a page of this origin."""
    wanted = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-version": "13"}
    key = {"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "origin": origin}
    with httpx.stream("GET", f"{url}/_stcore/stream", headers={**wanted, **key}, timeout=30) as answer:
        return answer.status_code
