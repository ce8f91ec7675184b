"""The page Data: what a table of a mart shows is what the mart holds, sorted and filtered as its reader asks."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit

pytestmark = [pytest.mark.slow]


def _column(visit: Visit, name: str) -> list[str]:
    """What is shown of a column, from the first row down."""
    visit.page.wait_for_selector("#mart-grid .ag-cell")
    cells = visit.page.locator(f"#mart-grid .ag-cell[col-id={name}]")
    rows = cells.evaluate_all(
        "(all) => all.map((one) => [+one.parentElement.getAttribute('row-index'), one.innerText])"
    )
    return [said for _, said in sorted(rows)]


def test_a_cell_of_the_table_is_the_cell_of_the_mart(visit: Visit) -> None:
    visit.open("/data/gas_daily")
    held = visit.site.query("select civil_date::varchar, stock_gaz_gwh from marts.gas_daily order by 1 desc limit 5")
    assert _column(visit, "civil_date")[:5] == [day for day, _ in held]
    shown = [said.replace(",", "") for said in _column(visit, "stock_gaz_gwh")[:5]]
    assert [float(said) if said else None for said in shown] == pytest.approx(
        [None if stock is None else float(stock) for _, stock in held], abs=1e-4
    )


def test_a_column_sorts_the_table_when_its_head_is_clicked(visit: Visit) -> None:
    visit.open("/data/gas_daily")
    visit.page.click("#mart-grid .ag-header-cell[col-id=civil_date] .ag-header-cell-label")
    ((first,),) = visit.site.query("select min(civil_date)::varchar from marts.gas_daily")
    expect(visit.page.locator("#mart-grid [row-index='0'] [col-id=civil_date]")).to_have_text(str(first))
    assert visit.wrong == []


def test_a_filter_leaves_the_rows_that_hold_what_is_typed(visit: Visit) -> None:
    visit.open("/data/completeness_daily")
    visit.page.click("#mart-grid .ag-header-cell[col-id=dataset] .ag-header-cell-filter-button")
    visit.page.locator(".ag-filter input[type=text]").first.fill("temperature")
    expect(visit.page.locator("#mart-grid [row-index='0'] [col-id=dataset]")).to_have_text(
        "temperature-quotidienne-regionale"
    )
    assert set(_column(visit, "dataset")) == {"temperature-quotidienne-regionale"}
    assert visit.wrong == []


def test_french_readers_get_french_numbers(visit: Visit) -> None:
    visit.open("/data/gas_daily?lang=fr&until=2026-01-31")
    assert any("," in said and "." not in said for said in _column(visit, "stock_gaz_gwh"))


def test_a_mart_that_there_is_not_says_so(visit: Visit) -> None:
    assert "gas_daily" in visit.open("/data/nothing").text("#notice")
    assert visit.wrong == []


def test_the_script_of_tables_is_loaded_with_the_first_table_only(visit: Visit) -> None:
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.open("/data")
    assert not [url for url in asked if "ag_grid" in url]
    visit.page.click("#marts a[href^='/data/gas_daily']")
    assert _column(visit, "civil_date")
    assert [url for url in asked if url.endswith("/dash_ag_grid.min.js")]
    assert not [url for url in asked if "enterprise" in url]
    assert visit.wrong == []
