"""Now shows what is known, up to the instant to which it is known."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from watthouse.serve.dashboard.pages.now import stale
from watthouse.serve.dashboard.pages.window import window_of
from watthouse.serve.dashboard.slots import lasting, to_last_known, with_second_quarters
from watthouse.serve.dashboard.view import View, read

BEGAN = datetime(2026, 3, 29, tzinfo=UTC)


def _rows(**columns: list[int | None]) -> pl.DataFrame:
    length = len(next(iter(columns.values())))
    instants = [BEGAN + timedelta(minutes=15 * slot) for slot in range(length)]
    return pl.DataFrame({"date_heure": instants, **columns}, schema_overrides=dict.fromkeys(columns, pl.Int32))


def test_a_slot_that_some_sources_have_not_reported_is_left_out() -> None:
    rows = _rows(nucleaire=[1, 2, 3], eolien=[4, 5, None])
    assert to_last_known(rows, ("nucleaire", "eolien")).equals(rows.head(2))


def test_a_hole_before_the_last_slot_stays_a_hole() -> None:
    rows = _rows(nucleaire=[1, None, 3], eolien=[4, 5, 6])
    assert to_last_known(rows, ("nucleaire", "eolien")).equals(rows)


def test_a_source_that_the_whole_day_does_not_know_ends_nothing() -> None:
    rows = _rows(nucleaire=[1, 2], charbon=[None, None])
    assert to_last_known(rows, ("nucleaire", "charbon", "solaire")).equals(rows)


def test_where_nothing_is_known_nothing_is_left() -> None:
    rows = _rows(nucleaire=[None, None])
    assert to_last_known(rows, ("nucleaire",)).is_empty()
    assert to_last_known(_rows(nucleaire=[1, None], eolien=[None, 2]), ("nucleaire", "eolien")).is_empty()


def test_a_day_of_long_ago_is_said_to_be_one() -> None:
    (said,) = stale(View(), _rows(consommation=[1, 2]), BEGAN + timedelta(days=9, minutes=15))
    assert "29 Mar 2026, 01:15" in said.children.replace("\xa0", " ")
    assert ", 9 days ago" in said.children.replace("\xa0", " ")


def test_a_day_that_is_under_way_needs_no_word() -> None:
    assert not [*stale(View(), _rows(consommation=[1, 2]), BEGAN + timedelta(hours=6))]


def test_the_last_hours_are_not_called_a_day() -> None:
    (said,) = stale(View(), _rows(consommation=[1, 2]), BEGAN + timedelta(days=9, minutes=15), rolling=True)
    assert "this page ends there" in said.children


def test_exchanges_on_half_hours_last_through_the_quarter_after_each() -> None:
    rows = _rows(ech_comm_italie=[1, None, 3, None], ech_comm_suisse=[1, 2, 3, None], ech_physiques=[1, 2, 3, 4])
    drawn = lasting(rows, ["ech_comm_italie", "ech_comm_suisse"], "date_heure")
    assert drawn["ech_comm_italie"].to_list() == [1, 1, 3, 3]
    assert drawn["ech_comm_suisse"].to_list() == [1, 2, 3, None], "a hole in quarter hours stays one"
    assert drawn["ech_physiques"].to_list() == [1, 2, 3, 4]


def test_a_half_hour_that_is_not_known_stays_a_hole() -> None:
    rows = _rows(ech_comm_italie=[1, None, None, None, 5, None])
    assert lasting(rows, ["ech_comm_italie"], "date_heure")["ech_comm_italie"].to_list() == [1, 1, None, None, 5, 5]
    without = rows.gather([0, 3, 4])
    assert lasting(without, ["ech_comm_italie"], "date_heure")["ech_comm_italie"].to_list() == [1, None, 5]


def test_each_civil_day_has_steps_of_its_own() -> None:
    rows = _rows(ech_comm_italie=[1, None, *[None] * 94, 5, 6]).filter(
        pl.col("ech_comm_italie").is_not_null() | (pl.col("date_heure") < BEGAN + timedelta(hours=1))
    )
    assert lasting(rows, ["ech_comm_italie"], "date_heure")["ech_comm_italie"].to_list() == [1, 1, None, None, 5, 6]


def test_exchanges_on_quarters_are_drawn_beside_load_on_half_hours() -> None:
    """Of a settled day; what is scheduled after the last measured half hour, and a row of nothing known, are not."""
    load, italy = [50, None, 60, None, None, None], [1, 2, 3, None, 5, 6]
    rows = _rows(consommation=load, slot_minutes=[30, None, 30, None, None, None], ech_comm_italie=italy)
    measured = rows.filter(pl.col("consommation").is_not_null())
    assert with_second_quarters(rows, measured, ["ech_comm_italie"])["ech_comm_italie"].to_list() == [1, 2, 3]


def test_load_on_half_hours_is_drawn_as_a_line_beside_forecasts_on_quarters() -> None:
    rows = _rows(consommation=[50, None, 60, None, None, None], slot_minutes=[30, None, 15, None, None, None])
    assert lasting(rows, ["consommation"], "date_heure")["consommation"].to_list() == [50, 50, 60, None, None, None]


def test_a_quarter_without_load_is_not_drawn_where_load_stands_on_quarters() -> None:
    rows = _rows(consommation=[50, None, 60], slot_minutes=[15, None, 15], ech_comm_italie=[1, 2, 3])
    measured = rows.filter(pl.col("consommation").is_not_null())
    assert with_second_quarters(rows, measured, ["ech_comm_italie"]).equals(measured)


HELD = (date(2026, 3, 1), date(2026, 3, 29))


@pytest.mark.parametrize(
    ("query", "day", "hours"),
    [
        ("", "2026-03-29", None),
        ("day=2026-03-27", "2026-03-27", None),
        ("day=2026-02-30", "2026-03-29", None),
        ("day=soon&hours=48", "2026-03-29", 48),
        ("hours=24", "2026-03-29", 24),
        ("hours=23", "2026-03-29", None),
        ("hours=240", "2026-03-29", None),
        ("hours=²4", "2026-03-29", None),
        ("day=2026-03-27&hours=24", "2026-03-27", None),
    ],
)
def test_an_address_means_a_day_or_hours_and_the_newest_day_where_it_says_neither(
    query: str, day: str, hours: int | None
) -> None:
    window = window_of(read("/", query, "en", dark=False), HELD)
    assert (str(window.day), window.hours) == (day, hours)


@pytest.mark.parametrize(
    ("query", "earlier", "later"),
    [
        ("", "/?day=2026-03-28", None),
        ("hours=48", "/?day=2026-03-28", None),
        ("day=2026-03-28&hours=48", "/?day=2026-03-27", "/"),
        ("day=2026-03-15&unit=share", "/?unit=share&day=2026-03-14", "/?unit=share&day=2026-03-16"),
        ("day=2026-03-01", None, "/?day=2026-03-02"),
        ("day=2026-12-24", "/", None),
        ("day=9999-12-31", "/", None),
        ("day=0001-01-01", None, "/?day=2026-03-01"),
    ],
)
def test_the_days_beside_a_day_end_where_what_is_held_ends(query: str, earlier: str | None, later: str | None) -> None:
    window = window_of(read("/", query, "en", dark=False), HELD)
    assert (window.earlier, window.later) == (earlier, later)


@pytest.mark.parametrize(
    ("query", "language", "said"),
    [
        ("day=2026-03-27&hours=24", "en", []),
        ("day=2026-02-30", "en", ["day: “2026-02-30” is not a valid date"]),
        ("hours=7", "en", ["hours: “7” is not one of 24, 48"]),
        ("hours=7", "fr", ["hours : « 7 » ne figure pas parmi 24, 48"]),
    ],
)
def test_what_is_neither_is_said_to_be_none(query: str, language: str, said: list[str]) -> None:
    window = window_of(read("/", query, language, dark=False), HELD)
    assert [word.children for word in window.fault()] == said


def test_a_value_lasts_where_its_row_says_so() -> None:
    starts = [BEGAN + timedelta(minutes=minutes) for minutes in (0, 15, 30, 45)]
    rows = pl.DataFrame(
        {
            "starts": starts,
            "slot_minutes": [15, 15, 30, None],
            "consommation_mw": [5, None, 7, None],
            "commercial_minutes": [30, None, 30, 15],
            "ech_comm_italie_mw": [1, None, 3, 4],
        }
    )
    drawn = lasting(rows, ["consommation_mw", "ech_comm_italie_mw"])
    assert drawn["consommation_mw"].to_list() == [5, None, 7, 7]
    assert drawn["ech_comm_italie_mw"].to_list() == [1, 1, 3, 4]
    just_begun = rows[:2].select("starts", "consommation_mw")
    assert lasting(just_begun, ["consommation_mw"])["consommation_mw"].to_list() == [5, None]
