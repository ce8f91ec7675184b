"""What a reader does: chooses days, units and intervals, compares, goes back, shares a link, takes the data along."""

import csv
import io
import re
from datetime import date, datetime, time, timedelta
from math import isnan
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from dateutil.relativedelta import relativedelta

from tests.browser.conftest import SINCE, Visit, on_both_engines
from tests.support import PARIS, TODAY
from watthouse.serve.figures.palette import NATIONAL

pytestmark = [pytest.mark.slow]


def _number(said: str) -> float:
    """The first number of a text, whatever its language."""
    found = re.search(r"[-−+]?[\d\u202f,.]+", said)
    assert found
    plain = found[0].replace("−", "-").replace("\u202f", "")
    return float(
        plain.replace(",", ".") if "\u202f" in said or re.search(r",\d{1,2}$", plain) else plain.replace(",", "")
    )


def _period(visit: Visit) -> tuple[str, str]:
    return visit.page.input_value("#since"), visit.page.input_value("#until")


def _known(values: list[object]) -> list[object]:
    """What is not known is NaN to Plotly."""
    return [value for value in values if isinstance(value, int | float) and not isnan(value)]


def _load_of(visit: Visit) -> list[object]:
    """The line of the load, and on from its last point what is dotted because it has only begun."""
    settled, *running = [trace["y"] for trace in visit.drawn("mix-time") if str(trace["name"]) == "Load"]
    return settled + [value for more in running for value in more[1:]]


@on_both_engines
def test_the_numbers_of_a_page_are_those_of_the_api(visit: Visit) -> None:
    since, until = _period(visit.open("/mix"))
    said = visit.site.api(f"/compare?since={since}&until={until}&unit=GWh")
    rows = {row["name"]: row for row in said["rows"]}  # type: ignore[attr-defined]
    load = rows["consommation"]["value"] / 1000
    assert _number(visit.text("#mix-load")) == pytest.approx(load, abs=0.05)
    assert _number(visit.text("#mix-rate")) == pytest.approx(rows["taux_co2_g_kwh"]["value"], abs=0.05)
    drawn = _load_of(visit)
    series = visit.site.api(f"/mix?since={since}&until={until}&unit=GWh")["rows"]
    assert drawn == pytest.approx([row["consommation_gwh"] for row in series])  # type: ignore[attr-defined]


@on_both_engines
def test_now_ends_with_the_last_measured_instant(visit: Visit) -> None:
    visit.open("/")
    ((load, instant),) = visit.site.query(
        "select consommation, strftime(date_heure at time zone 'Europe/Paris', '%H:%M')"
        " from core.core_national_power where consommation is not null order by date_heure desc limit 1"
    )
    assert _number(visit.text("#now-load")) == load
    assert str(instant) in visit.text(".tiles")


@on_both_engines
def test_the_mix_of_now_ends_where_every_source_is_known(visit: Visit) -> None:
    visit.open("/")
    ((until, nuclear, balance),) = visit.site.query(
        f"select strftime(date_heure at time zone 'Europe/Paris', '%Y-%m-%d %H:%M'), nucleaire, ("
        "    select -ech_physiques from core.core_national_power where ech_physiques is not null"
        "    order by date_heure desc limit 1)"
        f" from core.core_national_power where {' and '.join(f'{name} is not null' for name in NATIONAL)}"
        " order by date_heure desc limit 1"
    )
    traces = {str(trace["name"]): trace for trace in visit.drawn("mix-now")}
    assert traces["Nuclear"]["y"][-1] == nuclear
    for trace in traces.values():
        assert str(trace["x"][-1]).replace("T", " ")[:16] == until
    assert _number(visit.text("#now-balance")) == balance


@on_both_engines
def test_a_preset_changes_the_address_and_the_page(visit: Visit) -> None:
    visit.open("/mix").follow("#period-7d")
    since, until = map(date.fromisoformat, _period(visit))
    assert (until - since).days == 6
    assert f"since={since}" in visit.page.url
    assert visit.page.get_attribute("#period-7d", "aria-current") == "true"
    assert str(visit.drawn("mix-time")[0]["x"][0]).startswith(f"{since}T00:00:00")


