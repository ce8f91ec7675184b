"""The page of meters in a browser, in a home without a warehouse: what it shows is what the files say."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import DESK, Site, Visit
from tests.browser.test_pages import READERS, look
from tests.integration.meter_store import MeterStore
from tests.integration.serving import served
from tests.tariffs import declared
from tests.unit.meters.reading import LP, lp, write

pytestmark = [pytest.mark.slow]

PARIS = ZoneInfo("Europe/Paris")
_TEN = timedelta(minutes=10)
_SINCE, _UNTIL = (datetime(2024, 10, day, tzinfo=PARIS).astimezone(UTC) for day in (20, 29))
_GAP = [datetime(2024, 10, 25, 8, 0, tzinfo=PARIS).astimezone(UTC) + number * _TEN for number in range(18)]
_HTML = "<img src=x onerror=alert(1)>"
HELD = {
    moment: 0.0 if 60 <= number < 120 else (number * 7 % 50) / 8
    for number in range((_UNTIL - _SINCE) // _TEN)
    if (moment := _SINCE + number * _TEN) not in _GAP
}
"""Nine days of a meter, with a gap of three hours, ten hours at zero, and the hour that comes twice."""
NEWEST = {moment: value for moment, value in HELD.items() if moment >= datetime(2024, 10, 22, tzinfo=PARIS)}


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(PARIS):%d/%m/%Y %H:%M:%S}"


def _lines() -> Iterator[str]:
    for moment, value in HELD.items():
        yield lp(_stamp(moment), value)
    for moment, value in HELD.items():
        yield lp(_stamp(moment), 230 + value, kind="Voltage L1", unit="V")
    yield lp(_HTML, 1)
    yield lp("29/10/2024 00:00:00", 1, meter="7").replace("P1", "<b>P7</b>")


_OFF_PEAK = 'off_peak = ["22:00-06:00"]'
_TARIFFS = declared(
    "Two prices", "hp_hc", "2020-01-01", "standing_per_year = 0", _OFF_PEAK, "prices = { hp = 2, hc = 1 }"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("meters")
    store = MeterStore(folder / "home")
    store.load(write(folder / "LP_1.csv", LP, *_lines()))
    (store.home / "tariffs.toml").write_text(_TARIFFS)
    with served(store.home, folder, sample=False) as server:
        yield Site(server.url, server.home)


@pytest.mark.parametrize("reader", READERS)
def test_the_page_is_whole_and_quiet_and_accessible(reader: str, browser: Browser, site: Site) -> None:
    look("/meters", reader, browser, site)


def test_the_curve_is_what_the_api_answers_and_breaks_off_at_the_gap(visit: Visit) -> None:
    (line,) = visit.open("/meters").drawn("meter-curve")
    rows = visit.site.api("/meters/00210/readings?data_type=Import Wh Total&since=2024-10-22&until=2024-10-28")["rows"]
    assert isinstance(rows, list)
    assert [row["value"] for row in rows] == pytest.approx([*NEWEST.values()])
    points = [(str(when)[:16].replace("T", " "), value) for when, value in zip(line["x"], line["y"], strict=True)]
    points = [(when, None if math.isnan(value) else value) for when, value in points]  # type: ignore[arg-type]
    starts = [(f"{moment.astimezone(PARIS):%Y-%m-%d %H:%M}", value) for moment, value in NEWEST.items()]
    # once in order; what is drawn beside them are the ends of the steps before a gap, and the gaps
    left = iter(points)
    assert all(any(start == (when, pytest.approx(value)) for when, value in left) for start in starts)
    assert [when for when, value in points if value is None] == [
        "2024-10-25 08:00",
        "2024-10-27 03:00",
        "2024-10-29 00:00",
    ]


def test_tiles_count_what_is_held_and_what_is_missing(visit: Visit) -> None:
    visit.open("/meters")
    total = math.fsum(NEWEST.values())
    assert visit.text("#meter-total") == f"{total:,.0f}\N{NO-BREAK SPACE}kWh"
    hours = len(NEWEST) / 6
    assert visit.text("#meter-mean") == f"{total / hours:.2f}\N{NO-BREAK SPACE}kW"
    assert visit.text("#meter-greatest") == f"{max(NEWEST.values()):.2f}\N{NO-BREAK SPACE}kWh"
    assert visit.text("#meter-coverage") == f"{100 * len(NEWEST) / (len(NEWEST) + 18):.1f}%"
    assert visit.text("#meter-gaps") == "1"
    assert "18 intervals missing" in visit.text(".tiles")
    assert visit.text("#gaps tbody").split("\t") == [
        "25\N{NO-BREAK SPACE}Oct\N{NO-BREAK SPACE}2024, 07:50",
        "25\N{NO-BREAK SPACE}Oct\N{NO-BREAK SPACE}2024, 11:00",
        "18",
    ]


def test_a_day_of_25_hours_has_them_all_and_what_is_missing_is_no_zero(visit: Visit) -> None:
    visit.open("/meters?since=2024-10-20")
    names, missing, values = visit.page.evaluate(
        "() => { const all = document.querySelector('#meter-heat .js-plotly-plot')._fullData;"
        " return [[...all[0].y], all[0].z.map((one) => [...one]), all[1].z.map((one) => [...one])]; }"
    )
    assert len(names) == 25 * 6
    second = [number for number, name in enumerate(names) if name.endswith("²")]
    assert [names[number] for number in second] == [f"02:{minute:02} ²" for minute in range(0, 60, 10)]
    twice = [HELD[datetime(2024, 10, 27, 1, minute, tzinfo=UTC)] for minute in range(0, 60, 10)]
    assert [values[number][7] for number in second] == pytest.approx(twice)
    assert all(
        math.isnan(values[number][day]) and math.isnan(missing[number][day]) for number in second for day in (0, 6, 8)
    )
    gone = [(names[line], day) for line, row in enumerate(missing) for day, cell in enumerate(row) if cell == 1]
    assert gone == [(f"{moment.astimezone(PARIS):%H:%M}", 5) for moment in _GAP]
    assert values[names.index("10:00")][0] == 0.0


def test_a_channel_is_chosen_by_the_keyboard_and_keeps_the_period(visit: Visit) -> None:
    visit.open("/meters?since=2024-10-24&until=2024-10-26")
    visit.page.focus("#channel")
    before = visit.page.url
    visit.page.keyboard.press("ArrowDown")
    visit.page.wait_for_function("(before) => window.location.href !== before", arg=before)
    visit.ready()
    query = parse_qs(urlsplit(visit.page.url).query)
    assert (query["since"], query["until"]) == (["2024-10-24"], ["2024-10-26"])
    assert visit.text("#meter-curve-title") == "Voltage L1 through time"
    assert visit.text("#meter-mean").endswith("\N{NO-BREAK SPACE}V")
    assert visit.page.locator("#meter-total").count() == 0  # a sum of volts says nothing
    visit.page.wait_for_function("() => document.activeElement.id === 'channel'")
    visit.page.focus("#meter")
    visit.page.select_option("#meter", "7")
    visit.page.wait_for_function("() => !window.location.search.includes('since')")
    visit.ready()
    assert parse_qs(urlsplit(visit.page.url).query) == {"meter": ["7"]}
    assert visit.text("#meter option:checked") == "7 · <b>P7</b>"
    assert visit.wrong == []


def test_load_is_moved_by_the_keyboard_and_the_bill_follows(visit: Visit) -> None:
    visit.open("/meters")
    assert "watthouse refresh" in visit.text("#meter-co2-card")
    visit.page.focus("#shift")
    visit.page.keyboard.press("ArrowRight")
    visit.page.wait_for_function("() => window.location.search.includes('shift=5')")
    visit.ready()
    night = [value for moment, value in NEWEST.items() if not 6 <= moment.astimezone(PARIS).hour < 22]
    before = 2 * math.fsum(NEWEST.values()) - math.fsum(night)
    after = before - 0.05 * (math.fsum(NEWEST.values()) - math.fsum(night))
    as_read, moved = visit.drawn("meter-bill")
    assert [as_read["x"][0], moved["x"][0]] == pytest.approx([before, after])
    assert f"{before:,.2f}\N{NO-BREAK SPACE}XTS" in visit.text("#bills")
    visit.page.wait_for_function("() => document.activeElement.id === 'shift'")
    assert visit.wrong == []


def test_an_interval_is_chosen_and_its_rows_are_those_of_its_download(visit: Visit) -> None:
    visit.open("/meters").follow("#interval-hour")
    (line, *_) = visit.drawn("meter-curve")
    visit.page.click("#meter-curve-card .downloads summary")
    links = visit.page.locator("#meter-curve-card .downloads a").evaluate_all("(all) => all.map((one) => one.href)")
    (csv,) = [link for link in links if "interval=hour" in link and link.endswith("csv")]
    (parquet,) = [link for link in links if "interval=slot" in link and link.endswith("parquet")]
    assert visit.page.request.get(parquet).body()[:4] == b"PAR1"
    text = visit.page.request.get(csv).text()
    values = [float(row.split(",")[4]) for row in text.splitlines()[1:]]
    hours: dict[datetime, list[float]] = {}
    for moment, value in NEWEST.items():
        hours.setdefault(moment.replace(minute=0), []).append(value)
    assert values == pytest.approx([math.fsum(some) for some in hours.values()])
    drawn = [value for value in line["y"] if not math.isnan(value)]  # type: ignore[arg-type]
    assert {*drawn} == {*values}
    assert visit.open("/meters?interval=day").text("#meter-curve-card .note").startswith("Measured in part: 1 of 7")


def test_a_permanent_link_names_meter_and_channel(visit: Visit) -> None:
    link = visit.open("/meters").page.get_attribute("#permalink", "href")
    query = parse_qs(urlsplit(link or "").query)
    assert (query["meter"], query["since"], query["until"]) == (["00210"], ["2024-10-22"], ["2024-10-28"])
    assert query["channel"][0].isdigit()


def test_the_report_tells_zeros_and_rejected_lines_as_text(visit: Visit) -> None:
    visit.open("/meters?since=2024-10-20")
    report = visit.text("#curve-report")
    assert "Zeros for 6 hours or more\t1\t\n20\N{NO-BREAK SPACE}Oct\N{NO-BREAK SPACE}2024, 10:00" in report
    rejected = visit.text("#rejects tbody")
    assert rejected.startswith("LP_1.csv\t")
    assert _HTML in rejected
    assert visit.page.locator("img[src=x], b").count() == 0
    assert visit.text("#files tbody").startswith("LP_1.csv\tlp\t")


def test_every_download_has_rows(visit: Visit) -> None:
    visit.open("/meters")
    links = visit.page.locator(".downloads a").evaluate_all("(all) => all.map((one) => one.href)")
    csvs = {link for link in links if link.endswith("format=csv")}
    assert {urlsplit(link).path.rpartition("/")[2] for link in csvs} == {
        *("readings", "days", "gaps", "rejects"),
        *("windows", "bill"),
    }
    for link in csvs:
        answer = visit.page.request.get(link)
        assert answer.status == 200, link
        assert len(answer.text().splitlines()) > 1, link


def test_the_page_is_french_for_french_readers(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport={"width": DESK, "height": 900}, locale="fr-FR")
    visit = Visit(context.new_page(), site).open("/meters")
    assert "par 10\N{NO-BREAK SPACE}min" in visit.text(".tiles")
    assert "," in visit.text("#meter-coverage")
    assert "Rapport de courbe" in visit.text("#meter-report-title")
    assert visit.wrong == []
    context.close()


def test_a_reload_stays_on_the_page_and_the_historic_root_is_beside_it(visit: Visit) -> None:
    visit.open("/mix").page.click("#head nav a[href^='/meters']")
    expect(visit.page.locator("#meter-curve")).to_be_visible()
    visit.page.reload()
    visit.ready()
    assert visit.page.locator("#meter-curve").count() == 1
    assert visit.page.request.get(f"{visit.site.url}/meters/").text() == "Root Loaded \n"
