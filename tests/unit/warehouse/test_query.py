"""Questions with their days left open: compiled once, and the same as if they had been asked with those days."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import duckdb
import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watthouse.serve.queries.series import days_in_period, starts, within
from watthouse.serve.queries.units import Interval
from watthouse.warehouse.duckdb.engine import DIALECT, Engine
from watthouse.warehouse.query import Prepared

FIRST = date(2024, 1, 1)
DAYS = 400
TABLE = ibis.table({"civil_date": "date", "load": "int64"}, name="days", catalog="held", database="main")

drawn: list[Interval] = []


def loads(table: ops.Relation, interval: Interval) -> ir.Table:
    drawn.append(interval)
    rows = within(table.to_expr())
    sums = rows.group_by(starts(rows, interval)).aggregate(load=rows.load.sum())
    return sums.mutate(days=days_in_period(sums.starts, interval)).order_by("starts")


def of(since: date, until: date, interval: Interval = Interval.MONTH) -> Prepared:
    return Prepared(loads, (TABLE.op(), interval), since, until)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path = tmp_path_factory.mktemp("forms") / "days.duckdb"
    with duckdb.connect(path) as file:
        file.execute(
            f"create table days as select date '{FIRST}' + n::int as civil_date, n as load from range({DAYS}) t(n)"
        )
    engine = Engine(30, Path("scratch"))
    engine.attach(path, "held")
    yield engine
    engine.close()


def by_hand(since: date, until: date) -> list[dict[str, object]]:
    months: dict[date, list[int]] = {}
    for n in range(DAYS):
        day = FIRST + timedelta(days=n)
        if since <= day <= until:
            months.setdefault(day.replace(day=1), []).append(n)
    return [{"starts": month, "load": sum(found), "days": len(found)} for month, found in sorted(months.items())]


days = st.dates(FIRST, FIRST + timedelta(days=DAYS - 1))


@settings(deadline=None)
@given(st.tuples(days, days).map(sorted))
def test_a_form_filled_in_says_what_its_period_says(engine: Engine, period: list[date]) -> None:
    since, until = period
    assert engine.rows(of(since, until)).to_pylist() == by_hand(since, until)


def test_it_says_the_same_where_it_is_compiled_with_its_days(engine: Engine) -> None:
    form = of(date(2024, 2, 29), date(2024, 4, 1), Interval.WEEK)
    (asked, written) = engine.rows(form), engine.run(form.sql(DIALECT))
    assert [tuple(row.values()) for row in asked.to_pylist()] == written


def test_one_statement_serves_every_period(engine: Engine) -> None:
    drawn.clear()
    for n in range(5):
        engine.rows(of(FIRST, FIRST + timedelta(days=n), Interval.YEAR))
    assert drawn == [Interval.YEAR]


def test_another_interval_is_another_question(engine: Engine) -> None:
    weeks, whole = (engine.rows(of(FIRST, FIRST + timedelta(days=13), one)) for one in (Interval.WEEK, Interval.YEAR))
    assert (weeks.num_rows, whole.num_rows) == (2, 1)


def test_threads_that_ask_at_once_get_their_own_periods(engine: Engine) -> None:
    periods = [(FIRST + timedelta(days=n), FIRST + timedelta(days=3 * n)) for n in range(100)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda period: engine.rows(of(*period)).to_pylist(), periods))
    assert answers == [by_hand(*period) for period in periods]
