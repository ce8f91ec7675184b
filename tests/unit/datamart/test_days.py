"""Which days differ, and how they are asked for."""

from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watthouse.datamart.days import changes, condition

FIRST = date(2024, 2, 20)
DAYS = [FIRST + timedelta(days=number) for number in range(20)]


@given(st.sets(st.sampled_from(DAYS)))
def test_a_condition_chooses_its_days_and_no_others(chosen: set[date]) -> None:
    rows = ", ".join(f"(date '{day}')" for day in DAYS)
    query = f"select civil_date from (values {rows}) as days (civil_date) where {condition(chosen)}"
    assert {day for (day,) in duckdb.execute(query).fetchall()} == chosen


@pytest.mark.parametrize("anew", [False, True])
def test_days_that_are_new_differ_or_are_gone_are_changes(anew: bool) -> None:
    same, revised, new, gone = DAYS[:4]
    there = {"gas": {same: "1/1", revised: "2/2", new: "1/1"}, "regional": {}}
    shipped = {"gas": {same: "1/1", revised: "1/1", gone: "1/1"}}
    kept = {same: "1/1"} if anew else {}
    assert changes(there, shipped, anew=anew) == {
        "gas": {**kept, revised: "2/2", new: "1/1", gone: None},
        "regional": {},
    }
