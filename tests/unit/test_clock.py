"""The civil clock, against Python's own zoneinfo."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from watthouse.clock import PARIS, civil_date_of, heure_of, instant_of

DAYS = st.dates(min_value=date(2010, 1, 1), max_value=date(2037, 12, 31))


def slots(day: date) -> pl.DataFrame:
    clock = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 15, 30, 45)]
    return pl.DataFrame({"date": [day] * 96, "heure": clock})


@given(DAYS)
def test_a_day_has_96_clock_slots_and_92_instants_in_spring_else_96(day: date) -> None:
    instants = slots(day).select(instant_of(pl.col("date"), pl.col("heure")))["date"].drop_nulls()
    offset = {datetime(day.year, day.month, day.day, hour, tzinfo=PARIS).utcoffset() for hour in (0, 12)}
    goes_forward = len(offset) == 2 and day.month == 3
    assert instants.n_unique() == len(instants) == (92 if goes_forward else 96)


@given(DAYS)
def test_an_instant_reads_back_as_the_clock_it_came_from(day: date) -> None:
    rows = slots(day).with_columns(instant_of(pl.col("date"), pl.col("heure")).alias("instant")).drop_nulls()
    back = rows.select(civil_date_of(pl.col("instant")).alias("date"), heure_of(pl.col("instant")).alias("heure"))
    assert back.equals(rows.select("date", "heure"))


def test_the_repeated_autumn_hour_is_its_second_pass() -> None:
    rows = pl.DataFrame({"date": [date(2024, 10, 27)] * 3, "heure": ["01:45", "02:00", "03:00"]})
    instants = rows.select(instant_of(pl.col("date"), pl.col("heure"))).to_series().to_list()
    assert instants == [datetime(2024, 10, 26, 23, 45, tzinfo=UTC)] + [
        datetime(2024, 10, 27, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in (0, 1)
    ]


def test_a_clock_that_is_none_gives_no_instant() -> None:
    rows = pl.DataFrame({"date": [date(2024, 1, 1)] * 2, "heure": ["24:00", "x"]})
    assert rows.select(instant_of(pl.col("date"), pl.col("heure"))).to_series().null_count() == 2
