"""The commands of docs/api.md run as they stand there, against a running server."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.integration.serving import Api, served
from tests.servers import mongodb
from tests.streaming import fill
from tests.support import ROOT

pytestmark = [pytest.mark.slow]

FOUND = re.findall(r"^curl .*(?:\\\n.*)*", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)
OF_METERS = [line for line in FOUND if "/meters/210095893" in line]
LIVE = re.findall(r"^curl .*(?:\\\n.*)*", (ROOT / "docs" / "live.md").read_text(), re.MULTILINE)
# an upload wants files to send: test_meters_uploads has some
COMMANDS = [line for line in FOUND if line not in OF_METERS and "-X POST" not in line and "-F files" not in line]
ORDERS = [line for line in FOUND if "-X POST" in line]


def test_there_are_examples() -> None:
    assert len(COMMANDS) >= 10
    assert len(ORDERS) == 2
    assert len(LIVE) == 3


@pytest.mark.parametrize("line", ORDERS)
def test_the_example_of_an_order_is_one_that_needs_the_right_token(line: str, api: Api) -> None:
    """It is refused here for its token only: the server is shared. What the right one starts is tested elsewhere."""
    here = line.replace("http://127.0.0.1:8050", api.url)
    env = {**os.environ, "WATTHOUSE_API_TOKEN": "another"}
    done = subprocess.run(["bash", "-c", f"{here} -sS"], env=env, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["status"] == 401


@pytest.mark.parametrize("line", COMMANDS)
def test_an_example_of_the_documentation_runs(line: str, api: Api, tmp_path: Path) -> None:
    _run(line, api, tmp_path)


@pytest.mark.parametrize("line", OF_METERS)
def test_an_example_about_a_meter_runs(line: str, against: Api, tmp_path: Path) -> None:
    _run(line, against, tmp_path)


@pytest.mark.parametrize("line", LIVE)
def test_an_example_about_live_slots_runs(line: str, streaming: Api, tmp_path: Path) -> None:
    _run(line, streaming, tmp_path)


@pytest.fixture(scope="module")
def streaming(mongodb_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server with a day of every region in its stream's store, and nothing else."""
    folder = tmp_path_factory.mktemp("streaming")
    with mongodb(mongodb_server) as url:
        fill(url, date(2026, 3, 10))
        with served(folder / "home", folder, sample=False, WATTHOUSE_STREAM_STORE=url) as running:
            yield running


def _run(line: str, api: Api, tmp_path: Path) -> None:
    here = line.replace("http://127.0.0.1:8050", api.url).replace("curl ", "curl --fail-with-body -sS ", 1)
    done = subprocess.run(["bash", "-c", here], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for file in tmp_path.glob("*.parquet"):
        assert pl.read_parquet(file).height
    if done.stdout.startswith("{"):
        assert json.loads(done.stdout)
    assert done.stdout or list(tmp_path.iterdir())
