"""The page Live in a browser: what reaches the store moves it, without a reload and without a warehouse."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.conftest import DESK, PHONE, Site, Visit
from tests.integration.serving import Api, served
from tests.servers import mongodb, up
from tests.streaming import document, fill
from tools.services import SERVERS, Services
from watthouse.stream.documents import FRANCE, Document
from watthouse.stream.store import Store

pytestmark = [pytest.mark.slow]

DAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
IN_TIME = 5_000  # ms; two seconds are what the benchmark holds, this machine may be busy


@dataclass(frozen=True)
class Moving:
    """A server, and the store that it looks into."""

    api: Api
    store: Store

    @property
    def site(self) -> Site:
        return Site(self.api.url, self.api.home)

    def put(self, *documents: Document) -> None:
        """Write documents as the processor does."""
        self.store.upsert(documents)
        self.store.settle({(each["dataset"], each["region"]) for each in documents})


@pytest.fixture(scope="module")
def stream(mongodb_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moving]:
    """France and its regions until noon; each test moves a region of its own."""
    folder = tmp_path_factory.mktemp("live")
    with mongodb(mongodb_server) as url, serving(folder, url) as api:
        fill(url, DAY, NOON)
        yield Moving(api, Store(url))


@contextmanager
def serving(folder: Path, url: str, port: int = 0) -> Iterator[Api]:
    settings = {"WATTHOUSE_STREAM_STORE": url, "WATTHOUSE_STREAM_POLL_SECONDS": "0.2"}
    with served(folder / "home", folder, sample=False, port=port, **settings) as api:
        yield api


@contextmanager
def visiting(
    browser: Browser, site: Site, path: str, locale: str = "en-GB", paper: str = "light", width: int = DESK
) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": width, "height": 900}, locale=locale, color_scheme=paper)  # type: ignore[arg-type]
    visit, foreign = Visit(context.new_page(), site), list[str]()
    visit.page.on("request", lambda request: None if request.url.startswith(site.url) else foreign.append(request.url))
    visit.open(path).page.wait_for_selector("#live-connection[data-state=on]")
    yield visit
    context.close()
    assert [address for address in foreign if not address.startswith(("data:", "blob:"))] == []


def mapped(visit: Visit, name: str) -> dict[str, str]:
    """Region → the text under the pointer, from the traces of a map."""
    found: list[dict[str, list[list[str]]]] = visit.page.evaluate(
        "(name) => document.querySelector(`#${name} .js-plotly-plot`)._fullData.filter((one) => one.locations)"
        ".map((one) => Object.fromEntries(one.locations.map((code, at) => [code, one.customdata[at][1]])))",
        name,
    )
    return {code: str(text).replace("\u00a0", " ") for trace in found for code, text in trace.items()}


def test_a_slot_that_reaches_the_store_moves_maps_day_bars_and_table_without_a_reload(
    browser: Browser, stream: Moving
) -> None:
    before, after = document("53", NOON - QUARTER), document("53", NOON, consommation_mw=4321)
    with visiting(browser, stream.site, "/live/53") as visit:
        page = visit.page
        page.evaluate("window.same = true")
        assert mapped(visit, "live-load")["53"] == f"{before['consommation_mw']:,} MW"
        assert mapped(visit, "live-difference")["53"] == f"{before['difference_mw']:+,} MW"

        stream.put(after)

        page.wait_for_function(
            "() => document.querySelector('#live-table').innerText.includes('4,321')", timeout=IN_TIME
        )
        assert mapped(visit, "live-load")["53"] == "4,321 MW"
        assert mapped(visit, "live-production")["53"] == f"{after['production_mw']:,} MW"
        assert mapped(visit, "live-difference")["53"] == f"{after['difference_mw']:+,} MW".replace("-", "−")
        load = next(trace for trace in visit.drawn("live-day") if trace["name"] == "Load")
        assert [value for value in load["y"] if str(value) != "nan"][-1] == 4321
        assert visit.text("#live-sources-title") == "Bretagne: sources at 13:00"
        (bars,) = visit.drawn("live-sources")
        assert dict(zip(bars["y"], bars["x"], strict=True))["Nuclear"] == after["nucleaire_mw"]
        assert page.evaluate("window.same")
        assert visit.wrong == []


def test_the_tiles_are_of_france(browser: Browser, stream: Moving) -> None:
    with visiting(browser, stream.site, "/live/11") as visit:
        stream.put(document(FRANCE, NOON, consommation_mw=51_234, taux_co2_g_kwh=27))
        expect(visit.page.locator("#live-load-france")).to_have_text("51,234\u00a0MW", timeout=IN_TIME)
        assert visit.text("#live-co2-france") == "27\u00a0g/kWh"
        assert visit.text("#live-until") == "13:00"


def test_a_region_is_chosen_on_a_map_or_in_the_table(browser: Browser, stream: Moving) -> None:
    with visiting(browser, stream.site, "/live") as visit:
        assert visit.text("#live-day-title").startswith("France, ")
        visit.page.wait_for_timeout(500)  # Plotly places the map once more
        visit.page.mouse.click(*_place(visit, "live-production", "84"))
        visit.page.wait_for_function("() => location.pathname === '/live/84'")
        visit.ready()
        assert visit.text("#live-day-title").startswith("Auvergne-Rhône-Alpes, ")
        visit.follow("#live-table a:has-text('Normandie')")
        assert visit.page.url.endswith("/live/28")
        assert visit.text("#live-day-title").startswith("Normandie, ")
        assert visit.page.title() == "Live · Normandie · watthouse"
        visit.follow("#live-table a:has-text('France')")
        assert visit.page.url.endswith("/live")
        assert visit.wrong == []


def _place(visit: Visit, name: str, region: str) -> tuple[float, float]:
    """Where a region's outline is on the screen: the middle of its box, which for this one is inside."""
    found: list[float] = visit.page.evaluate(
        "([name, region]) => { const shape = [...document.querySelectorAll(`#${name} path.choroplethlayer, #${name}"
        " .choroplethlayer path`)].find((one) => one.__data__ && one.__data__.id === region || one.__data__ &&"
        " one.__data__.loc === region); const box = shape.getBoundingClientRect();"
        " return [box.x + box.width / 2, box.y + box.height / 2]; }",
        [name, region],
    )
    return found[0], found[1]


