"""The grain of the publisher on the pages: chosen, drawn, by day of a region, and offered behind every chart."""

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import PHONE, SINCE, Visit, on_both_engines
from watthouse.serve.queries.units import Interval

pytestmark = [pytest.mark.slow]

REGION = "53"
_NATION = "core.core_national_power where"
_BRETAGNE = f"core.core_regional_power where code_insee_region = '{REGION}' and"


def _newest(visit: Visit, region: str = "") -> date:
    mart = f"daily_regional where code_insee_region = '{region}' and" if region else "daily_mix where"
    ((day,),) = visit.site.query(f"select max(civil_date) from marts.{mart} measured_slots > 0")
    assert isinstance(day, date)
    return day


def _slots(visit: Visit, value: str, of: str, where: str) -> dict[str, object]:
    """What is known of a value, by the clock of Paris."""
    found = visit.site.query(
        f"select strftime(date_heure at time zone 'Europe/Paris', '%Y-%m-%d %H:%M'), {value} from {of}"
        f" ({where}) and ({value}) is not null order by date_heure"
    )
    return {str(at): known for at, known in found}


def _drawn(visit: Visit, chart: str, name: str) -> dict[str, object]:
    """Every point of a thing that a chart draws, its parts on both sides of a gap."""
    traces = [one for one in visit.drawn(chart) if str(one["name"]) == name]
    points = [point for one in traces for point in zip(one["x"], one["y"], strict=True)]
    return {str(at).replace("T", " ")[:16]: value for at, value in points if isinstance(value, int)}


def _links(visit: Visit, card: str) -> list[str]:
    links = visit.page.locator(f"#{card} .downloads a")
    return [str(link.get_attribute("href")) for link in links.all()]


def _by_slot(links: list[str], style: str = "csv") -> list[str]:
    queries = {link: parse_qs(urlsplit(link).query) for link in links}
    return [link for link, query in queries.items() if query.get("interval") == ["slot"] and query["format"] == [style]]


def _taken(visit: Visit, href: str) -> list[dict[str, str]]:
    answer = visit.page.request.get(visit.site.url + href)
    assert answer.status == 200, href
    return list(csv.DictReader(io.StringIO(answer.text())))


@on_both_engines
def test_three_days_of_the_mix_are_drawn_by_slot(visit: Visit) -> None:
    until = _newest(visit) - timedelta(days=2)
    since = until - timedelta(days=2)
    visit.open(f"/mix?since={since}&until={until}")
    days = f"civil_date between '{since}' and '{until}'"
    loads = _slots(visit, "consommation", _NATION, days)
    assert len(loads) >= 3 * 92
    assert _drawn(visit, "mix-time", "Load") == loads
    assert _drawn(visit, "mix-time", "Nuclear") == _slots(
        visit, "nucleaire", _NATION, f"({days}) and production_mw is not null"
    )
    assert visit.page.get_attribute("#interval-auto", "aria-current") == "true"
    assert visit.text("#interval-auto") == "Auto (15/30 min)"
    visit.follow("#interval-hour")
    assert len(_drawn_any(visit, "mix-time", "Load")) < len(loads)
    visit.follow("#interval-slot")
    assert _drawn(visit, "mix-time", "Load") == loads
    assert visit.wrong == []


def _drawn_any(visit: Visit, chart: str, name: str) -> list[object]:
    return [value for one in visit.drawn(chart) if str(one["name"]) == name for value in one["y"]]


def test_an_interval_that_would_be_too_many_points_is_not_offered(visit: Visit) -> None:
    until = _newest(visit)
    for page in ("/mix", "/exchanges", f"/regions/{REGION}"):
        visit.open(f"{page}?since={until - timedelta(days=29)}&until={until}")
        assert visit.page.locator("#interval-slot").count() == 1
        assert "quarter hours" in str(visit.page.get_attribute("#interval-slot", "title"))
        visit.open(f"{page}?since={until - timedelta(days=99)}&until={until}")
        assert visit.page.locator("#interval-slot").count() == 0
        assert visit.page.locator("#interval-hour").count() == 1
    for page in ("/gas", "/regions"):
        visit.open(f"{page}?since={until - timedelta(days=2)}")
        assert visit.page.locator("#interval-slot").count() == 0
    assert visit.wrong == []


