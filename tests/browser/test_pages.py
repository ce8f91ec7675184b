"""Every page, in both languages, on both papers, at a desk and on a phone: whole, quiet and accessible."""

import struct
from collections.abc import Iterable
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.conftest import DESK, PHONE, Site, Visit, on_both_engines
from tests.engines import ENGINES

pytestmark = [pytest.mark.slow]

PAGES = {
    "/": ("Now", "En direct"),
    "/live": ("Live", "Temps réel"),
    "/mix": ("Mix", "Mix"),
    "/regions": ("Regions", "Régions"),
    "/regions/53": ("Bretagne", "Bretagne"),
    "/gas": ("Gas & weather", "Gaz et météo"),
    "/exchanges": ("Exchanges", "Échanges"),
    "/questions": ("What is the mix", "Quel est le mix"),
    "/questions/5": ("Does the mix change", "Le mix change-t-il"),
    "/meters": ("Meters", "Compteurs"),
    "/data": ("Data", "Données"),
    "/data/daily_merged": ("daily_merged", "daily_merged"),
}
OF_THE_GRID = [path for path in PAGES if path not in {"/live", "/meters"}]
"""This home has no meters and no stream: ``test_meters`` and ``test_live`` look at those that have."""
CHARTED = [path for path in OF_THE_GRID if path != "/data/daily_merged"]
TWICE = ("/", "/mix", "/regions", "/regions/53")
"""Those that are looked at on both engines."""
READERS = {
    "english, light, desk": ("en-GB", "light", DESK),
    "french, dark, desk": ("fr-FR", "dark", DESK),
    "french, light, phone": ("fr-FR", "light", PHONE),
    "english, dark, phone": ("en-GB", "dark", PHONE),
}


def on_engines(paths: Iterable[str]) -> pytest.MarkDecorator:
    """A test of these pages, and on the other engine too of those in :data:`TWICE`."""
    places = [(engine, path) for engine in ENGINES for path in paths if engine == "duckdb" or path in TWICE]
    return pytest.mark.parametrize(("site", "path"), places, indirect=["site"])


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_and_quiet_and_accessible(path: str, reader: str, browser: Browser, site: Site) -> None:
    look(path, reader, browser, site)


@pytest.mark.parametrize("site", ["postgres"], indirect=True)
@pytest.mark.parametrize(("path", "reader"), [*zip(TWICE, READERS, strict=True)])
def test_a_page_of_a_database_is_whole_too(path: str, reader: str, browser: Browser, site: Site) -> None:
    """For one reader each: language, paper and width are no business of the engine."""
    look(path, reader, browser, site)


def look(path: str, reader: str, browser: Browser, site: Site) -> None:
    """A page is whole, quiet and accessible for a reader."""
    locale, paper, width = READERS[reader]
    context = browser.new_context(viewport={"width": width, "height": 900}, locale=locale, color_scheme=paper)  # type: ignore[arg-type]
    visit = Visit(context.new_page(), site).open(path)
    french = locale.startswith("fr")
    page = visit.page
    assert page.title().startswith(PAGES[path][french])
    assert page.title().endswith("· watthouse")
    assert page.get_attribute("html", "lang") == ("fr" if french else "en")
    assert page.get_attribute("html", "data-mantine-color-scheme") == paper
    if path in OF_THE_GRID:
        assert ("échantillon synthétique" if french else "synthetic sample") in visit.text("#sample").lower()
    assert page.locator("#notice").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.wrong == []
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    serious = [one for one in found.response["violations"] if one["impact"] in {"serious", "critical"}]
    assert [(one["id"], one["nodes"][0]["html"]) for one in serious] == []
    context.close()


@on_engines(CHARTED)
def test_every_chart_says_whose_its_data_are_and_gives_them(path: str, visit: Visit) -> None:
    page = visit.open(path).page
    cards = page.locator(".card:has(.drawing)")
    assert cards.count()
    for card in cards.all():
        assert "Licence Ouverte" in card.locator(".provenance").inner_text()
        assert "sample" in card.locator(".provenance").inner_text()
        for link in card.locator(".downloads a").all():
            assert (link.get_attribute("href") or "").startswith("/api/v1/")