@on_both_engines
def test_days_can_be_typed(visit: Visit) -> None:
    visit.open("/mix")
    _, until = _period(visit)
    since = date.fromisoformat(until) - timedelta(days=99)
    visit.page.fill("#since", str(since))
    visit.page.wait_for_url(f"**since={since}*")
    visit.ready()
    assert _period(visit) == (str(since), until)
    assert visit.wrong == []


@on_both_engines
def test_earlier_and_later_go_by_the_length_of_the_period(visit: Visit) -> None:
    visit.open("/mix").follow("#period-30d")
    first = _period(visit)
    visit.follow("#earlier")
    assert date.fromisoformat(_period(visit)[1]) == date.fromisoformat(first[0]) - timedelta(days=1)
    visit.follow("#later")
    assert _period(visit) == first


@on_both_engines
def test_the_back_button_goes_back(visit: Visit) -> None:
    visit.open("/mix").follow("#unit-MW").follow("#interval-week")
    visit.page.go_back()
    visit.ready()
    assert visit.page.get_attribute("#unit-MW", "aria-current") == "true"
    assert visit.page.get_attribute("#interval-week", "aria-current") is None
    visit.page.go_back()
    visit.page.wait_for_selector("#unit-GWh.here")
    assert visit.wrong == []


@on_both_engines
def test_a_permalink_gives_the_same_view_again(visit: Visit) -> None:
    visit.open("/mix?unit=share&interval=week").follow("#permalink")
    link = visit.page.evaluate("() => navigator.clipboard.readText()")
    assert link == visit.page.url
    assert {"since", "until", "lang", "theme"} <= parse_qs(urlsplit(link).query).keys()
    shown = visit.text("#content")
    other = visit.page.context.new_page()
    again = Visit(other, visit.site)
    other.goto(link)
    assert again.ready().text("#content").replace("Copied", "Link") == shown.replace("Copied", "Link")


@on_both_engines
def test_units_change_the_series(visit: Visit) -> None:
    visit.open("/mix").follow("#unit-share")
    drawn = [trace["y"] for trace in visit.drawn("mix-time")]
    tops = [sum(value or 0 for value in point) for point in zip(*drawn, strict=True)]  # type: ignore[misc]
    assert tops == pytest.approx([100] * len(tops), abs=0.01)


def test_exchanges_can_be_parts_of_the_load(visit: Visit) -> None:
    year = SINCE.year + 1
    visit.open(f"/exchanges?since={year}-01-10&until={year}-01-20").follow("#unit-share")
    ((exports, net, italy),) = visit.site.query(
        "select 100 * sum(ech_comm_allemagne_belgique_export_mwh + ech_comm_italie_export_mwh"
        "    + ech_comm_suisse_export_mwh + ech_comm_angleterre_export_mwh + ech_comm_espagne_export_mwh)::double"
        "    / sum(consommation_mwh)::double, 100 * sum(net_export_mwh)::double / sum(consommation_mwh)::double,"
        "    100 * sum(ech_comm_italie_export_mwh)::double / sum(consommation_mwh)::double"
        " from marts.exchanges_daily join marts.daily_mix using (civil_date)"
        f" where civil_date between '{year}-01-10' and '{year}-01-20'"
    )
    assert _number(visit.text("#exchanges-exports")) == pytest.approx(exports, abs=0.051)
    assert _number(visit.text("#exchanges-net")) == pytest.approx(net, abs=0.051)
    cells = visit.page.locator("#exchanges-table tr", has_text="Italy").locator("td").all_inner_texts()
    assert _number(cells[0]) == pytest.approx(italy, abs=0.051)
    each = visit.site.query(
        "select 100 * ech_comm_italie_export_mwh::double / consommation_mwh::double"
        " from marts.exchanges_daily join marts.daily_mix using (civil_date)"
        f" where civil_date between '{year}-01-10' and '{year}-01-20' order by civil_date"
    )
    drawn = next(trace["y"] for trace in visit.drawn("exchanges-time") if trace["name"] == "Italy")
    assert drawn == pytest.approx([one for (one,) in each])


