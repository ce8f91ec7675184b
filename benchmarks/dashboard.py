"""The pages in a real browser, with 1, 13 and 130 years of sample history behind them: the same views, in turn.

A view is changed by a click, as a reader does it; measured are the one callback of the page (request to last byte, and
its bytes) and the time from the click to the drawn charts. A first visit is a fresh browser profile's: nothing cached.
Longer histories are the 13 years of the sample, repeated backwards (:mod:`benchmarks.histories`).
"""

import shutil
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Final

from playwright.sync_api import Browser, Page, Playwright, Response, sync_playwright

from benchmarks import histories
from benchmarks.load import Server, watthouse_serving
from benchmarks.measure import watthouse
from benchmarks.results import put
from tools.pictures import QUIET, SETTLED

HEADING: Final = "## The pages"
PAGES: Final = ("/mix", "/regions", "/regions/53", "/gas", "/exchanges", "/questions/3", "/data")
ROUNDS: Final = 5
FIRSTS: Final = 9
_GO: Final = (
    "(href) => { history.pushState({}, '', href); window.dispatchEvent(new CustomEvent('_dashprivate_pushstate')); }"
)
_TELL: Final = """new MutationObserver((_, watch) => {
  if (!document.querySelector("#content .tile-value")) return;
  watch.disconnect();
  requestAnimationFrame(() => { window.told = performance.now(); });
}).observe(document, { subtree: true, childList: true });"""
"""JavaScript: when words and figures are there, in a page whose charts may keep it too busy to be asked."""


@dataclass(frozen=True)
class Update:
    """One change of a view: its callback, and until it was drawn, ms; bytes of the answer before packing."""

    callback_ms: float
    drawn_ms: float
    bytes: int


def section() -> str:
    """What was measured, as a section of RESULTS.md."""
    with TemporaryDirectory() as folder:
        return "\n".join([HEADING, "", *_measured(Path(folder)), "", *_NOTES, ""])


def one_round(home: Path) -> list[str]:
    """A line about a first visit to a server that has answered before, and one about each page changed twice."""
    with (
        sync_playwright() as playwright,
        closing(_browser(playwright)) as browser,
        watthouse_serving(home, cached=True) as server,
    ):
        _, (told, drawn) = [_first(browser, server) for _ in range(2)]
        updates = _updates(browser, {"": server}, rounds=1)
    return [
        f"first visit: words after {told:.2f} s, charts after {drawn:.2f} s",
        *(
            f"{page}: callback {median(one.callback_ms for one in some):.0f} ms,"
            f" drawn {median(one.drawn_ms for one in some):.0f} ms"
            for (page, _), some in updates.items()
        ),
    ]


_NOTES: Final = (
    "`python -m benchmarks.dashboard` alone measures this again: Debian's Chromium without a screen, on the machine"
    " that serves. The period is the same (a quarter and a year in turn) whatever lies behind it. With one year"
    " behind it, question 3 has no season to learn (it wants two) and says so at once.",
)


def _measured(scratch: Path) -> list[str]:
    homes = _homes(scratch)
    with sync_playwright() as playwright, closing(_browser(playwright)) as browser:
        with watthouse_serving(homes["13 years"], cached=True) as server:
            _, *firsts = [_first(browser, server) for _ in range(1 + FIRSTS)]  # the first finds the server just started
        with ExitStack() as held:
            servers = {name: held.enter_context(watthouse_serving(home, cached=True)) for name, home in homes.items()}
            updates = _updates(browser, servers)
    return [*_table(updates), "", _said(firsts, updates)]


def _homes(scratch: Path) -> dict[str, Path]:
    years = {"WATTHOUSE_SAMPLE_SINCE": "2013-01-01"}
    watthouse("refresh", "--sample", home=scratch / "13", environment=years)
    home, this_year = scratch / "13" / "sample", datetime.now(UTC).year
    return {
        "1 year": histories.cut(home, scratch / "1", date(this_year - 1, 1, 1)),
        "13 years": home,
        "130 years": histories.repeated(home, scratch / "130", 10),
    }


def _browser(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))


