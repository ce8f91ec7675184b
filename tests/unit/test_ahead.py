"""Parts are made one ahead, in order, and never more than one."""

import threading
from collections.abc import Iterator

import pytest

from watthouse.ahead import ahead


def _made(count: int, log: list[int]) -> Iterator[int]:
    for number in range(count):
        log.append(number)
        yield number


def test_parts_come_in_order_and_one_is_made_ahead() -> None:
    log: list[int] = []
    seen, most = [], 0
    for number in ahead(_made(50, log)):
        seen.append(number)
        most = max(most, len(log) - len(seen))
    assert (seen, log) == (list(range(50)), list(range(50)))
    assert most <= 1


def test_the_next_part_is_made_while_one_is_used() -> None:
    begun = threading.Event()

    def made() -> Iterator[int]:
        yield 1
        begun.set()
        yield 2

    parts = ahead(made())
    assert next(parts) == 1
    assert begun.wait(10)
    assert list(parts) == [2]


def test_an_error_comes_after_the_parts_before_it() -> None:
    def made() -> Iterator[int]:
        yield 1
        raise ValueError("damaged")

    seen = []
    with pytest.raises(ValueError, match="damaged"):
        seen.extend(ahead(made()))
    parts = ahead(made())
    assert next(parts) == 1
    with pytest.raises(ValueError, match="damaged"):
        next(parts)


def test_whoever_stops_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    log: list[int] = []
    parts = ahead(_made(50, log))
    assert next(parts) == 0
    parts.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    assert len(log) <= 2


def test_as_many_are_made_ahead_as_may_wait_and_none_once_the_reader_has_stopped() -> None:
    log: list[int] = []
    four_more = threading.Event()

    def made() -> Iterator[int]:
        for number in _made(50, log):
            if number == 4:
                four_more.set()
            yield number

    parts = ahead(made(), waiting=4)
    assert next(parts) == 0
    assert four_more.wait(10)
    parts.close()  # type: ignore[attr-defined]
    assert len(log) == 5