def test_a_page_that_was_open_while_the_server_restarted_is_right_again(
    browser: Browser, mongodb_server: str, tmp_path: Path
) -> None:
    with mongodb(mongodb_server) as url:
        store = Store(url)
        with serving(tmp_path, url) as api:
            Moving(api, store).put(document("11", NOON, consommation_mw=1111))
            context = browser.new_context(viewport={"width": DESK, "height": 900}, locale="en-GB")
            page = Visit(context.new_page(), Site(api.url, api.home)).open("/live").page
            expect(page.locator("#live-connection")).to_have_text("Updates by itself")
        expect(page.locator("#live-connection")).to_have_text("Reconnecting…")
        Moving(api, store).put(document("11", NOON + QUARTER, consommation_mw=2222))
        assert "2,222" not in page.inner_text("#live-table")

        with serving(tmp_path, url, port=int(api.url.rpartition(":")[2])):
            expect(page.locator("#live-table")).to_contain_text("2,222", timeout=15_000)
            expect(page.locator("#live-connection")).to_have_text("Updates by itself")
        context.close()


@pytest.mark.parametrize(
    ("locale", "paper", "width"),
    [("en-GB", "light", DESK), ("fr-FR", "dark", DESK), ("fr-FR", "light", PHONE), ("en-GB", "dark", PHONE)],
)
def test_the_page_is_whole_quiet_and_accessible(
    browser: Browser, stream: Moving, locale: str, paper: str, width: int
) -> None:
    with visiting(browser, stream.site, "/live/93", locale, paper, width) as visit:
        page, french = visit.page, locale == "fr-FR"
        assert page.title().startswith("Temps réel" if french else "Live")
        assert visit.text("#live-connection") == ("Mise à jour en continu" if french else "Updates by itself")
        # the day is long past: in words, not only by its colour
        age = visit.text("#live-table tbody tr:first-child .age")
        assert age.startswith("il y a ") if french else age.endswith(" days ago")
        assert page.get_attribute("#live-table tbody tr:first-child .age", "data-age") == "stale"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page, options={"resultTypes": ["violations"]})
        serious = [one for one in found.response["violations"] if one["impact"] in {"serious", "critical"}]
        assert [(one["id"], one["nodes"][0]["html"]) for one in serious] == []
        assert visit.wrong == []


