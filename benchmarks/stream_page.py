"""The page Live and its API with 10 k, 100 k and 1 M documents behind them: the same slots asked for, in turn.

Three databases of one server (mongo-java-server on a file), three servers of watthouse, one browser. Nothing is kept
from one question to the next: every one looks into the store. Last, a slot is written beside each history, and the time
is taken until a listener is told and until the page has drawn it.
"""

import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
from playwright.sync_api import Page, sync_playwright
from pymongo import MongoClient

from benchmarks.dashboard import changed
from benchmarks.load import Server, service, serving
from benchmarks.measure import WATTHOUSE
from benchmarks.results import put
from tests.streaming import PLACES, QUARTER, document
from tools.pictures import QUIET, SETTLED
from watthouse.stream.documents import Document, dataset_of
from watthouse.stream.store import Store

HEADING: Final = "## The live page"
SIZES: Final = {"10 k": 10_000, "100 k": 100_000, "1 M": 1_000_000}
ROUNDS: Final = 40
PUSHES: Final = 20
NEWEST: Final = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
CALLS: Final = ("/api/v1/live/regions", "/api/v1/live/regions/53/today", "/api/v1/live/regions/FR/today")
VIEWS: Final = ("/live", "/live/53", "/live/84")
_BULK: Final = 5_000

Times = dict[str, dict[str, list[float]]]
"""What was asked → history → ms of each round."""


def section(sizes: Mapping[str, int] = SIZES) -> str:
    """What was measured, as a section of RESULTS.md."""
    with TemporaryDirectory() as folder, service(Path(folder), "mongodb") as store, ExitStack() as held:
        stores = {name: _filled(f"{store}history_{size}", size) for name, size in sizes.items()}
        servers = {name: held.enter_context(_serving(Path(folder), url)) for name, url in stores.items()}
        times = _calls(servers) | _pages(servers) | _pushes(servers, stores)
    return "\n".join([HEADING, "", *_table(times, [*sizes]), "", *_NOTES, ""])


_NOTES: Final = (
    "`python -m benchmarks.stream_page` alone measures this again; figures are medians, ms, p95 in brackets, and the",
    "ratio is that of the medians. Each call and view looks into the store. A push is taken from the write of a slot",
    "(store and `latest`) at a look every 50 ms; the page's is until its table has the new value.",
)


def _filled(url: str, size: int) -> str:
    """A store with so many slots up to the newest, of France and every region."""
    began = time.perf_counter()
    made = _history(size)
    with MongoClient[Document](url) as client:
        collection = client.get_default_database()["streaming_data"]
        while bulk := list(islice(made, _BULK)):
            collection.insert_many(bulk, ordered=False)
    store = Store(url)
    store.settle([(dataset_of(region), region) for region in PLACES])
    store.close()
    print(f"{size:,} documents written in {time.perf_counter() - began:.0f} s", flush=True)
    return url


def _history(size: int) -> Iterator[Document]:
    for back in range(size // len(PLACES) + 1):
        for region in PLACES:
            yield document(region, NEWEST - back * QUARTER)


@contextmanager
def _serving(folder: Path, url: str) -> Iterator[Server]:
    variables = {
        "WATTHOUSE_STREAM_STORE": url,
        "WATTHOUSE_STREAM_POLL_SECONDS": "0.05",
        "WATTHOUSE_CACHE_BYTES": "0",
        "WATTHOUSE_LOG_REQUESTS": "false",
    }
    with serving([WATTHOUSE, "serve", "--home", str(folder / "home")], variables, "/healthz") as server:
        yield server


def _calls(servers: Mapping[str, Server]) -> Times:
    found: Times = defaultdict(lambda: defaultdict(list))
    with httpx.Client(timeout=60) as client:
        for turn in range(ROUNDS + 5):
            for path in CALLS:
                for name, server in servers.items():
                    time.sleep(0.06)  # longer than a look is good for
                    took, answer = _timed(lambda url=server.url + path: client.get(url))  # type: ignore[misc]
                    assert answer.status_code == 200, answer.text
                    if turn >= 5:  # the first ones warm up
                        found[f"`{path}`"][name].append(took)
    return found


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    done = work()
    return (time.perf_counter() - began) * 1000, done


def _pages(servers: Mapping[str, Server]) -> Times:
    found: Times = defaultdict(lambda: defaultdict(list))
    with _tabs(servers) as tabs:
        for turn in range(ROUNDS // 2):
            for view in VIEWS:
                for name, tab in tabs.items():
                    update = changed(tab, f"{view}?turn={turn}")
                    if turn:
                        found["page, its callback"][name].append(update.callback_ms)
                        found["page, drawn"][name].append(update.drawn_ms)
    return found


@contextmanager
def _tabs(servers: Mapping[str, Server]) -> Iterator[dict[str, Page]]:
    with (
        sync_playwright() as playwright,
        closing(playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))) as browser,
    ):
        tabs = {name: browser.new_page() for name in servers}
        for name, server in servers.items():
            tabs[name].goto(f"{server.url}/live")
            tabs[name].wait_for_function(SETTLED)
        yield tabs


def _pushes(servers: Mapping[str, Server], stores: Mapping[str, str]) -> Times:
    """A slot for each history in turn: until a listener is told, and until the page has drawn it."""
    found: Times = defaultdict(lambda: defaultdict(list))
    with _tabs(servers) as tabs, ExitStack() as held:
        told = {
            name: held.enter_context(httpx.stream("GET", f"{server.url}/api/v1/live/events", timeout=60)).iter_lines()
            for name, server in servers.items()
        }
        for lines in told.values():
            _until(lines, "snapshot")
        for turn in range(1, PUSHES + 1):
            for name, url in stores.items():
                began = time.perf_counter()
                _push(url, turn)
                _until(told[name], "regions")
                found["push, told"][name].append((time.perf_counter() - began) * 1000)
                tabs[name].wait_for_function(
                    "(value) => document.querySelector('#live-table').innerText.includes(value)",
                    arg=f"{90_000 + turn:,}",
                    polling=20,
                )
                found["push, on the page"][name].append((time.perf_counter() - began) * 1000)
    return found


def _until(lines: Iterator[str], event: str) -> None:
    while next(lines) != f"event: {event}":
        pass


def _push(url: str, turn: int) -> None:
    at = NEWEST + timedelta(minutes=15 * turn)
    store = Store(url)
    store.upsert([document("53", at, consommation_mw=90_000 + turn)])
    store.settle([(dataset_of("53"), "53")])
    store.close()


def _table(times: Times, names: Sequence[str]) -> Iterator[str]:
    yield f"| what | {' | '.join(f'{name} documents' for name in names)} | ratio {names[-1]} / {names[0]} |"
    yield f"|---|{'---:|' * (len(names) + 1)}"
    for what, by_name in times.items():
        cells = [f"{median(by_name[name]):.0f} ({quantiles(by_name[name], n=20)[-1]:.0f})" for name in names]
        ratio = median(by_name[names[-1]]) / median(by_name[names[0]])
        yield f"| {what} | {' | '.join(cells)} | {ratio:.2f} |"


if __name__ == "__main__":
    if sys.argv[1:] == ["small"]:  # tried first: what it takes is the writing
        print(section({"1 k": 1_000, "10 k": 10_000}))
    else:
        measured = section()
        print(measured)
        put(measured)
