"""One thread looks at all queries of an engine: each has its own time, and no interrupt meets the next one."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import duckdb
import pytest

from watthouse.errors import QueryLimitError
from watthouse.warehouse.duckdb.clock import Clock, Watch

ENDLESS = "select sum(a.range * b.range % 7) from range(10000000) a, range(10000000) b"


@pytest.fixture
def watch() -> Iterator[Watch]:
    with closing(Watch()) as watching:
        yield watching


def _taken(watch: Watch, seconds: float) -> float:
    """How long an endless query with so many seconds took."""
    began = time.monotonic()
    with closing(duckdb.connect()) as session, pytest.raises(QueryLimitError), Clock(seconds, session, watch).running():
        session.execute(ENDLESS).fetchall()
    return time.monotonic() - began


def test_who_has_less_time_does_not_wait_for_who_came_before_with_more(watch: Watch) -> None:
    with ThreadPoolExecutor(2) as asking:
        long = asking.submit(_taken, watch, 6.0)
        time.sleep(0.5)
        short = asking.submit(_taken, watch, 0.2)
        assert short.result() < 4 < long.result()


def test_a_session_is_left_alone_once_its_block_has_ended(watch: Watch) -> None:
    with closing(duckdb.connect()) as session:
        with Clock(0.2, session, watch).running():
            session.execute("select 1").fetchall()
        began = time.monotonic()
        while time.monotonic() - began < 0.6:
            assert session.execute("select sum(range) from range(100000)").fetchall() == [(4_999_950_000,)]


def test_the_time_of_a_query_is_that_of_all_its_blocks(watch: Watch) -> None:
    with closing(duckdb.connect()) as session:
        clock = Clock(0.5, session, watch)
        with clock.running():
            time.sleep(0.3)
        with pytest.raises(QueryLimitError), clock.running():
            session.execute(ENDLESS).fetchall()


def test_a_session_that_was_closed_in_its_block_leaves_the_others_watched(watch: Watch) -> None:
    with closing(duckdb.connect()) as other, watch.over(other, 0.1):
        other.close()
        time.sleep(0.3)
    assert watch._thread
    assert watch._thread.is_alive()
    assert _taken(watch, 0.3) < 5


def test_queries_share_one_thread_which_ends_with_the_engine() -> None:
    before = {*threading.enumerate()}
    watch = Watch()
    with closing(duckdb.connect()) as session:
        for _ in range(20):
            with Clock(60, session, watch).running():
                session.execute("select 1").fetchall()
    (looking,) = {*threading.enumerate()} - before
    watch.close()
    looking.join(5)
    assert not looking.is_alive()