def test_the_exchanges_of_one_day_can_be_parts_of_its_load(visit: Visit) -> None:
    """Of a day the mix has hours, the exchanges have none."""
    day = f"{SINCE.year + 1}-01-10"
    visit.open(f"/exchanges?since={day}&until={day}&unit=share")
    ((net,),) = visit.site.query(
        "select 100 * net_export_mwh::double / consommation_mwh::double"
        f" from marts.exchanges_daily join marts.daily_mix using (civil_date) where civil_date = '{day}'"
    )
    assert visit.drawn("exchanges-gas")[0]["y"] == pytest.approx([net])


def test_mean_power_at_the_borders_is_over_the_hours_that_were_measured(visit: Visit) -> None:
    year = SINCE.year + 1
    visit.open(f"/exchanges?since={year}-01-10&until={year}-01-20&unit=MW")
    ((net,),) = visit.site.query(
        "select sum(net_export_mwh)::double / (11 * 24) from marts.exchanges_daily"
        f" where civil_date between '{year}-01-10' and '{year}-01-20'"
    )
    assert visit.text("#exchanges-net").endswith("MW")
    assert _number(visit.text("#exchanges-net")) == pytest.approx(net, abs=0.51)


@on_both_engines
def test_regions_can_be_parts_of_a_whole(visit: Visit) -> None:
    year = SINCE.year + 1
    visit.open(f"/regions?since={year}-01-10&until={year}-01-20&measure=difference&unit=share")
    rows = visit.site.query(
        "select 100 * (sum(production_mwh) / sum(consommation_mwh) - 1)::double,"
        "    100 * (sum(consommation_mwh) / sum(sum(consommation_mwh)) over ())::double,"
        "    100 * (sum(production_mwh) / sum(sum(production_mwh)) over ())::double from marts.daily_regional"
        f" where civil_date between '{year}-01-10' and '{year}-01-20' group by code_insee_region order by 1 desc"
    )
    cells = [_number(said) for said in visit.page.locator("#regions-table tbody td").all_inner_texts() if said != "–"]
    assert cells == pytest.approx([value for row in rows for value in row], abs=0.051)
    said = visit.page.locator("#regions-map .scattergeo text").all_text_contents()
    assert max(map(_number, said)) == pytest.approx(rows[0][0], abs=0.051)
    visit.follow("#to-84")
    tops = zip(*(trace["y"] for trace in visit.drawn("region-mix")), strict=True)  # type: ignore[misc]
    assert [sum(value or 0 for value in top) for top in tops] == pytest.approx([100] * 11, abs=0.01)


@on_both_engines
def test_the_mix_and_the_borders_of_now_can_be_parts(visit: Visit) -> None:
    visit.open("/").follow("#unit-share")
    traces = visit.drawn("mix-now")
    tops = [sum(value or 0 for value in top) for top in zip(*(one["y"] for one in traces), strict=True)]  # type: ignore[misc]
    gaps = [top for top in tops if isnan(top)]
    autumn = datetime.combine(TODAY, time(), PARIS).utcoffset() != datetime.combine(TODAY, time(12), PARIS).utcoffset()
    assert len(gaps) == (1 if autumn and TODAY.month == 10 else 0)  # the hour that RTE does not publish
    assert [top for top in tops if not isnan(top)] == pytest.approx([100] * (len(tops) - len(gaps)), abs=0.1)
    ((balance,),) = visit.site.query(
        "select -100 * ech_physiques / consommation from core.core_national_power"
        " where ech_physiques is not null order by date_heure desc limit 1"
    )
    line = next(one["y"] for one in visit.drawn("borders-now") if one["name"] == "Balance")
    assert _known(line)[-1] == pytest.approx(balance)


def test_gas_can_be_a_part_of_the_highest_stock(visit: Visit) -> None:
    visit.open("/gas").follow("#unit-share")
    ((share,),) = visit.site.query(
        "select 100 * arg_max(stock_gaz_gwh, civil_date)::double / max(stock_gaz_gwh)::double from marts.gas_daily"
        " where stock_gaz_gwh is not null"
    )
    stock = visit.drawn("gas-time")[0]["y"]
    assert _known(stock)[-1] == pytest.approx(share)
    assert _number(visit.text("#gas-fill")) == pytest.approx(share, abs=0.051)
    assert "%/°C" in visit.text("#gas-scatter-card .note").replace("\xa0", " ")


