"""The engine's time limit: kept to whenever it strikes, and the sessions that ran into it answer on."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Final

import ibis
import ibis.expr.types as ir
import pytest

from watthouse.errors import QueryLimitError
from watthouse.warehouse.duckdb.engine import DIALECT, Engine, TooLargeError
from watthouse.warehouse.query import Prepared

LIMIT: Final = 0.4
ENDLESS: Final = "select sum(hash(one.range) % 7) from range(1_000_000) as one, range(1_000_000) as other"


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(LIMIT, Path("scratch"))
    yield engine
    engine.close()


def took_too_long(error: QueryLimitError) -> bool:
    return "the answer takes longer than 0.4 s" in str(error)


def test_a_question_without_end_is_given_up_and_the_next_is_answered(engine: Engine) -> None:
    began = time.monotonic()
    with pytest.raises(QueryLimitError) as raised, engine.session() as session:
        session.execute(ENDLESS)
    assert took_too_long(raised.value)
    assert time.monotonic() - began < 20 * LIMIT
    assert engine.rows(ibis.range(3).unnest().name("n").as_table()).num_rows == 3


def test_a_limit_that_passes_between_two_statements_stops_the_second(engine: Engine) -> None:
    began = time.monotonic()
    with pytest.raises(QueryLimitError) as raised, engine.session() as session:
        session.execute(time.sleep(1.5 * LIMIT) or ENDLESS)
    assert took_too_long(raised.value)
    assert time.monotonic() - began < 20 * LIMIT


def test_an_answer_that_came_too_late_is_none(engine: Engine) -> None:
    with pytest.raises(QueryLimitError) as raised, engine.session():
        time.sleep(1.5 * LIMIT)
    assert took_too_long(raised.value)


def numbers(most: int) -> ir.Table:
    many, more = (ibis.range(most).unnest().name(name).as_table() for name in ("n", "m"))
    return many.cross_join(more).aggregate(lambda t: (t.n * t.m % 7).sum().name("sum"))


def test_forms_share_sessions_but_not_one_that_was_interrupted(engine: Engine) -> None:
    small, endless = (Prepared(numbers, (most,), date.min, date.max) for most in (10, 10**6))
    for _ in range(3):
        with pytest.raises(QueryLimitError):
            engine.rows(endless)
        for _ in range(2):
            assert engine.rows(small).column("sum").to_pylist() == [
                sum(n * m % 7 for n in range(10) for m in range(10))
            ]
    assert len(engine._idle) == 1


def test_a_stream_without_end_is_given_up(engine: Engine) -> None:
    with pytest.raises(QueryLimitError) as raised, engine.batches(numbers(10**6)) as reader:
        reader.read_all()
    assert took_too_long(raised.value)


def test_who_waits_for_others_waits_no_longer_than_the_limit(engine: Engine) -> None:
    slow, small = (Prepared(numbers, (most,), date.min, date.max) for most in (10**6, 10))
    told: list[QueryLimitError] = []

    def ask(form: Prepared) -> None:
        try:
            engine.rows(form)
        except QueryLimitError as error:
            told.append(error)

    threads = [threading.Thread(target=ask, args=[slow]) for _ in range(4 * (os.cpu_count() or 1))]
    began = time.monotonic()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(told) == len(threads)
    assert all(map(took_too_long, told))
    assert time.monotonic() - began < 20 * LIMIT
    assert engine.rows(small).num_rows == 1


def test_another_error_is_its_own(engine: Engine) -> None:
    with pytest.raises(Exception, match="no_such_table"), engine.session() as session:
        session.execute("select * from no_such_table")


def shuffled(most: int) -> ir.Table:
    """Numbers in another order: to sort them takes some 16 bytes each."""
    numbers = ibis.range(most).unnest().name("n").as_table()
    return numbers.order_by(numbers.n * 7_919 % most)


def test_what_does_not_fit_into_little_memory_is_asked_of_the_engine_with_more(tmp_path: Path) -> None:
    form = Prepared(shuffled, (10**6,), date.min, date.max)
    with closing(Engine(60, tmp_path)) as large, closing(Engine(60, tmp_path, "4MB", large)) as little:
        with pytest.raises(TooLargeError, match="more memory than is allowed"), little.session() as session:
            session.execute(form.sql(DIALECT)).fetchall()
        with ThreadPoolExecutor(4) as readers:
            answers = list(readers.map(little.rows, [form] * 4))
    whole = list(range(10**6))
    assert all(sorted(rows.column(0).to_pylist()) == whole for rows in answers)
    assert not list(tmp_path.rglob("*.tmp*"))
