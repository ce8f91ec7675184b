"""Whatever is looked at and pressed, a browser asks no other host than the one that serves."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page

from tests.browser.conftest import DESK, ELSEWHERE, Site
from tests.browser.test_pages import CHARTED
from tests.integration.serving import served
from tools.pictures import SETTLED
from watthouse.serve.figures.palette import NATIONAL

pytestmark = [pytest.mark.slow]

_OVER_THE_NETWORK = {"http", "https", "ws", "wss"}


@contextmanager
def listened(browser: Browser, url: str) -> Iterator[tuple[Page, list[str]]]:
    """A tab, and the addresses on other hosts than that of ``url`` which it or a window that it opened asked for.

    None of them is reached.
    """
    own, foreign = urlsplit(url).netloc, []
    context = browser.new_context(viewport={"width": DESK, "height": 1000}, locale="en-GB")

    def hear(address: str) -> None:
        if urlsplit(address).scheme in _OVER_THE_NETWORK and urlsplit(address).netloc != own:
            foreign.append(address)

    context.route(lambda address: urlsplit(address).netloc != own, lambda route: route.abort())
    context.on("request", lambda request: hear(request.url))
    context.on("page", lambda page: page.on("websocket", lambda socket: hear(socket.url)))
    page = context.new_page()
    page.set_default_timeout(90_000)
    yield page, foreign
    context.close()


def press_every_control(page: Page) -> list[str]:
    """Press each button of each chart, and whatever a button opens over it; returns what they are called."""
    found = []
    for chart in page.locator(".js-plotly-plot").all():
        chart.scroll_into_view_if_needed()
        for button in chart.locator(".modebar-btn").all():
            found.append(_name(button))
            chart.hover(force=True)
            button.click(force=True)
            for asked in page.locator(".plotly-cloud-dialog button").all()[::-1]:  # the one that agrees is the last
                if asked.is_visible():
                    asked.click()
    page.wait_for_timeout(200)  # what was begun by the last press
    return found


def _name(button: Locator) -> str:
    return button.get_attribute("data-title") or button.get_attribute("aria-label") or button.inner_text()


@pytest.mark.parametrize("path", [*CHARTED, "/data/daily_merged"])
def test_a_page_and_all_its_controls_ask_no_other_host(path: str, browser: Browser, site: Site) -> None:
    url = site.url.replace("127.0.0.1", ELSEWHERE)
    with listened(browser, url) as (page, foreign):
        page.goto(url + path)
        page.wait_for_function(SETTLED)
        pressed = press_every_control(page)
        assert foreign == []
        assert {"Share chart...", "Edit in Chart Studio"} & {*pressed} == set()
        assert bool(pressed) == (path in CHARTED), "the buttons of charts are pressed"


def test_the_documentation_of_the_api_asks_no_other_host(browser: Browser, site: Site) -> None:
    url = site.url.replace("127.0.0.1", ELSEWHERE)
    with listened(browser, url) as (page, foreign):
        page.goto(f"{url}/docs")
        page.click(".opblock-summary-control >> nth=0")
        page.click(".opblock .execute")
        page.wait_for_selector(".live-responses-table")
        page.wait_for_load_state("networkidle")
        assert foreign == []


def test_the_pages_in_streamlit_and_all_their_controls_ask_no_other_host(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    with (
        served(site.home.parent, tmp_path, "--streamlit", alive="/_stcore/health") as server,
        listened(browser, server.url) as (page, foreign),
    ):
        for path in ("/", "/region", f"/{NATIONAL[0]}"):
            page.goto(server.url + path)
            page.wait_for_selector(".js-plotly-plot .main-svg >> nth=1")
            page.wait_for_load_state("networkidle")
            assert press_every_control(page), path
        assert foreign == []