@on_both_engines
def test_totals_follow_the_unit(visit: Visit) -> None:
    year = SINCE.year + 1
    visit.open(f"/mix?since={year}-01-10&until={year}-01-20&unit=MW")
    ((load, nuclear),) = visit.site.query(
        "select sum(consommation_mwh)::double / (11 * 24), sum(nucleaire_mwh)::double / (11 * 24)"
        f" from marts.daily_mix where civil_date between '{year}-01-10' and '{year}-01-20'"
    )
    assert visit.text("#mix-load").endswith("MW")
    assert _number(visit.text("#mix-load")) == pytest.approx(load, abs=0.51)
    assert _number(visit.page.locator("#mix-table tbody td").first.inner_text()) == pytest.approx(nuclear, abs=0.051)


def test_days_of_which_none_is_held_say_so_and_lead_back(visit: Visit) -> None:
    visit.open("/mix?since=2031-01-01&until=2031-02-01")
    assert "No data for 1 Jan 2031" in visit.text("#outside-card").replace("\xa0", " ")
    visit.follow("#newest")
    assert visit.page.locator("#mix-load").count() == 1
    visit.open("/gas")
    since, until = map(date.fromisoformat, _period(visit))
    assert (until - since).days > 360


@on_both_engines
def test_another_period_can_be_compared(visit: Visit) -> None:
    visit.open("/mix")
    since, until = map(date.fromisoformat, _period(visit))
    assert visit.page.input_value("#with_since") == str(since - relativedelta(years=1))
    other = since - timedelta(days=200), since - timedelta(days=171)
    visit.open(f"/mix?since={since}&until={until}&with_since={other[0]}&with_until={other[1]}")
    ((load,),) = visit.site.query(
        "select sum(nucleaire_mwh)::double / 1000 from marts.daily_mix"
        f" where civil_date between '{other[0]}' and '{other[1]}'"
    )
    cells = visit.page.locator("#mix-table tbody tr").first.locator("td").all_inner_texts()
    assert _number(cells[2]) == pytest.approx(load, abs=0.05)  # type: ignore[arg-type]


@on_both_engines
def test_periods_are_held_against_each_other_by_mean_power_and_by_sum_as_their_data_have_it(visit: Visit) -> None:
    year = SINCE.year + 1
    one, other = (date(year, 1, 10), date(year, 1, 20)), (date(year, 2, 1), date(year, 2, 5))
    visit.open(f"/mix?since={one[0]}&until={one[1]}&with_since={other[0]}&with_until={other[1]}")
    columns = ", ".join(f"sum({name}_mwh) / sum(measured_slots)" for name in ("consommation", *NATIONAL))
    (means,), (before,) = (
        visit.site.query(f"select {columns} from marts.daily_mix where civil_date between '{since}' and '{until}'")
        for since, until in (one, other)
    )
    load, *sources = (100 * (mean / then - 1) if then else None for mean, then in zip(means, before, strict=True))  # type: ignore[operator]
    told = visit.page.locator(".tile", has=visit.page.locator("#mix-load")).locator(".tile-more").inner_text()
    assert "in mean power" in told
    assert "in total" in told
    assert _number(told) == pytest.approx(load, abs=0.051)
    asked = f"since={one[0]}&until={one[1]}&with_since={other[0]}&with_until={other[1]}&unit=GWh"
    data = {row["name"]: row for row in visit.site.api(f"/compare?{asked}")["rows"]}  # type: ignore[attr-defined]
    assert _number(told.split(",")[1]) == pytest.approx(data["consommation"]["change_pct"], abs=0.051)
    rows = visit.page.locator("#mix-table tbody tr").all()
    for name, row in zip(NATIONAL, rows, strict=True):
        *_, by_sum, by_mean = row.locator("td").all_inner_texts()
        for text, column in ((by_sum, "change_pct"), (by_mean, "mean_power_change_pct")):
            said = data[name][column]
            assert (text == "–") if said is None else (_number(text) == pytest.approx(said, abs=0.051))
    shown = visit.page.locator("#mix-table tbody td:last-child").all_inner_texts()
    for text, change in zip(shown, sources, strict=True):
        assert (text == "–") if change is None else (_number(text) == pytest.approx(change, abs=0.051))


