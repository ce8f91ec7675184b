"""The page Data: what a table of a mart shows is what the mart holds, sorted and filtered as its reader asks."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SINCE, Visit

pytestmark = [pytest.mark.slow]

_EVERY_CELL_SAYS = (
    "([column, words]) => { const all = [...document.querySelectorAll(`#mart-grid .ag-cell[col-id=${column}]`)];"
    " return all.length && all.every((one) => one.innerText === words) }"
)


def _table(visit: Visit, mart: str) -> Visit:
    """The table of a mart with its first rows."""
    return _filled(visit.open(f"/data/{mart}"))


def _filled(visit: Visit) -> Visit:
    first = "#mart-grid [row-index='0'] .ag-cell"
    visit.page.wait_for_function(
        "(cells) => [...document.querySelectorAll(cells)].some((one) => one.innerText.trim())", arg=first
    )
    return visit


def _column(visit: Visit, name: str) -> list[str]:
    """What is shown of a column, from the first row down."""
    cells = _filled(visit).page.locator(f"#mart-grid .ag-cell[col-id={name}]")
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


def test_the_largest_value_of_the_whole_mart_comes_first_when_a_column_is_sorted_downwards(visit: Visit) -> None:
    ends = "select {}(consommation_mwh)::double from marts.daily_mix"
    _table(visit, "daily_mix")
    for end in ("min", "max"):
        visit.page.click("#mart-grid .ag-header-cell[col-id=consommation_mwh] .ag-header-cell-label")
        ((first,),) = visit.site.query(ends.format(end))
        shown = f"{first:,.2f}".rstrip("0").rstrip(".")
        expect(visit.page.locator("#mart-grid [row-index='0'] [col-id=consommation_mwh]")).to_have_text(shown)
    assert visit.wrong == []


def test_a_filter_counts_the_rows_of_the_whole_mart(visit: Visit) -> None:
    ((mean, held),) = visit.site.query("select round(avg(consommation_mwh))::int, count(*) from marts.daily_mix")
    ((found,),) = visit.site.query(f"select count(*) from marts.daily_mix where consommation_mwh > {mean}")
    _table(visit, "daily_mix")
    assert visit.text("#mart-rows") == f"{held:,} rows."
    visit.page.click("#mart-grid .ag-header-cell[col-id=consommation_mwh] .ag-header-cell-filter-button")
    visit.page.locator(".ag-filter .ag-select").first.click()
    visit.page.click(".ag-list-item:has-text('Greater than') >> nth=0")
    visit.page.locator(".ag-filter input[type=number]").first.fill(str(mean))
    expect(visit.page.locator("#mart-rows")).to_have_text(f"{found:,} of {held:,} rows.")
    assert visit.wrong == []


def test_a_filter_that_nothing_passes_can_be_taken_back(visit: Visit) -> None:
    ((held,),) = visit.site.query("select count(*) from marts.daily_mix")
    _table(visit, "daily_mix")
    visit.page.click("#mart-grid .ag-header-cell[col-id=consommation_mwh] .ag-header-cell-filter-button")
    asked = visit.page.locator(".ag-filter input[type=number]").first
    asked.fill("1")
    expect(visit.page.locator("#mart-rows")).to_have_text(f"0 of {held:,} rows.")
    asked.fill("")
    expect(visit.page.locator("#mart-rows")).to_have_text(f"{held:,} rows.")
    _filled(visit)
    assert visit.wrong == []


def test_the_end_of_the_table_is_the_oldest_row(visit: Visit) -> None:
    _table(visit, "daily_mix")
    visit.page.locator("#mart-grid .ag-body-viewport").evaluate("(all) => { all.scrollTop = all.scrollHeight; }")
    ((oldest, held),) = visit.site.query("select min(civil_date)::varchar, count(*)::int from marts.daily_mix")
    assert isinstance(held, int)
    last = visit.page.locator(f"#mart-grid [row-index='{held - 1}'] [col-id=civil_date]")
    expect(last).to_have_text(str(oldest))
    assert visit.wrong == []


def test_a_page_that_is_left_open_keeps_what_its_table_is_sorted_by(visit: Visit) -> None:
    _table(visit, "gas_daily")
    head = visit.page.locator("#mart-grid .ag-header-cell[col-id=civil_date]")
    head.locator(".ag-header-cell-label").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    visit.page.evaluate("() => dash_clientside.set_props('tick', {n_intervals: 1})")
    visit.page.wait_for_timeout(1_000)  # nothing is to happen
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert visit.wrong == []


def test_rows_that_are_refused_are_so_in_words(visit: Visit) -> None:
    _table(visit, "gas_daily")
    asked = {"startRow": 0, "endRow": 100, "sortModel": [{"colId": "nothing", "sort": "asc"}], "filterModel": {}}
    visit.page.evaluate("(asked) => dash_clientside.set_props('mart-grid', {getRowsRequest: asked})", asked)
    expect(visit.page.locator("#mart-rows.fault")).to_contain_text("there is no column 'nothing'")
    assert visit.wrong == []


def test_revisions_are_those_of_days_that_were_measured(visit: Visit) -> None:
    ((last,),) = visit.site.query("select max(civil_date) from marts.daily_mix where measured_slots > 0")
    assert isinstance(last, date)
    shown = f"{last.day}\N{NO-BREAK SPACE}{last:%b}\N{NO-BREAK SPACE}{last.year}"
    assert f"– {shown}" in visit.open("/data").text("#data-revisions-card .note, #data-revisions-card .nothing")


def test_a_dataset_without_a_day_of_the_year_that_is_shown_is_named(visit: Visit) -> None:
    until = SINCE + timedelta(days=100)
    firsts = visit.site.query("select dataset, min(civil_date) from marts.completeness_daily group by dataset")
    later = {name for name, first in firsts if isinstance(first, date) and first > until}
    assert later
    note = visit.open(f"/data?since={SINCE}&until={until}").text("#data-calendar-card .note")
    assert set(re.findall(r"No day of (\S+) in these 101 days: its first is", note)) == later


def test_a_filter_leaves_the_rows_that_hold_what_is_typed(visit: Visit) -> None:
    visit.open("/data/completeness_daily")
    visit.page.click("#mart-grid .ag-header-cell[col-id=dataset] .ag-header-cell-filter-button")
    visit.page.locator(".ag-filter input[type=text]").first.fill("temperature")
    visit.page.wait_for_function(_EVERY_CELL_SAYS, arg=["dataset", "temperature-quotidienne-regionale"])
    assert set(_column(visit, "dataset")) == {"temperature-quotidienne-regionale"}
    assert visit.wrong == []


def test_french_readers_get_french_numbers(visit: Visit) -> None:
    visit.open(f"/data/gas_daily?lang=fr&until={SINCE + timedelta(days=400)}")
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
