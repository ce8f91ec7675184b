"""Years of days that were read before: answers out of them are the engine's own, and memory has a bound."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import duckdb
import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watthouse.serve.queries.months import energy_of_months
from watthouse.serve.queries.series import Span, within
from watthouse.serve.queries.units import Interval, Unit
from watthouse.warehouse import kept
from watthouse.warehouse.duckdb.engine import Engine
from watthouse.warehouse.kept import KeptRows
from watthouse.warehouse.query import Parts, Prepared, Query

FIRST: Final = date(2019, 11, 5)
DAYS: Final = 1_500
LAST: Final = FIRST + timedelta(DAYS - 1)
TABLE: Final = ibis.table({"civil_date": "date", "load": "int64"}, name="days", catalog="held", database="main")
MONTHS: Final = ibis.table({"civil_month": "date"}, name="months", catalog="held", database="main")


def doubled(table: ops.Relation, times: int) -> ir.Table:
    """Two rows a day, as a mart by region has twelve."""
    rows = within(table.to_expr())
    each = ibis.range(2).unnest().name("side").as_table()
    return rows.cross_join(each).select("civil_date", "side", load=rows.load * times).order_by("civil_date", "side")


class Source:
    """An engine, and the periods that it was asked for."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.periods: list[tuple[date, date]] = []

    def read(self, query: Query) -> pa.Table:
        assert isinstance(query, Prepared)
        self.periods.append((query.since, query.until))
        return self.engine.rows(query)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path = tmp_path_factory.mktemp("kept") / "days.duckdb"
    with duckdb.connect(path) as file:
        file.execute(
            f"create table days as select date '{FIRST}' + n::int as civil_date,"
            f" case when n % 5 > 0 then n end as load from range({DAYS}) t(n)"
        )
    engine = Engine(30, Path("scratch"))
    engine.attach(path, "held")
    yield engine
    engine.close()


def of(since: date, until: date, times: int = 3, years: int = 1) -> Prepared:
    return Prepared(doubled, (TABLE.op(), times), since, until, parts=Parts("civil_date", years))


def by_hand(since: date, until: date, times: int = 3) -> list[dict[str, object]]:
    return [
        {"civil_date": FIRST + timedelta(n), "side": side, "load": n * times if n % 5 else None}
        for n in range(DAYS)
        if since <= FIRST + timedelta(n) <= until
        for side in (0, 1)
    ]


@settings(deadline=None, max_examples=25)
@given(st.dates(date(2019, 1, 1), date(2025, 12, 31)), st.integers(0, 900), st.sampled_from([1, 2, 100]))
def test_a_period_has_its_own_rows_whatever_was_read_before(engine: Engine, since: date, more: int, years: int) -> None:
    rows = KeptRows(engine.rows)
    for shift in (0, 200, -300):
        begins = since + timedelta(shift)
        ends = begins + timedelta(more)
        assert rows.rows(of(begins, ends, years=years)).to_pylist() == by_hand(begins, ends)


def test_a_year_is_read_once_and_whole(engine: Engine) -> None:
    source = Source(engine)
    rows = KeptRows(source.read)
    for month in (3, 7, 1, 12):
        rows.rows(of(date(2021, month, 1), date(2021, month, 20)))
    assert source.periods == [(date(2021, 1, 1), date(2021, 12, 31))]


def test_years_that_are_missing_are_read_by_one_query(engine: Engine) -> None:
    source = Source(engine)
    rows = KeptRows(source.read)
    rows.rows(of(date(2021, 5, 1), date(2021, 5, 2)))
    found = rows.rows(of(date(2020, 6, 1), date(2023, 6, 1)))
    assert source.periods[1:] == [(date(2020, 1, 1), date(2023, 12, 31))]
    assert found.to_pylist() == by_hand(date(2020, 6, 1), date(2023, 6, 1))


def test_queries_that_differ_are_kept_apart(engine: Engine) -> None:
    rows, day = KeptRows(engine.rows), date(2021, 5, 2)
    for times in (2, 3, 2):
        assert rows.rows(of(day, day, times)).to_pylist() == by_hand(day, day, times)


def test_the_first_and_the_last_day_of_the_calendar_are_days(engine: Engine) -> None:
    rows = KeptRows(engine.rows)
    assert rows.rows(of(date.min, date(1, 1, 31))).to_pylist() == []
    assert rows.rows(of(date(2023, 12, 1), date.max, years=100)).to_pylist() == by_hand(date(2023, 12, 1), date.max)


def test_what_has_no_parts_is_read_each_time(engine: Engine) -> None:
    source = Source(engine)
    rows, whole = KeptRows(source.read), Prepared(doubled, (TABLE.op(), 1), date(2021, 5, 1), date(2021, 5, 2))
    for _ in range(2):
        assert rows.rows(whole).to_pylist() == by_hand(whole.since, whole.until, 1)
    assert source.periods == [(whole.since, whole.until)] * 2


def test_no_more_is_kept_than_there_is_room_for(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_LARGEST", 1)
    year = engine.rows(of(date(2020, 1, 1), date(2020, 12, 31))).nbytes
    monkeypatch.setattr(kept, "_BYTES", 3 * year)
    source = Source(engine)
    rows = KeptRows(source.read)
    for times in (1, 2, 3, 4, 1):
        rows.rows(of(date(2021, 1, 1), date(2021, 1, 2), times))
    assert len(source.periods) == 5


def test_a_year_that_is_kept_holds_no_other(engine: Engine) -> None:
    rows = KeptRows(engine.rows)
    rows.rows(of(date(2020, 1, 1), date(2023, 12, 31)))
    year = rows.rows(of(date(2021, 1, 1), date(2021, 12, 31)))
    assert year.get_total_buffer_size() < 1.1 * year.nbytes


def test_what_is_too_large_is_answered_and_not_kept(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_BYTES", 1_000)
    source = Source(engine)
    rows = KeptRows(source.read)
    for _ in range(2):
        assert rows.rows(of(FIRST, LAST)).to_pylist() == by_hand(FIRST, LAST)
    assert len(source.periods) == 2


@pytest.mark.parametrize(
    ("since", "until", "whole"),
    [
        (date(2024, 1, 1), date(2024, 2, 29), True),
        (date(2024, 1, 2), date(2024, 2, 29), False),
        (date(2024, 1, 1), date(2024, 2, 28), False),
        (date(2024, 1, 1), date.max, True),
    ],
)
def test_months_are_kept_for_periods_that_cut_none(since: date, until: date, *, whole: bool) -> None:
    """A month that a period cuts is complete where its days within are: such rows are of one period alone."""
    query = energy_of_months(MONTHS, Span(since, until, Interval.MONTH), (), Unit.MWH)
    assert (query.parts is not None) is whole
