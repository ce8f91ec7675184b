"""Every page under the policy of its answer, in a browser that keeps to it: nothing is blocked, nothing is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Visit
from tests.integration.serving import TOKEN, served

pytestmark = [pytest.mark.slow]

PAGES = ("/", "/live", "/mix", "/regions", "/regions/53", "/gas", "/exchanges", "/questions/2", "/meters", "/data")
_BLOCKED = (
    "window.blocked = []; document.addEventListener('securitypolicyviolation',"
    " (event) => window.blocked.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`))"
)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", [*PAGES, "/data/daily_mix"])
def test_a_page_keeps_to_its_policy(path: str, theme: str, visit: Visit) -> None:
    visit.page.add_init_script(_BLOCKED)
    visit.open(f"{path}?theme={theme}&lang=en")
    assert visit.page.evaluate("window.blocked") == []
    assert visit.wrong == []


def test_a_script_that_gets_into_a_page_does_not_run(visit: Visit) -> None:
    visit.page.add_init_script(_BLOCKED)
    visit.open("/mix")
    visit.page.evaluate(
        "() => { const place = document.querySelector('#content'); place.innerHTML ="
        ' \'<img src=x onerror="window.ran = 1"><base href="https://attacker.example/">\';'
        " const script = document.createElement('script'); script.textContent = 'window.ran = 2';"
        " place.append(script); }"
    )
    visit.page.wait_for_timeout(300)
    assert visit.page.evaluate("window.ran") is None
    assert {line.split()[0] for line in visit.page.evaluate("window.blocked")} >= {"script-src-elem", "base-uri"}


@contextmanager
def documentation(browser: Browser, url: str) -> Iterator[Page]:
    page = browser.new_page()
    page.add_init_script(_BLOCKED)
    page.goto(f"{url}/docs")
    page.wait_for_selector(".opblock-summary-control")
    yield page
    page.close()


def test_the_documentation_works_and_forgets_the_token(browser: Browser, tmp_path: Path) -> None:
    call = "#operations-meters-post_meters_loads"
    with (
        served(tmp_path / "home", tmp_path, sample=False, WATTHOUSE_API_TOKEN=TOKEN) as api,
        documentation(browser, api.url) as page,
    ):
        page.click("button.authorize >> nth=0")
        page.fill(".auth-container input", TOKEN)
        page.click(".auth-btn-wrapper button.authorize")
        page.click(".auth-btn-wrapper button.btn-done")
        page.click(f"{call} .opblock-summary-control")
        page.click(f"{call} .execute")
        page.wait_for_selector(f"{call} .live-responses-table")
        assert "200" in page.inner_text(f"{call} .live-responses-table .response")
        kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        assert TOKEN not in kept
        assert page.evaluate("window.blocked") == []
        page.reload()
        page.wait_for_selector(".opblock-summary-control")
        assert page.locator("button.authorize.unlocked").count() == 1