def test_a_browser_that_slept_is_right_again(browser: Browser, stream: Moving) -> None:
    with visiting(browser, stream.site, "/live/76") as visit:
        page = visit.page
        page.context.set_offline(True)
        page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        time.sleep(0.5)
        stream.put(document("76", NOON + QUARTER, consommation_mw=7676))
        time.sleep(1)
        assert "7,676" not in visit.text("#live-table")
        page.context.set_offline(False)
        page.evaluate("Object.defineProperty(document, 'hidden', {value: false, configurable: true})")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.locator("#live-table")).to_contain_text("7,676", timeout=10_000)


def test_an_empty_store_says_what_to_start_and_fills_by_itself(
    browser: Browser, mongodb_server: str, tmp_path: Path
) -> None:
    with mongodb(mongodb_server) as url, serving(tmp_path, url) as api:
        moving = Moving(api, Store(url))
        with visiting(browser, moving.site, "/live") as visit:
            assert "watthouse stream produce" in visit.text("#live-empty")
            moving.put(document(FRANCE, NOON, consommation_mw=40_000))
            expect(visit.page.locator("#live-empty")).to_have_count(0, timeout=IN_TIME)
            assert visit.text("#live-load-france") == "40,000\u00a0MW"
            assert visit.text("#live-day-title") == "France, 10\u00a0Mar\u00a02026"


def test_figures_of_a_sample_are_announced(browser: Browser, mongodb_server: str, tmp_path: Path) -> None:
    with mongodb(mongodb_server) as url, serving(tmp_path, url) as api:
        moving = Moving(api, Store(url))
        moving.put({**document("11", NOON), "sample": "seed 0"})
        with visiting(browser, moving.site, "/live") as visit:
            assert "Synthetic sample (seed 0)" in visit.text("#sample")
            assert "synthetic sample (seed 0) in place of RTE" in visit.text("#live-source")


def test_without_a_store_the_page_says_how_to_begin(browser: Browser, tmp_path: Path) -> None:
    with served(tmp_path / "home", tmp_path, sample=False) as api:
        context = browser.new_context(locale="fr-FR")
        visit = Visit(context.new_page(), Site(api.url, api.home)).open("/live")
        assert "Aucun entrepôt du flux n'est indiqué" in visit.text("#live-none")
        assert "WATTHOUSE_STREAM_STORE" in visit.text("#live-none pre")
        visit.page.wait_for_timeout(1500)
        assert visit.wrong == []
        context.close()


def test_a_store_that_goes_away_is_told_on_the_page_until_it_is_back(
    browser: Browser, own_servers: Services, tmp_path: Path
) -> None:
    server = SERVERS["mongodb"]
    url = f"{server.url(up(own_servers, 'mongodb'))}electricity"
    with serving(tmp_path, url) as api:
        moving = Moving(api, Store(url))
        moving.put(document("11", NOON, consommation_mw=1111))
        with visiting(browser, moving.site, "/live") as visit:
            own_servers.down("mongodb", signal.SIGKILL)
            expect(visit.page.locator("#live-fault")).to_contain_text("cannot be reached", timeout=20_000)
            assert "1,111" in visit.text("#live-table")  # what was last seen

            own_servers.again(server)
            expect(visit.page.locator("#live-fault")).to_have_count(0, timeout=20_000)
            moving.put(document("11", NOON + QUARTER, consommation_mw=2222))
            expect(visit.page.locator("#live-table")).to_contain_text("2,222", timeout=IN_TIME)