@on_both_engines
def test_half_hourly_days_are_drawn_by_the_half_hour(visit: Visit) -> None:
    day = SINCE + timedelta(days=40)
    visit.open(f"/mix?since={day}&until={day}&lang=fr")
    loads = _slots(visit, "consommation", _NATION, f"civil_date = '{day}'")
    assert {at[-2:] for at in loads} == {"00", "30"}
    assert _drawn(visit, "mix-time", "Consommation") == loads
    assert "demi-heure" in str(visit.page.get_attribute("#interval-slot", "title"))


def test_exchanges_by_slot_last_as_long_as_they_are_published_for(visit: Visit) -> None:
    day = _newest(visit) - timedelta(days=3)
    visit.open(f"/exchanges?since={day}&until={day}")
    sold = {
        name: _slots(visit, f"greatest(-ech_comm_{border}, 0)", _NATION, f"civil_date = '{day}'")
        for name, border in (("Italy", "italie"), ("Spain", "espagne"))
    }
    for name, slots in sold.items():
        first, _ = [one for one in visit.drawn("exchanges-time") if str(one["name"]) == name]
        exported = {str(at).replace("T", " ")[:16]: value for at, value in zip(first["x"], first["y"], strict=True)}
        assert {at: exported[at] for at in slots} == slots
        assert len(exported) >= 92
        assert all(isinstance(value, int) for value in exported.values())
    assert visit.text("#interval-auto") == "Auto (15/30 min)"
    net = visit.drawn("exchanges-gas")[0]
    assert [str(at)[:10] for at in net["x"]] == [str(day)], "gas in storage is known by the day"
    visit.follow("#unit-share")
    assert max(_numbers(visit, "exchanges-time")) <= 100
    assert visit.wrong == []


def _numbers(visit: Visit, chart: str) -> list[float]:
    return [value for one in visit.drawn(chart) for value in one["y"] if isinstance(value, int | float)]


@on_both_engines
def test_a_region_shows_its_newest_day_by_slot_and_the_days_before(visit: Visit) -> None:
    visit.open(f"/regions/{REGION}")
    newest, period = _newest(visit, REGION), visit.page.input_value("#since")
    for day in (newest, newest - timedelta(days=1)):
        if day != newest:
            visit.follow("#day-earlier")
            assert f"day={day}" in visit.page.url
        of_day = f"civil_date = '{day}'"
        assert visit.page.input_value("#day") == str(day)
        assert str(day.day) in visit.text("#region-day-title")
        assert _drawn(visit, "region-day", "Load") == _slots(visit, "consommation", _BRETAGNE, of_day)
        assert _drawn(visit, "region-day", "Net exports") == _slots(visit, "-ech_physiques", _BRETAGNE, of_day)
        assert _drawn(visit, "region-day", "Wind") == _slots(
            visit, "eolien", _BRETAGNE, f"{of_day} and production_mw is not null"
        )
        rows = [row for row in _taken(visit, _by_slot(_links(visit, "region-day-card"))[0]) if row["consommation_mw"]]
        assert [int(row["consommation_mw"]) for row in rows] == [
            *_slots(visit, "consommation", _BRETAGNE, of_day).values()
        ]
        assert visit.page.input_value("#since") == period, "the period of the page stays"
        assert f"day={day}" in str(visit.page.get_attribute("#permalink", "href"))
    visit.follow("#day-later")
    assert "day=" not in visit.page.url
    assert visit.page.get_attribute("#day-later", "href") is None
    assert visit.wrong == []


@on_both_engines
def test_a_day_of_a_region_can_be_typed_and_one_that_is_not_held_leads_back(visit: Visit) -> None:
    day = SINCE + timedelta(days=30)
    visit.open(f"/regions/{REGION}?unit=share&lang=fr").page.fill("#day", str(day))
    visit.page.wait_for_url(f"**day={day}*")
    visit.ready()
    assert {str(at)[:10] for one in visit.drawn("region-day") for at in one["x"]} == {str(day)}
    assert max(_numbers(visit, "region-day")) <= 100
    assert "par pas de temps" in visit.text("#region-day-title")
    assert "Jour précédent" in str(visit.page.get_attribute("#day-earlier", "aria-label"))
    visit.open(f"/regions/{REGION}?day=1999-01-01&lang=en")
    assert "No data for this day" in visit.text("#region-day-card")
    visit.follow("#newest-day")
    assert visit.page.input_value("#day") == str(_newest(visit, REGION))
    visit.open(f"/regions/{REGION}?day=2026-02-30")
    assert "is not a valid date" in visit.text("#content")
    assert visit.wrong == []


