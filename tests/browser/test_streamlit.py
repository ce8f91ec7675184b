"""Streamlit's pages on each side that they may stand on: run as Streamlit runs them, and in a real browser."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
import streamlit as st
from playwright.sync_api import Browser, Page
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from typer.testing import CliRunner

from tests.browser.conftest import DESK, PHONE, Site, reader_of
from tests.engines import copied, database_of_the_run
from tests.integration.serving import served
from watthouse.catalog import LICENCE
from watthouse.cli.main import app
from watthouse.serve import streamlit_run
from watthouse.serve.figures.palette import NATIONAL
from watthouse.serve.locale import Language
from watthouse.settings import Settings

Opened = Callable[..., AppTest]
SIDES = ("marts", "warehouse", "datamart")
TITLES = {
    "marts": ("the marts", "les marts"),
    "warehouse": ("schema energy_consumption of the warehouse", "le schéma energy_consumption de l'entrepôt"),
    "datamart": ("the datamart", "le datamart"),
}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, site: Site) -> Iterator[Opened]:
    """A page by its address: its path, and what follows the question mark; ``variables`` say on which side."""

    def run(path: str = "", home: Path = site.home, variables: Mapping[str, str] = {}, **said: str) -> AppTest:
        for name, value in {"WATTHOUSE_HOME": str(home), **variables}.items():
            monkeypatch.setenv(name, value)
        st.cache_resource.clear()
        page = AppTest.from_file(str(streamlit_run.PAGES), default_timeout=120)
        page.query_params.update(said)
        if path:
            page._page_hash = calc_hash(path)  # AppTest itself switches between files only
        return page.run()

    yield run
    st.cache_resource.clear()


@dataclass(frozen=True)
class On:
    """A side: the variables by which pages stand on it, the pages that it has with their charts, and its newest day."""

    name: str
    variables: Mapping[str, str]
    pages: Mapping[str, int]
    newest: date


@pytest.fixture(scope="module", params=SIDES)
def on(request: pytest.FixtureRequest, site: Site) -> On:
    name: str = request.param
    variables = request.getfixturevalue(f"on_{name}") | {"WATTHOUSE_STREAMLIT_ON": name}
    settled = "where nature <> 'Données temps réel'" if name == "warehouse" else ""
    measured = "select max(civil_date) from (select * from core.core_regional_power where consommation is not null)"
    ((newest,),) = site.query(f"{measured} {settled}")
    assert isinstance(newest, date)
    regional = {"": 2, "region": 2}
    return On(name, variables, regional if name == "warehouse" else regional | dict.fromkeys(NATIONAL, 3), newest)


@pytest.fixture(scope="module")
def on_marts() -> Mapping[str, str]:
    return {}


@pytest.fixture(scope="module")
def on_warehouse(two_years: Path, warehouse_server: str, run_id: str) -> Iterator[Mapping[str, str]]:
    """PostgreSQL, by a role that only reads."""
    template = database_of_the_run(warehouse_server, run_id, two_years, "--sample")
    with copied(warehouse_server, template) as variables, reader_of(variables["WATTHOUSE_WAREHOUSE"]) as reader:
        yield {**variables, "WATTHOUSE_WAREHOUSE_READER": reader}


def test_every_page_has_its_charts_and_says_whose_figures_they_are_and_where_they_stand(opened: Opened, on: On) -> None:
    for path, charts in on.pages.items():
        page = opened(path, variables=on.variables, period="30d")
        assert not page.exception, path
        assert not page.error, path
        assert len(page.get("plotly_chart")) == charts, path
        assert "nobody measured them" in page.warning[0].value
        foot = page.main.caption[-1].value
        assert LICENCE in foot
        assert f"Figures from {TITLES[on.name][0]}, up to {Language.ENGLISH.day(on.newest)} · " in foot
        # the other pages show more than the period
        assert path or f"RTE, {Language.ENGLISH.day(on.newest - timedelta(days=29))}" in foot


def test_pages_that_a_side_cannot_show_are_left_out_and_a_line_says_why(opened: Opened, on: On) -> None:
    said = [caption.value for caption in opened(variables=on.variables, period="30d").sidebar.caption]
    why = {
        "marts": [],
        "warehouse": ["consolidated and definitive data alone: real time, and the sources of France, are in the marts"],
        "datamart": ["Sources of France are kept by the day here"],
    }[on.name]
    assert len(said) == 1 + len(why)
    assert all(words in said[-1] for words in why)


def test_a_source_is_summed_over_the_period_that_was_chosen(opened: Opened, site: Site, on: On) -> None:
    if "nucleaire" not in on.pages:
        pytest.skip("the schema has regions alone")
    ((last, first),) = site.query("select max(civil_date), max(civil_date) - 29 from marts.daily_mix")
    ((energy, share),) = site.query(
        f"""select sum(nucleaire_mwh) / 1000, sum(nucleaire_mwh) / sum(production_mwh)
        from marts.daily_mix where civil_date between '{first}' and '{last}'"""
    )
    page = opened("nucleaire", variables=on.variables, period="30d")
    shown = [metric.value for metric in page.metric]
    assert shown == [f"{energy:,.0f}\u00a0GWh", f"{100 * share:.1f}%"]  # type: ignore[operator,str-format]


def test_an_address_is_a_view_and_what_it_cannot_mean_is_left_out(opened: Opened, on: On) -> None:
    given = {"lang": "fr", "region": "32", "period": "days", "since": "2025-01-05", "until": "2025-01-20"}
    page = opened("region", variables=on.variables, **given)
    assert page.title[0].value == "Hauts-de-France"
    assert any("5\u00a0janv.\u00a02025 – 20\u00a0janv.\u00a02025" in said.value for said in page.markdown)
    assert TITLES[on.name][1] in page.main.caption[-1].value
    assert [_said(page, name) for name in ("lang", "region", "since")] == ["fr", "32", "2025-01-05"]
    wrong = opened("region", variables=on.variables, lang="de", region="94", period="ever")
    assert wrong.title[0].value == "Auvergne-Rhône-Alpes"


def test_what_is_chosen_is_shown_and_written_into_the_address(opened: Opened) -> None:
    page = opened(period="30d")
    page.radio(key="measure").set_value("difference").run()
    page.radio(key="lang").set_value("fr").run()
    assert page.markdown[0].value == "##### Production − consommation, MW"
    assert _said(page, "measure") == "difference"


def test_without_a_warehouse_one_line_says_what_to_run(opened: Opened, tmp_path: Path) -> None:
    page = opened(home=tmp_path)
    assert not page.exception
    assert "watthouse refresh" in page.error[0].value


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, "no datamart is named: set WATTHOUSE_DATAMART_READER"),
        ({"WATTHOUSE_DATAMART": "postgresql://nobody:s3cret@127.0.0.1:1/none"}, "cannot be reached"),
    ],
)
def test_without_a_datamart_one_line_says_what_is_wrong(
    opened: Opened, variables: Mapping[str, str], words: str
) -> None:
    page = opened(variables={"WATTHOUSE_STREAMLIT_ON": "datamart", **variables})
    assert not page.exception
    assert words in page.error[0].value
    assert "s3cret" not in page.error[0].value


def test_without_streamlit_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamlit_run, "find_spec", lambda _: None)
    left = CliRunner().invoke(app, ["serve", "--streamlit"], env={"COLUMNS": "200"})
    assert left.exit_code == 1
    assert "streamlit is not installed: pip install 'watthouse[streamlit]'" in left.output


def test_nobody_is_told_of_its_use_and_only_the_chosen_address_listens() -> None:
    words = streamlit_run.command(Settings(host="127.0.0.2", port=8123))
    assert {"--browser.gatherUsageStats=false", "--server.headless=true"} < {*words}
    assert {"--server.address=127.0.0.2", "--server.port=8123"} < {*words}


def test_a_real_start_shows_the_pages_at_a_desk_and_on_a_phone_and_asks_no_other_site(
    browser: Browser, site: Site, on: On, tmp_path: Path
) -> None:
    options = ["--streamlit", *(["--on", on.name] if on.name != "marts" else [])]
    variables = {name: value for name, value in on.variables.items() if name != "WATTHOUSE_STREAMLIT_ON"}
    home = Path(variables.pop("WATTHOUSE_HOME", site.home.parent))
    with served(home, tmp_path, *options, sample=on.name != "datamart", alive="/_stcore/health", **variables) as server:
        asked: list[str] = []
        faults: list[str] = []
        for width, scheme, language in ((DESK, "light", "en"), (PHONE, "dark", "fr")):
            context = browser.new_context(viewport={"width": width, "height": 1000}, color_scheme=scheme)  # type: ignore[arg-type]
            page = context.new_page()
            page.set_default_timeout(90_000)
            page.on("request", lambda request: asked.append(request.url))
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
            page.goto(f"{server.url}/?period=30d&lang={language}")
            look_at_regions(page, width, scheme, language)
            assert TITLES[on.name][language == "fr"] in page.inner_text("[data-testid=stMain]")
            if width == DESK:
                follow_the_navigation(page, on)
            context.close()
    assert faults == []
    assert [one for one in asked if not one.startswith((server.url, "data:", "blob:"))] == []


def look_at_regions(page: Page, width: int, scheme: str, language: str) -> None:
    """The page of all regions: its charts are there, no error is, it fits, and it has its language and paper."""
    page.wait_for_selector(".choroplethlayer path")
    page.wait_for_selector(".barlayer .bars")
    page.wait_for_selector(f"h1:has-text('{'Les régions' if language == 'fr' else 'The regions'}')")
    assert page.locator(".choroplethlayer path").count() == 13
    assert page.locator("[data-testid=stAlertContentError], [data-testid=stException]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    colour = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", colour)[:3])) < 3 * 128) == (scheme == "dark")


def follow_the_navigation(page: Page, on: On) -> None:
    """To every kind of page that the side has."""
    page.get_by_role("link", name="A region", exact=True).click()
    page.wait_for_selector("h1:has-text('Auvergne-Rhône-Alpes')")
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot .main-svg').length >= 2")
    wind = page.get_by_role("link", name="Wind")
    assert wind.count() == ("eolien" in on.pages)
    if wind.count():
        wind.click()
        page.wait_for_selector("h1:has-text('Wind')")
        page.wait_for_selector(".choroplethlayer path")
    assert page.locator("[data-testid=stAlertContentError], [data-testid=stException]").count() == 0


def _said(page: AppTest, name: str) -> str:
    """What the address says: AppTest gives what Streamlit wrote as a list."""
    return "".join(page.query_params[name])
