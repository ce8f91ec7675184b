"""What a request may cost: a place in a line, a time, and nothing that outlasts it; beside it the others are served."""

import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.engines import Builds
from tests.integration.serving import Api, served
from tests.integration.stalling import stalled
from tests.integration.test_postgres_reading import until

pytestmark = [pytest.mark.slow]

EVERY_SLOT = "/api/v1/marts/regional_slots/rows?format=csv"


def test_readers_who_stop_hold_no_old_build_and_nobody_else(
    rebuilt: Api, publish: Callable[[int], None], builds: Builds | None
) -> None:
    with stalled(rebuilt.url, EVERY_SLOT, 4) as connections:
        publish(1)
        answer = rebuilt.client.get(EVERY_SLOT, timeout=20)
        assert answer.status_code == 200
        until(lambda: _old_builds(rebuilt, builds) == [], 15)
        # they are still there, and had no end of their answers yet
        assert all(connection.fileno() >= 0 for connection in connections)


def _old_builds(api: Api, builds: Builds | None) -> list[str]:
    """What the server keeps of builds that were replaced."""
    api.get("/mix")
    if builds is None:
        return [path for path in _open(api) if "warehouse.duckdb" in path and "(deleted)" in path]
    builds.sweep()
    (count,) = builds.row("select count(*) from pg_namespace where nspname like 'marts_b%'")
    return [f"{count} builds"] * (count != 1)


def _open(api: Api) -> list[str]:
    """The files that the worker has open, those without a name too."""
    found = []
    for file in Path(f"/proc/{api.worker().pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(str(file.readlink()))
    return found


def test_readers_who_stop_cost_no_memory(api: Api) -> None:
    # the allocator's first large answers, as many at once as are made at once
    with ThreadPoolExecutor(os.cpu_count()) as readers:
        answers = [*readers.map(api.client.get, [EVERY_SLOT] * 16)]
    assert {one.status_code for one in answers} == {200}
    # what the allocator keeps differs by tens of megabytes from run to run
    held = sum(len(one.content) for one in answers)
    before = api.worker().memory_info().rss
    with stalled(api.url, EVERY_SLOT, 16):
        time.sleep(3)
        assert api.worker().memory_info().rss - before < max(held / 4, 96 * 2**20)


def test_a_download_that_is_left_ends_in_the_server_too(api: Api) -> None:
    with stalled(api.url, EVERY_SLOT, 8):
        until(lambda: len([path for path in _open(api) if "/answers/" in path]) == 8)
    until(lambda: not [path for path in _open(api) if "/answers/" in path], 15)
    assert "watthouse_requests_under_way 1.0" in api.client.get("/metrics").text


def test_downloads_and_large_pages_at_once_are_all_whole_in_time(api: Api) -> None:
    paths = [f"/marts/{mart}/rows?format=csv" for mart in ("hourly_national", "daily_regional", "national_slots")]
    paths += ["/marts/regional_slots/rows?limit=10000", "/regions?interval=slot&format=parquet"]
    alone = {path: api.get(path).content for path in paths}
    with ThreadPoolExecutor(32) as readers:
        for path, answer in zip(paths * 8, readers.map(api.get, paths * 8), strict=True):
            assert answer.status_code == 200, answer.text
            assert answer.content == alone[path], path


def test_small_answers_do_not_wait_behind_large_ones(api: Api) -> None:
    with ThreadPoolExecutor(32) as readers:
        large = [readers.submit(api.client.get, EVERY_SLOT) for _ in range(32)]
        waits = []
        while not all(one.done() for one in large):
            for path in ("/healthz", "/api/v1/mix?interval=day", "/api/v1/regions"):
                began = time.monotonic()
                assert api.client.get(path).status_code == 200
                waits.append(time.monotonic() - began)
        assert {one.result().status_code for one in large} == {200}
    assert len(waits) > 20
    assert max(waits) < 1


def test_who_waits_in_line_for_too_long_is_told_when_to_come_again(
    sampled: Path, on_engine: Mapping[str, str], tmp_path: Path
) -> None:
    with served(sampled, tmp_path, WATTHOUSE_WAIT_SECONDS="0.01", **on_engine) as api, ThreadPoolExecutor(32) as pool:
        answers = [*pool.map(api.client.get, [EVERY_SLOT] * 32)]
        late = [answer for answer in answers if answer.status_code == 503]
        assert {answer.status_code for answer in answers} == {200, 503}
        assert {answer.headers["content-type"] for answer in late} == {"application/problem+json"}
        assert all(int(answer.headers["retry-after"]) > 0 for answer in late)
        assert api.client.get(EVERY_SLOT).status_code == 200


@pytest.mark.parametrize("number", range(1, 7))
def test_a_question_of_8000_years_costs_what_one_of_a_few_costs(number: int, api: Api) -> None:
    path = f"/questions/{number}?since={{}}&until=9999-12-31"
    assert api.get(path.format("2001-01-01")).status_code == 200
    before = api.worker().memory_info().rss
    began = time.monotonic()
    answer = api.get(path.format("2090-01-01"))
    assert time.monotonic() - began < 2
    assert answer.status_code == 200
    assert "nothing was measured" in (sentence := answer.json()["sentence"]) or sentence.startswith("No answer")
    assert api.worker().memory_info().rss - before < 64 * 2**20


def test_a_download_of_the_whole_calendar_costs_what_that_of_the_days_held_costs(api: Api) -> None:
    path = "/mix?interval=slot&format=csv&since={}&until={}"
    began = time.monotonic()
    whole = api.get(path.format("0001-01-01", "9999-12-31"))
    assert time.monotonic() - began < 5
    ((first, last),) = api.query("select min(civil_date), max(civil_date) from core.core_national_power")
    assert _without_attribution(whole) == _without_attribution(api.get(path.format(first, last)))


def _without_attribution(answer: httpx.Response) -> list[str]:
    return [line.partition(',"')[0] for line in answer.text.splitlines()]