CARDS = {
    "/mix": ("/mix", "mix-time mix-donut mix-carbon mix-compare mix-totals mix-parts"),
    "/exchanges": (
        "/exchanges",
        "exchanges-time exchanges-gross exchanges-donut exchanges-gas exchanges-buyers exchanges-totals",
    ),
    "/regions": ("/regions", "regions-map regions-ranking regions-shares regions-tco"),
    f"/regions/{REGION}": (
        f"/regions/{REGION}/mix", "region-day region-mix region-balance region-donut region-years region-rates",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "card", "call"),
    [
        *((f"/questions/{number}", "answer-card", "/mix") for number in (1, 3, 4, 5)),
        ("/questions/6", "answer-card", "/exchanges"),
        ("/gas", "gas-slopes-card", "/mix"),
    ],
)
def test_what_is_computed_of_power_offers_the_slots_of_it(path: str, card: str, call: str, visit: Visit) -> None:
    visit.open(path)
    (link,) = _by_slot(_links(visit, card))
    assert urlsplit(link).path == f"/api/v1{call}"
    assert visit.wrong == []


def test_what_is_computed_without_power_has_no_slots(visit: Visit) -> None:
    for path, card in (("/questions/2", "answer-card"), ("/gas", "gas-time-card"), ("/gas", "gas-points-card")):
        visit.open(path)
        assert _links(visit, card)
        assert not _by_slot(_links(visit, card))


@pytest.mark.parametrize("path", CARDS)
def test_every_chart_of_power_offers_its_slots(path: str, visit: Visit) -> None:
    call, cards = CARDS[path]
    since, until = visit.open(path).page.input_value("#since"), visit.page.input_value("#until")
    for card in cards.split():
        for style in ("csv", "parquet"):
            links = [urlsplit(link) for link in _by_slot(_links(visit, f"{card}-card"), style)]
            assert {link.path for link in links} == {f"/api/v1{call}"}, card
            assert len(links) == (2 if card == "mix-compare" else 1), card
        if card not in {"region-day", "region-years"}:
            query = parse_qs(links[0].query)
            assert (query["since"], query["until"]) == ([since], [until]), card


def test_a_chart_by_slot_offers_them_once(visit: Visit) -> None:
    day = _newest(visit) - timedelta(days=2)
    visit.open(f"/mix?since={day}&until={day}")
    (link,) = _by_slot(_links(visit, "mix-time-card"))
    rows = _taken(visit, link)
    assert [int(row["consommation_mw"]) for row in rows if row["consommation_mw"]] == [
        *_slots(visit, "consommation", _NATION, f"civil_date = '{day}'").values()
    ]
    visit.open(f"/exchanges?since={day}&until={day}")
    assert len(_by_slot(_links(visit, "exchanges-time-card"))) == 1


@on_both_engines
def test_the_slots_of_a_long_period_come_whole_and_without_json(visit: Visit) -> None:
    visit.open("/mix?since=2000-01-01")
    links = _links(visit, "mix-time-card")
    assert _by_slot(links, "json") == []
    (link,) = _by_slot(links)
    visit.page.click("#mix-time-card .downloads summary")
    with visit.page.expect_download() as under_way:
        visit.page.click(f'#mix-time-card .downloads a[href="{link}"]')
    rows = list(csv.DictReader(io.StringIO(Path(under_way.value.path()).read_text(encoding="utf-8"))))
    ((held,),) = visit.site.query("select count(*) from core.core_national_power where slot_minutes is not null")
    assert len(rows) == held
    assert visit.text("#mix-time-card .downloads").count("By slot (15/30 min)") == 2
    assert visit.wrong == []


@on_both_engines
def test_the_newest_days_by_slot_are_small_enough_for_every_format(visit: Visit) -> None:
    until = _newest(visit)
    visit.open(f"/mix?since={until - timedelta(days=9)}&until={until}&lang=fr")
    (link,) = _by_slot(_links(visit, "mix-time-card"), "json")
    assert visit.site.api(link.removeprefix("/api/v1"))["interval"] == Interval.SLOT.value
    assert "Par pas de 15/30 min · CSV" in visit.page.locator("#mix-time-card .downloads").all_text_contents()[0]


@pytest.mark.parametrize("path", ["/mix?since=2000-01-01&lang=fr", "/exchanges?unit=share&lang=fr"])
def test_on_a_phone_the_names_of_downloads_lie_on_the_page(path: str, visit: Visit) -> None:
    visit.page.set_viewport_size({"width": PHONE, "height": 900})
    visit.open(path)
    for menu in visit.page.locator(".downloads").all():
        menu.locator("summary").click()
        box = menu.locator("ul").bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE
        menu.locator("summary").click()
