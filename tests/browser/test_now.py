"""Now by day and by the last hours: the links, what is drawn, and the same slots in the downloads."""

import csv
import io
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tests.browser.conftest import SINCE, Visit, on_both_engines
from watthouse.clock import PARIS

pytestmark = [pytest.mark.slow, on_both_engines]


def _newest(visit: Visit) -> date:
    ((day,),) = visit.site.query("select max(civil_date) from marts.daily_mix where measured_slots > 0")
    assert isinstance(day, date)
    return day


def _loads(visit: Visit, where: str) -> list[tuple[str, object]]:
    """The slots whose load is known, by the clock of Paris."""
    found = visit.site.query(
        "select strftime(date_heure at time zone 'Europe/Paris', '%Y-%m-%d %H:%M'), consommation"
        f" from core.core_national_power where consommation is not null and {where} order by date_heure"
    )
    return [(str(at), load) for at, load in found]


def _drawn(visit: Visit) -> list[tuple[str, object]]:
    """The line of the load, where it is known."""
    load = next(one for one in visit.drawn("load") if one["name"] == "Load")
    points = zip(load["x"], load["y"], strict=True)
    return [(str(at).replace("T", " ")[:16], value) for at, value in points if isinstance(value, int)]


def _taken(visit: Visit, card: str) -> list[dict[str, str]]:
    """The rows of a card's CSV."""
    visit.page.click(f"#{card}-card .downloads summary")
    with visit.page.expect_download() as under_way:
        visit.page.click(f"#{card}-card .downloads a[href*='format=csv']")
    return list(csv.DictReader(io.StringIO(Path(under_way.value.path()).read_text(encoding="utf-8"))))


def _clock(row: dict[str, str]) -> str:
    return datetime.fromisoformat(row["date_heure"]).astimezone(PARIS).strftime("%Y-%m-%d %H:%M")


def _known(rows: list[dict[str, str]]) -> list[tuple[str, object]]:
    return [(_clock(row), int(row["consommation_mw"])) for row in rows if row["consommation_mw"]]


def test_now_is_the_newest_measured_day_and_nothing_lies_after_it(visit: Visit) -> None:
    visit.open("/")
    newest = _newest(visit)
    assert _drawn(visit) == _loads(visit, f"civil_date = '{newest}'")
    assert visit.page.input_value("#day") == str(newest)
    assert visit.page.get_attribute("#window-day", "aria-current") == "true"
    assert visit.page.get_attribute("#later", "href") is None
    assert visit.wrong == []


def test_now_goes_to_the_day_before_and_back(visit: Visit) -> None:
    visit.open("/").follow("#earlier")
    before = _newest(visit) - timedelta(days=1)
    assert f"day={before}" in visit.page.url
    slots = _loads(visit, f"civil_date = '{before}'")
    assert _drawn(visit) == slots
    assert len(slots) >= 92
    assert str(before.day) in visit.text("#load-title")
    assert _known(_taken(visit, "load")) == slots
    visit.follow("#later")
    assert "day=" not in visit.page.url
    assert visit.wrong == []


def test_the_first_day_held_of_now_has_none_before_it(visit: Visit) -> None:
    ((first,),) = visit.site.query("select min(civil_date) from marts.daily_mix where measured_slots > 0")
    visit.open(f"/?day={first}")
    assert visit.page.get_attribute("#earlier", "href") is None
    assert visit.page.get_attribute("#later", "href")


@pytest.mark.parametrize("hours", [24, 48])
def test_the_last_hours_of_now_cross_midnight_and_end_with_the_newest_slot(hours: int, visit: Visit) -> None:
    visit.open("/").follow(f"#window-{hours}h")
    assert f"hours={hours}" in visit.page.url
    slots = _loads(
        visit,
        "date_heure > (select max(date_heure) from core.core_national_power where consommation is not null)"
        f" - interval {hours} hours",
    )
    assert _drawn(visit) == slots
    assert len({at[:10] for at, _ in slots}) > 1
    for card in ("load", "mix-now", "borders-now"):
        rows = _taken(visit, card)
        assert _known(rows) == slots
        assert (_clock(rows[0]), _clock(rows[-1])) == (slots[0][0], slots[-1][0])
    assert visit.page.get_attribute(f"#window-{hours}h", "aria-current") == "true"
    assert visit.wrong == []


def test_a_day_of_now_can_be_typed_and_outlives_hours_unit_and_language(visit: Visit) -> None:
    day = SINCE + timedelta(days=30)
    visit.open("/?hours=24").page.fill("#day", str(day))
    visit.page.wait_for_url(f"**day={day}*")
    visit.ready()
    visit.follow("#unit-share").follow("#language")
    assert visit.page.input_value("#day") == str(day)
    assert _drawn_in_french(visit) == {str(day)}
    assert "Jour précédent" in str(visit.page.get_attribute("#earlier", "aria-label"))
    assert visit.wrong == []


def _drawn_in_french(visit: Visit) -> set[str]:
    load = next(one for one in visit.drawn("load") if one["name"] == "Consommation")
    return {str(at)[:10] for at in load["x"]}


def test_what_is_no_day_falls_back_to_the_newest_and_a_day_not_held_leads_there(visit: Visit) -> None:
    visit.open("/?day=2026-02-30&hours=7")
    assert "is not a valid date" in visit.text("#content")
    assert "is not one of 24, 48" in visit.text("#content")
    assert visit.page.input_value("#day") == str(_newest(visit))
    for day in ("0001-01-01", "9999-12-31"):
        visit.open(f"/?day={day}")
        assert "No data for this period" in visit.text("#now-card")
    visit.follow("#newest-day")
    assert visit.page.input_value("#day") == str(_newest(visit))
    assert visit.wrong == []