def _first(browser: Browser, server: Server) -> tuple[float, float]:
    """A first visit, from the address to its words, figures and links, and to the drawn charts, s."""
    with closing(browser.new_context()) as context:
        page = context.new_page()
        page.add_init_script(_TELL)
        page.goto(server.url, wait_until="commit")
        page.wait_for_function(SETTLED, polling=20)
        told, drawn = page.evaluate("[window.told, performance.now()]")
        return told / 1000, drawn / 1000


def _updates(browser: Browser, servers: dict[str, Server], rounds: int = ROUNDS) -> dict[tuple[str, str], list[Update]]:
    """Every page's updates by page and history; the servers take turns."""
    tabs = {name: browser.new_page() for name in servers}
    for name, server in servers.items():
        tabs[name].goto(server.url)
        tabs[name].wait_for_function(SETTLED)
    found: dict[tuple[str, str], list[Update]] = defaultdict(list)
    for turn in range(rounds + 1):
        for page in PAGES:
            for href in _views(page, turn):
                for name, tab in tabs.items():
                    update = changed(tab, href)
                    if turn:  # the first round compiles what is asked
                        found[page, name].append(update)
    return found


def _views(page: str, turn: int) -> Iterator[str]:
    """Views that were not seen before: their periods begin another day each time."""
    year = datetime.now(UTC).year - 1
    yield f"{page}?since={year}-03-{turn + 1:02}&until={year}-05-{turn + 20:02}"
    yield f"{page}?since={year}-01-{turn + 1:02}&until={year}-12-{turn + 20:02}"


def changed(tab: Page, href: str) -> Update:
    """Go to another view in a tab, and wait until it is drawn."""
    answers: list[Response] = []
    listen = lambda response: answers.append(response) if "_dash-update" in response.url else None  # noqa: E731
    tab.on("response", listen)
    began = time.perf_counter()
    tab.evaluate(_GO, href)
    tab.wait_for_function(SETTLED, polling=20)
    drawn = (time.perf_counter() - began) * 1000
    tab.remove_listener("response", listen)
    (answer,) = answers
    timing = answer.request.timing
    return Update(timing["responseEnd"] - timing["requestStart"], drawn, len(answer.body()))


def _table(updates: dict[tuple[str, str], list[Update]]) -> list[str]:
    lines = [
        "| page | callback, ms: 1 year | 13 years | 130 years | ratio 130 / 1 | kB: 1 year | 130 years | ratio |"
        " drawn at 13 years, ms |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for page in PAGES:
        short, middle, long = (updates[page, name] for name in ("1 year", "13 years", "130 years"))
        ms = [median(one.callback_ms for one in some) for some in (short, middle, long)]
        pairs = zip(short, long, strict=True)
        ratio = median(b.callback_ms / a.callback_ms for a, b in pairs)
        kb = [median(one.bytes for one in some) / 1000 for some in (short, long)]
        drawn = median(one.drawn_ms for one in middle)
        lines.append(
            f"| `{page}` | {ms[0]:.0f} | {ms[1]:.0f} | {ms[2]:.0f} | {ratio:.2f} | {kb[0]:.0f} | {kb[1]:.0f} |"
            f" {kb[1] / kb[0]:.2f} | {drawn:.0f} |"
        )
    return lines


def _said(firsts: Sequence[tuple[float, float]], updates: dict[tuple[str, str], list[Update]]) -> str:
    callbacks = [one.callback_ms for page in PAGES for one in updates[page, "13 years"]]
    told, drawn = (median(times) for times in zip(*firsts, strict=True))
    p95 = quantiles(callbacks, n=20)[-1]
    return (
        f"First visit, nothing cached, to the only server: words, figures and links after {told:.2f} s, charts drawn"
        f" after {drawn:.2f} s (medians of {len(firsts)}; targets: < 1 s and < 1.8 s)."
        f" Callbacks at 13 years: p95 {p95:.0f} ms over {len(callbacks)} views (target < 200 ms)."
        " Ratios are the median of pairs, target < 1.3."
    )


if __name__ == "__main__":
    measured = section()
    print(measured)
    put(measured)
