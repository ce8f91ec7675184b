"""Slots as charts draw them: a hole is a gap, a half hour lasts half an hour, a part of the mix is no mix."""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest

from watthouse.clock import PARIS
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.pages import exchanges, gas, mix, regions
from watthouse.serve.dashboard.reading import Answer, Slots, without_holes
from watthouse.serve.dashboard.slots import whole_mix, with_gaps
from watthouse.serve.dashboard.view import View
from watthouse.serve.formats import Format
from watthouse.serve.queries.units import BY_DAY, FROM_SLOTS, Interval, Unit

BEGAN = datetime(2026, 3, 28, 23, tzinfo=UTC)


def _at(*quarters: int) -> list[datetime]:
    return [(BEGAN + timedelta(minutes=15 * quarter)).astimezone(PARIS) for quarter in quarters]


def test_a_slot_that_is_missing_between_two_is_a_row_of_nulls() -> None:
    rows = pl.DataFrame({"starts": _at(0, 1, 4, 5), "slot_minutes": 15, "consommation_mw": [1, 2, 3, 4]})
    found = with_gaps(rows)
    assert found["starts"].to_list() == _at(0, 1, 2, 4, 5)
    assert found["consommation_mw"].to_list() == [1, 2, None, 3, 4]


def test_half_hours_beside_quarter_hours_are_no_holes() -> None:
    rows = pl.DataFrame({"starts": _at(0, 1, 2, 4, 6), "slot_minutes": [15, 15, 30, 30, 15], "pompage_mw": 0})
    assert with_gaps(rows).equals(rows)


def test_what_lasts_shortest_tells_a_hole_of_exchanges() -> None:
    rows = pl.DataFrame(
        {"starts": _at(0, 2, 3), "commercial_minutes": [30, 30, None], "physical_minutes": [15, 15, 15], "mw": 1}
    )
    assert with_gaps(rows)["starts"].to_list() == _at(0, 1, 2, 3)


def test_a_hole_after_the_second_quarter_of_a_half_hour_is_one_too() -> None:
    rows = pl.DataFrame({"starts": _at(0, 1, 4), "slot_minutes": [30, None, 30], "ech_comm_italie_mw": [1, 2, 3]})
    assert with_gaps(rows)["ech_comm_italie_mw"].to_list() == [1, 2, None, 3]


def test_the_night_that_the_clocks_change_has_no_hole() -> None:
    for night in (datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2025, 10, 25, 22, tzinfo=UTC)):
        starts = [(night + timedelta(minutes=15 * slot)).astimezone(PARIS) for slot in range(24)]
        rows = pl.DataFrame({"starts": starts, "slot_minutes": 15})
        assert with_gaps(rows).height == 24


def test_answers_by_slot_have_their_gaps() -> None:
    rows = pl.DataFrame({"starts": _at(0, 8), "slot_minutes": 30, "consommation_mw": [1, 2]})
    assert without_holes(rows, "slot")["consommation_mw"].to_list() == [1, None, 2]
    assert without_holes(rows.clear(), "slot").is_empty()


def test_a_slot_that_lacks_a_source_shows_none_but_its_load() -> None:
    rows = pl.DataFrame(
        {
            "starts": _at(0, 1, 2),
            "slot_minutes": 15,
            "consommation_mw": [7, 8, 9],
            "nucleaire_mw": [4, None, 6],
            "eolien_mw": [1, 2, 3],
            "mix_known": [True, False, True],
        }
    )
    drawn = whole_mix(rows, ["nucleaire_mw", "eolien_mw"])
    assert drawn["nucleaire_mw"].to_list() == [4, None, 6]
    assert drawn["eolien_mw"].to_list() == [1, None, 3]
    assert drawn["consommation_mw"].to_list() == [7, 8, 9]
    days = rows.drop("mix_known")
    assert whole_mix(days, ["nucleaire_mw", "eolien_mw"]).equals(days)


def test_a_half_hourly_load_beside_quarter_hours_of_wind_lasts() -> None:
    rows = pl.DataFrame(
        {
            "starts": _at(0, 1, 2, 3),
            "consommation_mw": [7, None, 9, None],
            "eolien_mw": [1, 2, 3, 4],
            "mix_known": [True] * 4,
        }
    )
    drawn = whole_mix(rows, ["eolien_mw"])
    assert drawn["consommation_mw"].to_list() == [7, 7, 9, 9]
    assert drawn["eolien_mw"].to_list() == [1, 2, 3, 4]


@pytest.mark.parametrize("page", [mix.PAGE, exchanges.PAGE, regions.PAGE], ids=lambda page: page.name)
@pytest.mark.parametrize(
    ("days", "expected"),
    [(1, Interval.SLOT), (3, Interval.SLOT), (4, Interval.HOUR), (8, Interval.HOUR), (9, Interval.DAY)],
)
def test_auto_is_by_slot_for_up_to_three_days(page: Page, days: int, expected: Interval) -> None:
    since = date(2026, 3, 28)
    assert page.interval(View(), (since, since + timedelta(days=days - 1))) is expected


def test_an_interval_that_is_asked_for_is_meant_where_the_page_has_it() -> None:
    period = (date(2026, 3, 1), date(2026, 3, 30))
    view = View(interval=Interval.SLOT)
    assert mix.PAGE.intervals == FROM_SLOTS
    assert mix.PAGE.interval(view, period) is Interval.SLOT
    assert gas.PAGE.intervals == BY_DAY
    assert gas.PAGE.chosen(view) is Interval.AUTO
    assert gas.PAGE.interval(view, period) is Interval.DAY


def test_what_is_known_by_the_day_is_shown_by_the_day_beside_slots() -> None:
    assert [one.daily for one in (Interval.SLOT, Interval.HOUR, Interval.DAY, Interval.MONTH)] == [
        Interval.DAY, Interval.DAY, Interval.DAY, Interval.MONTH
    ]  # fmt: skip


def test_slots_are_drawn_as_power_and_shares_stay_shares() -> None:
    assert [unit.drawn_by(Interval.SLOT) for unit in Unit] == [Unit.MW, Unit.MW, Unit.MW, Unit.SHARE]
    assert [unit.drawn_by(Interval.HOUR) for unit in Unit] == [*Unit]


def test_slots_that_are_drawn_are_those_that_a_link_would_offer() -> None:
    slots = Slots("/api/v1/mix?since=2026-03-01&until=2026-03-02&interval=slot", "", (Format.CSV,))
    answers = {
        path: Answer(pl.DataFrame(), f"/api/v1{path}", "", {"interval": parse_qs(urlsplit(path).query)["interval"][0]})
        for path in ("/mix?unit=MW&interval=slot", "/mix?interval=day", "/exchanges?interval=slot")
    }
    assert [slots.are(answer) for answer in answers.values()] == [True, False, False]
    assert slots.href(Format.CSV) == "/api/v1/mix?since=2026-03-01&until=2026-03-02&interval=slot&format=csv"
