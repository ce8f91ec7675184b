"""Streamlit's pages: run as Streamlit runs them, and once in a real browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from playwright.sync_api import Browser
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from typer.testing import CliRunner

from tests.browser.conftest import Site
from tests.integration.serving import served
from watthouse.catalog import LICENCE
from watthouse.cli.main import app
from watthouse.serve import streamlit_run
from watthouse.serve.figures.palette import NATIONAL
from watthouse.settings import Settings

Opened = Callable[..., AppTest]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, site: Site) -> Iterator[Opened]:
    """A page by its address: its path, and what follows the question mark."""

    def run(path: str = "", home: Path = site.home, **said: str) -> AppTest:
        monkeypatch.setenv("WATTHOUSE_HOME", str(home))
        st.cache_resource.clear()
        page = AppTest.from_file(str(streamlit_run.PAGES), default_timeout=120)
        page.query_params.update(said)
        if path:
            page._page_hash = calc_hash(path)  # AppTest itself switches between files only
        return page.run()

    yield run
    st.cache_resource.clear()


def test_every_page_has_its_charts_and_says_whose_figures_they_are(opened: Opened) -> None:
    for path, charts in {"": 2, "region": 2, **dict.fromkeys(NATIONAL, 3)}.items():
        page = opened(path, period="30d")
        assert not page.exception, path
        assert not page.error, path
        assert len(page.get("plotly_chart")) == charts, path
        assert "nobody measured them" in page.warning[0].value
        assert LICENCE in page.caption[-1].value


def test_a_source_is_summed_over_the_period_that_was_chosen(opened: Opened, site: Site) -> None:
    ((last, first),) = site.query("select max(civil_date), max(civil_date) - 29 from marts.daily_mix")
    ((energy, share),) = site.query(
        f"""select sum(nucleaire_mwh) / 1000, sum(nucleaire_mwh) / sum(production_mwh)
        from marts.daily_mix where civil_date between '{first}' and '{last}'"""
    )
    shown = [metric.value for metric in opened("nucleaire", period="30d").metric]
    assert shown == [f"{energy:,.0f}\u00a0GWh", f"{100 * share:.1f}%"]  # type: ignore[operator,str-format]


def test_an_address_is_a_view_and_what_it_cannot_mean_is_left_out(opened: Opened) -> None:
    page = opened("region", lang="fr", region="32", period="days", since="2025-01-05", until="2025-01-20")
    assert page.title[0].value == "Hauts-de-France"
    assert any("5\u00a0janv.\u00a02025 – 20\u00a0janv.\u00a02025" in said.value for said in page.markdown)
    assert [_said(page, name) for name in ("lang", "region", "since")] == ["fr", "32", "2025-01-05"]
    assert opened("region", lang="de", region="94", period="ever").title[0].value == "Auvergne-Rhône-Alpes"


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


def test_without_streamlit_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamlit_run, "find_spec", lambda _: None)
    left = CliRunner().invoke(app, ["serve", "--streamlit"], env={"COLUMNS": "200"})
    assert left.exit_code == 1
    assert "streamlit is not installed: pip install 'watthouse[streamlit]'" in left.output


def test_nobody_is_told_of_its_use_and_only_the_chosen_address_listens() -> None:
    words = streamlit_run.command(Settings(host="127.0.0.2", port=8123))
    assert {"--browser.gatherUsageStats=false", "--server.headless=true"} < {*words}
    assert {"--server.address=127.0.0.2", "--server.port=8123"} < {*words}


def test_a_real_start_shows_the_map_and_asks_no_other_site(browser: Browser, site: Site, tmp_path: Path) -> None:
    with served(site.home.parent, tmp_path, "--streamlit", alive="/_stcore/health") as server:
        page = browser.new_page(viewport={"width": 1320, "height": 1000})
        page.set_default_timeout(90_000)
        asked: list[str] = []
        faults: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.goto(server.url)
        page.wait_for_selector(".choroplethlayer path")
        assert page.locator(".choroplethlayer path").count() == 13
        page.get_by_role("link", name="Wind").click()
        page.wait_for_selector("h1:has-text('Wind')")
        page.wait_for_selector(".choroplethlayer path")
        page.close()
    assert faults == []
    assert [one for one in asked if not one.startswith((server.url, "data:", "blob:"))] == []


def _said(page: AppTest, name: str) -> str:
    """What the address says: AppTest gives what Streamlit wrote as a list."""
    return "".join(page.query_params[name])
