"""From the poll that observes a slot to the page that shows it: the whole live path of ``watthouse stream demo``.

Servers, sample service, producer, Spark and pages share the machine with a browser that looks at the page. The sample's
clock moves a quarter hour every five seconds, and with each move all twelve regions and France have news: 180 times
what ODRÉ publishes.
"""

import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from statistics import median, quantiles
from typing import Any, Final

import httpx
from playwright.sync_api import Page, sync_playwright

from benchmarks.results import put
from tools.pictures import QUIET, SETTLED
from watthouse.settings import Settings
from watthouse.stream import demo

HEADING: Final = "## The stream, from the poll to the page"
STEPS: Final = 60
_WARM: Final = 12
"""Steps before: Spark's first batches take longer."""
_WATCH: Final = """() => {
  window.shown = {};
  const look = () => {
    const version = document.querySelector("#live")?.dataset.version;
    if (version && !(version in window.shown)) window.shown[version] = Date.now() / 1000;
    requestAnimationFrame(look);
  };
  look();
}"""
"""JavaScript: when each state of the page was first on the screen, in seconds since 1970."""

Delays = dict[str, dict[str, float]]
"""What was told of (a region's slot) → where it arrived → seconds after it was observed."""


def section() -> str:
    """What was measured, as a section of RESULTS.md."""
    with demo.running(Settings(port=_free_port()), lambda step: print(step, flush=True)) as path:
        delays = _delays(path)
    told, shown = ([each[where] for each in delays.values() if where in each] for where in ("told", "shown"))
    return "\n".join(
        [
            HEADING,
            "",
            f"| seconds after a slot was observed, {len(told):,} slots of regions and France | median | p95 | most |",
            "|---|---:|---:|---:|",
            _line("a listener to `/api/v1/live/events` is told", told),
            _line("the page shows it in Chromium; target: p95 < 2 s", shown),
            "",
            f"`python -m benchmarks.stream_delay` alone measures this again: `watthouse stream demo`, {STEPS} quarter"
            " hours of its sample, one every five seconds; Spark is triggered every second. Of what is observed in one"
            " poll, each slot counts.",
            "",
        ]
    )


def _line(what: str, seconds: Sequence[float]) -> str:
    return f"| {what} | {median(seconds):.2f} | {quantiles(seconds, n=20)[-1]:.2f} | {max(seconds):.2f} |"


def _delays(path: demo.Demo) -> Delays:
    for _ in range(_WARM):
        path.step()
    with _listening(path) as events, _page(path) as page:
        for _ in range(STEPS):
            path.step()
        shown: Mapping[str, float] = page.evaluate("() => window.shown")
    return _joined(events, shown)


def _joined(events: Sequence[tuple[float, str, Mapping[str, Any]]], shown: Mapping[str, float]) -> Delays:
    found: Delays = {}
    for number, (heard, _, regions) in enumerate(events):
        # what comes fast is drawn together: the page may go from one state to the next but one
        drawn = next((shown[version] for _, version, _ in events[number:] if version in shown), None)
        for region, document in regions.items():
            if document and (key := f"{region} {document['instant']} {document['rev']}") not in found:
                observed = datetime.fromisoformat(document["observed_at"]).timestamp()
                found[key] = {"told": heard - observed} | ({"shown": drawn - observed} if drawn else {})
    return found


@contextmanager
def _listening(path: demo.Demo) -> Iterator[list[tuple[float, str, Mapping[str, Any]]]]:
    """The events of regions while the block runs: when they were heard, the state's version, what changed."""
    heard: list[tuple[float, str, Mapping[str, Any]]] = []
    over = threading.Event()

    def listen() -> None:
        with httpx.stream("GET", path.page.replace("/live", "/api/v1/live/events"), timeout=60) as answer:
            version, wanted = "", False
            for line in answer.iter_lines():
                name, _, rest = line.partition(": ")
                wanted = rest == "regions" if name == "event" else wanted
                version = rest if name == "id" else version
                if name == "data" and wanted:
                    heard.append((time.time(), version, json.loads(rest)))
                if over.is_set():
                    return

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        yield heard
    finally:
        over.set()  # it ends with the next event, which is a heartbeat at the latest
        listener.join()


@contextmanager
def _page(path: demo.Demo) -> Iterator[Page]:
    with (
        sync_playwright() as playwright,
        closing(playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))) as browser,
    ):
        page = browser.new_page()
        page.goto(path.page)
        page.wait_for_function(SETTLED, timeout=60_000)
        page.evaluate(_WATCH)
        yield page


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


if __name__ == "__main__":
    measured = section()
    print(measured)
    put(measured)
