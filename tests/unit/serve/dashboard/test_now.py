"""Now shows what is known, up to the instant to which it is known."""

from datetime import UTC, datetime, timedelta

import polars as pl

from watthouse.serve.dashboard.pages.now import stale, to_last_known
from watthouse.serve.dashboard.view import View

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