@on_engines(OF_THE_GRID)
def test_every_download_of_a_page_has_rows(path: str, visit: Visit) -> None:
    visit.open(path)
    links = visit.page.locator(".downloads a").evaluate_all("(links) => links.map((link) => link.getAttribute('href'))")
    assert links
    for href in {link for link in links if link.endswith("format=csv")}:
        answer = visit.page.request.get(visit.site.url + href)
        assert answer.status == 200, href
        assert len(answer.text().splitlines()) > 1, href


@on_both_engines
def test_a_card_without_rows_offers_no_download(visit: Visit) -> None:
    ((newest,),) = visit.site.query("select max(civil_date) from marts.temperature_daily")
    visit.open(f"/regions/53?since={newest + timedelta(days=1)}")  # type: ignore[operator]
    assert "No data for this period" in visit.text("#region-temperature-card")
    link = visit.page.locator("#region-temperature-card .elsewhere").get_attribute("href")
    assert f"until={newest}" in str(link)
    assert visit.page.locator("#region-temperature-card .downloads").count() == 0
    assert visit.page.locator("#region-rates-card .downloads").count() == 1


@on_engines(CHARTED)
def test_no_chart_has_more_than_5000_points_however_long_the_period(path: str, visit: Visit) -> None:
    visit.open(f"{path}?since=2000-01-01")
    charts = visit.page.locator(".drawing").evaluate_all("(all) => all.map((one) => one.id)")
    traces = [trace for chart in charts for trace in visit.drawn(chart)]
    assert traces
    assert max(len(trace[part]) for trace in traces for part in ("x", "y", "values")) <= 5_000
    assert visit.wrong == []


def test_a_chart_names_the_publishers_of_its_own_rows_and_the_page_those_of_all(visit: Visit) -> None:
    visit.open("/gas")
    lines = {
        card.get_attribute("id"): card.locator(".provenance").inner_text()
        for card in visit.page.locator(".card:has(.drawing)").all()
    }
    assert "Météo-France" in lines["gas-time-card"]
    assert "Storengy" in lines["gas-time-card"]
    assert "RTE" in lines["gas-time-card"]  # the load that weighs the temperature of France
    assert "RTE" not in lines["gas-points-card"]
    assert "RTE" in lines["gas-slopes-card"]
    assert "Storengy" not in lines["gas-slopes-card"]
    foot = visit.text("footer:not(.plumbing)")
    assert all(name in foot for name in ("RTE", "NaTran", "Storengy", "Teréga", "Météo-France"))
    visit.open("/mix")
    assert "Météo-France" not in visit.text("footer:not(.plumbing)")


@pytest.mark.parametrize(
    ("locale", "button"), [("en-GB", "Download plot as a PNG"), ("fr-FR", "Télécharger l'image (PNG)")]
)
def test_a_picture_has_its_title_above_and_its_publishers_below(
    locale: str, button: str, browser: Browser, site: Site
) -> None:
    context = browser.new_context(viewport={"width": DESK, "height": 900}, locale=locale)
    visit = Visit(context.new_page(), site).open("/mix")
    visit.page.evaluate(_WRITTEN)
    visit.page.hover("#mix-carbon")
    with visit.page.expect_download() as under_way:
        visit.page.click(f'#mix-carbon .modebar-btn[data-title="{button}"]')
    written = " ".join(visit.page.evaluate("() => window.written"))
    assert visit.text("#mix-carbon-title") in written
    assert visit.text("#mix-carbon-card .provenance") in written
    assert under_way.value.suggested_filename == "watthouse-mix-carbon.png"
    width, height = struct.unpack(">II", under_way.value.path().read_bytes()[16:24])
    box = visit.page.locator("#mix-carbon").bounding_box()
    assert box
    assert width == pytest.approx(2 * box["width"], abs=2)
    assert height > 2 * box["height"] + 60
    assert visit.wrong == []
    context.close()


_WRITTEN = """() => {
  window.written = [];
  const write = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
    window.written.push(text);
    return write.call(this, text, ...place);
  };
}"""
