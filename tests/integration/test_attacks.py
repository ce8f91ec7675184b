"""One server, honest readers, and beside them strangers who try everything: nobody honest notices."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import quantiles
from typing import Final

import httpx
import pytest

from tests.integration import dashing
from tests.integration.serving import Api, served
from tests.support import ROOT, sample_of_the_run

pytestmark = [pytest.mark.slow, pytest.mark.long]

SECONDS: Final = 90
PATIENCE_SECONDS: Final = 180
"""What an honest download may take beside all of them; a small answer has a second."""
MEMORY: Final = 512 * 2**20
"""What the worker may take beyond what a few large answers took before."""
SMALL: Final = ("/healthz", "/readyz", "/api/v1/mix?interval=day", "/api/v1/regions/53/mix", "/api/v1/now", "/mix")
LARGE: Final = ("/api/v1/marts/hourly_national/rows?format=csv", "/api/v1/marts/daily_regional/rows?limit=10000")


@pytest.fixture(scope="module")
def thirteen_years(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, today: date) -> Path:
    """A folder with a sample as long as the history that is published."""
    return sample_of_the_run(tmp_path_factory, request, "thirteen-years", today.replace(year=today.year - 13, day=1))


@pytest.fixture(scope="module")
def attacked(thirteen_years: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with served(thirteen_years, tmp_path_factory.mktemp("attacked")) as running:
        yield running


@dataclass
class Seen:
    """How long honest readers waited [s], by address, and what went wrong for them."""

    stop: threading.Event = field(default_factory=threading.Event)
    waits: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)

    def read(self, url: str, path: str) -> None:
        """Ask for an address again and again."""
        waits = self.waits.setdefault(path, [])
        with httpx.Client(base_url=url, timeout=120) as client:
            while not self.stop.wait(0.1):
                began = time.monotonic()
                try:
                    answer = client.get(path)
                except httpx.HTTPError as error:
                    self.wrong.append(f"{path}: {error!r}")
                    continue
                waits.append(time.monotonic() - began)
                if answer.status_code != 200:
                    self.wrong.append(f"{path}: {answer.status_code} {answer.text[:200]}")

    def look_at_pages(self, url: str) -> None:
        """Go from page to page."""
        waits = self.waits.setdefault("pages", [])
        with httpx.Client(base_url=url, timeout=120) as client:
            while not self.stop.is_set():
                for path in dashing.PAGES:
                    began = time.monotonic()
                    answer = dashing.shown(client, path)
                    waits.append(time.monotonic() - began)
                    if answer.status_code != 200 or "This page failed" in answer.text:
                        self.wrong.append(f"{path}: {answer.status_code} {answer.text[:200]}")

    def watch(self, api: Api) -> None:
        """Note the memory of the worker, ten times a second."""
        worker = api.worker()
        while not self.stop.wait(0.1):
            self.memory.append(worker.memory_info().rss)


def test_honest_readers_notice_nothing_of_strangers_who_try_everything(attacked: Api) -> None:
    for path in (*SMALL, *LARGE, *LARGE):
        assert attacked.client.get(path).status_code == 200, path
    before = attacked.worker().memory_info().rss
    seen = Seen()
    with ThreadPoolExecutor(16) as readers:
        tasks = [readers.submit(seen.read, attacked.url, path) for path in (*SMALL, *LARGE)]
        tasks += [readers.submit(seen.look_at_pages, attacked.url), readers.submit(seen.watch, attacked)]
        try:
            found = _strangers(attacked.url)
        finally:
            seen.stop.set()
        for task in tasks:
            task.result()
    print(json.dumps({"strangers": found, "waits": _shown(seen.waits), "MB": [before >> 20, max(seen.memory) >> 20]}))
    assert seen.wrong == []
    refused = {name: statuses for name, statuses in found.items() if {*statuses} & {"500", "501", "502", "504"}}
    assert refused == {}
    for path, waits in seen.waits.items():
        assert len(waits) > 2, path
        assert max(waits) < (PATIENCE_SECONDS if path in {*LARGE, "pages"} else 5), path
    assert max(seen.memory) - before < MEMORY


def _strangers(url: str) -> Mapping[str, Mapping[str, int]]:
    """What strangers were answered, in a process of their own."""
    command = [sys.executable, "-m", "tests.integration.attackers", url, str(SECONDS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20 * SECONDS, check=True)
    found: Mapping[str, Mapping[str, int]] = json.loads(done.stdout)
    return found


def _shown(waits: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """The number of answers, the median and the longest wait."""
    return {
        path: [len(each), round(quantiles(each, n=2)[0], 3), round(max(each), 3)]
        for path, each in waits.items()
        if len(each) > 1
    }


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/api/v1/marts/hourly_national/rows?format=csv", 32),
        ("/api/v1/marts/daily_regional/rows?format=parquet", 32),
        ("/api/v1/marts/hourly_national/rows?limit=10000", 12),
        ("/api/v1/questions/3?since=2090-01-01&until=9999-12-31", 8),
    ],
)
def test_large_answers_of_thirteen_years_at_once_are_all_whole_and_in_bounded_memory(
    path: str, count: int, attacked: Api
) -> None:
    alone, memory = attacked.client.get(path).content, Seen()
    before = attacked.worker().memory_info().rss
    with ThreadPoolExecutor(count + 1) as readers:
        watching = readers.submit(memory.watch, attacked)
        began = time.monotonic()
        answers = [*readers.map(lambda _: attacked.client.get(path, timeout=300), range(count))]
        took = time.monotonic() - began
        memory.stop.set()
        watching.result()
    print(json.dumps({path: [round(took, 1), before >> 20, max(memory.memory, default=before) >> 20]}))
    assert {answer.status_code for answer in answers} == {200}
    assert all(answer.content == alone for answer in answers)
    assert max(memory.memory, default=before) - before < MEMORY