@on_both_engines
def test_the_data_of_a_chart_can_be_taken_along(visit: Visit) -> None:
    visit.open("/mix").page.click("#mix-time-card .downloads summary")
    with visit.page.expect_download() as under_way:
        visit.page.click("#mix-time-card .downloads a[href*='format=csv']")
    rows = list(csv.DictReader(io.StringIO(Path(under_way.value.path()).read_text(encoding="utf-8"))))
    drawn = _load_of(visit)
    assert [float(row["consommation_gwh"]) for row in rows] == pytest.approx(drawn)


@on_both_engines
def test_the_language_and_the_paper_are_links_that_stay(visit: Visit) -> None:
    visit.open("/mix").follow("#language")
    assert "Production par filière" in visit.text("#content")
    visit.follow("#theme")
    assert visit.page.get_attribute("html", "data-mantine-color-scheme") == "dark"
    visit.open("/")
    assert visit.page.title() == "En direct · watthouse"
    assert visit.page.get_attribute("html", "data-mantine-color-scheme") == "dark"


@on_both_engines
def test_everything_can_be_reached_by_keyboard(visit: Visit) -> None:
    page = visit.open("/mix").page
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("() => document.activeElement.id"))
    assert {"language", "theme", "since", "until", "period-7d", "interval-week", "unit-MW", "permalink"} <= reached


@on_both_engines
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=2025-02-30", "“2025-02-30” is not a valid date"),
        ("interval=fortnight", "“fortnight” is not one of"),
        ("unit=barrels", "“barrels” is not one of"),
        (f"since={SINCE + timedelta(days=432)}&until={SINCE + timedelta(days=400)}", "swapped"),
    ],
)
def test_an_address_that_makes_no_sense_says_so_and_shows_what_it_can(query: str, said: str, visit: Visit) -> None:
    visit.open(f"/mix?{query}")
    assert said in visit.text(".fault")
    assert visit.page.locator("#mix-time .main-svg").count()


@on_both_engines
def test_a_period_that_is_too_long_for_an_interval_says_so(visit: Visit) -> None:
    visit.open("/mix?since=2000-01-01&interval=hour")
    assert "5,000 at most" in visit.text("#notice")


def test_a_page_that_there_is_not_says_so(visit: Visit) -> None:
    answer = visit.page.request.get(f"{visit.site.url}/nothing")
    assert answer.status == 404


@on_both_engines
def test_a_region_is_a_click_on_the_map_away(visit: Visit) -> None:
    since = SINCE + timedelta(days=400)
    visit.open(f"/regions?since={since}")
    visit.page.wait_for_selector("#regions-map path.choroplethlocation")
    before = visit.page.url
    place = visit.page.evaluate(_PLACE_OF, "53")
    visit.page.mouse.move(place["x"], place["y"])
    visit.page.mouse.click(place["x"], place["y"])
    visit.page.wait_for_function("(before) => location.href !== before", arg=before)
    visit.ready()
    assert "/regions/53?" in visit.page.url
    assert f"since={since}" in visit.page.url
    assert "Bretagne" in visit.text("#content")
    assert visit.wrong == []


_PLACE_OF = """(code) => {
  const found = [...document.querySelectorAll('#regions-map path.choroplethlocation')]
    .find((path) => path.__data__ && path.__data__.loc === code);
  found.scrollIntoView({block: "center"});
  const box = found.getBoundingClientRect();
  return {x: box.x + box.width / 2, y: box.y + box.height / 2};
}"""


@on_both_engines
def test_a_region_is_a_link_in_the_table_away(visit: Visit) -> None:
    visit.open("/regions").follow("#to-84")
    ((name, load),) = visit.site.query(
        "select libelle_region, sum(consommation_mwh)::double from marts.daily_regional"
        " where code_insee_region = '84'"
        f" and civil_date between '{_period(visit)[0]}' and '{_period(visit)[1]}' group by 1"
    )
    assert str(name) in visit.text(".lead")
    visit.follow("#unit-MWh")
    assert _number(visit.text("#region-load")) == pytest.approx(load, abs=0.5)
