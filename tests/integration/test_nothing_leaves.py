"""No process of watthouse, dbt's and Streamlit's included, asks a host other than the service that it is to ask."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

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
