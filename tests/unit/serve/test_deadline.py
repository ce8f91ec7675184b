"""The time of an answer is that of all its parts, and no other answer's."""

import threading
import time

import pytest

from watthouse.errors import QueryLimitError
from watthouse.serve import deadline


def test_time_that_is_over_is_said_and_outside_of_an_answer_there_is_no_limit() -> None:
    deadline.check()
    with deadline.within(0.01):
        deadline.check()
        time.sleep(0.02)
        with pytest.raises(QueryLimitError, match=r"takes longer than 0\.01 s"):
            deadline.check()
    deadline.check()


def test_a_part_has_no_more_time_than_the_whole() -> None:
    with deadline.within(0.01), deadline.within(60):
        time.sleep(0.02)
        with pytest.raises(QueryLimitError, match=r"0\.01 s"):
            deadline.check()


def test_another_thread_has_a_time_of_its_own() -> None:
    found: list[BaseException] = []

    def other() -> None:
        try:
            deadline.check()
        except QueryLimitError as error:
            found.append(error)

    with deadline.within(0):
        time.sleep(0.001)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert found == []
