"""Readers while the warehouse is built anew under them: no error, no answer of two versions, nothing that grows."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import httpx
import polars as pl
import pytest

from tests.engines import Builds
from tests.integration.publishing import TELLTALE
from tests.integration.serving import Api
from watthouse.warehouse.postgres.held import CONNECTIONS

pytestmark = [pytest.mark.slow]

READERS: Final = 32
BUILDS: Final = 10
PATIENCE_SECONDS: Final = 60

Seen = tuple[str, set[float]]


@dataclass
class Reading:
    """What the readers saw: by version the values of the telltale column, and what went wrong."""

    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    values: dict[str, set[float]] = field(default_factory=lambda: defaultdict(set))
    wrong: list[str] = field(default_factory=list)
    answers: int = 0

    def wait_for(self, number: int) -> None:
        """Until each kind of call has had the time to be answered from this build."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and not self.wrong:
            with self.lock:
                if any(number in values for values in self.values.values()):
                    break
            time.sleep(0.02)
        else:
            raise AssertionError(self.wrong[:3] or f"build {number} was not picked up in {PATIENCE_SECONDS} s")
        time.sleep(0.5)

    def note(self, answer: httpx.Response, look: Callable[[httpx.Response], Seen]) -> None:
        with self.lock:
            self.answers += 1
            if answer.status_code not in {200, 304}:
                self.wrong.append(answer.text)
            elif answer.status_code == 200:
                version, values = look(answer)
                self.values[version] |= values
                if version != answer.headers["x-watthouse-version"]:
                    self.wrong.append(f"{version} is said to be {answer.headers['x-watthouse-version']}")


def _of_json(answer: httpx.Response) -> Seen:
    said = answer.json()
    return said["version"], {row[TELLTALE] for row in said["rows"]}


def _of_parquet(answer: httpx.Response) -> Seen:
    version = pl.read_parquet_metadata(answer.content)["version"]
    return version, set(pl.read_parquet(answer.content)[TELLTALE].cast(pl.Float64).to_list())


def _of_csv(answer: httpx.Response) -> Seen:
    values = {float(line) for line in answer.text.splitlines()[1:] for line in [line.split(",")[0]]}
    return answer.headers["x-watthouse-version"], values


CALLS: Final[tuple[tuple[str, Callable[[httpx.Response], Seen]], ...]] = (
    (f"/marts/daily_mix/rows?columns={TELLTALE}", _of_json),
    (f"/marts/daily_mix/rows?columns={TELLTALE}&order=desc&limit=50", _of_json),
    (f"/marts/daily_mix/rows?columns={TELLTALE}&format=parquet", _of_parquet),
    (f"/marts/daily_mix/rows?columns={TELLTALE}&format=csv", _of_csv),
    ("/mix?interval=day", _of_json),
)


def _read(url: str, number: int, reading: Reading) -> None:
    """Ask one call after another over one connection, now and then with the tag of the last answer."""
    tags: dict[str, str] = {}
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60) as client:
        turn = number
        while not reading.stop.is_set():
            path, look = CALLS[turn % len(CALLS)]
            held = {"if-none-match": tags[path]} if path in tags and turn % 3 == 0 else {}
            try:
                answer = client.get(path, headers=held)
            except httpx.HTTPError as error:
                reading.wrong.append(repr(error))
                return
            reading.note(answer, look)
            tags[path] = answer.headers.get("etag", "")
            turn += 1


def test_ten_builds_under_32_readers_are_ten_whole_versions(
    rebuilt: Api, publish: Callable[[int], None], builds: Builds | None
) -> None:
    reading = Reading()
    publish(1)
    with ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(_read, rebuilt.url, number, reading) for number in range(READERS)]
        try:
            reading.wait_for(1)
            for number in (2, 3, 4):  # the allocator's first large answers
                publish(number)
                reading.wait_for(number)
            memory = rebuilt.worker().memory_info().rss
            for number in range(5, 5 + BUILDS):
                publish(number)
                reading.wait_for(number)
            memory_after = rebuilt.worker().memory_info().rss
        finally:
            reading.stop.set()
        for reader in readers:
            reader.result()
    assert reading.wrong == []
    mixed = {version: values for version, values in reading.values.items() if len(values) != 1}
    assert not mixed
    assert len(reading.values) == 4 + BUILDS
    assert reading.answers > READERS * BUILDS
    assert memory_after - memory < 64 * 2**20
    if builds:
        _old_builds_are_let_go(rebuilt, builds)
    else:
        _old_files_are_let_go(rebuilt)


def _old_files_are_let_go(api: Api) -> None:
    """With nobody reading, the worker holds one warehouse, the newest."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        api.get("/mix")
        held = [one.path for one in api.worker().open_files() if "warehouse.duckdb" in one.path]
        if len(held) == 1 and "(deleted)" not in held[0]:
            return
        time.sleep(0.2)
    raise AssertionError(f"still open: {held}")


def _old_builds_are_let_go(api: Api, builds: Builds) -> None:
    """With nobody reading, the server keeps no build but the newest, and no more connections than it says."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        api.get("/mix")
        builds.sweep()
        held = builds.row("select count(*) from pg_namespace where nspname like 'marts_b%'")
        connections = builds.connections()
        if held == (1,) and connections <= CONNECTIONS + 2:
            return
        time.sleep(0.2)
    raise AssertionError(f"{held} builds, {connections} connections")


def test_a_slow_reader_gets_the_whole_of_the_version_it_began_with(
    rebuilt: Api, publish: Callable[[int], None]
) -> None:
    path, before = "/api/v1/marts/daily_regional/rows?format=csv", rebuilt.query("from marts.daily_regional")
    with rebuilt.client.stream("GET", path, headers={"accept-encoding": "identity"}) as answer:
        pieces = answer.iter_bytes(4_096)
        text = next(pieces)
        publish(99)
        later = rebuilt.get("/mix")
        text += b"".join(pieces)
    assert {row[TELLTALE] for row in later.json()["rows"]} == {99}
    assert later.headers["x-watthouse-version"] != answer.headers["x-watthouse-version"]
    assert len(text.splitlines()) == len(before) + 1


def test_what_was_asked_before_a_build_is_answered_anew_after_it(rebuilt: Api, publish: Callable[[int], None]) -> None:
    first = rebuilt.get("/mix")
    publish(7)
    second = rebuilt.get("/mix", if_none_match=first.headers["etag"])
    assert second.status_code == 200
    assert {row[TELLTALE] for row in second.json()["rows"]} == {7}
    assert rebuilt.get("/mix", if_none_match=second.headers["etag"]).status_code == 304
    assert datetime.fromisoformat(rebuilt.get("/status").json()["built_at"]) <= datetime.now(UTC)
