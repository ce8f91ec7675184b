"""Answers are kept for one version of a database, and asked for again in a while."""

import time

from watthouse.serve import kept
from watthouse.serve.kept import KeptAnswers


def _filled() -> KeptAnswers:
    answers = KeptAnswers()
    assert answers.find(b"a") is None
    answers.keep(b"a", b"1", "version 1", answers.turn)
    assert answers.find(b"a") is None  # the first to ask for it again checks the version
    return answers


def test_an_answer_is_given_again_to_the_same_question_alone() -> None:
    answers = _filled()
    assert [answers.find(question) for question in (b"a", b"b", b"a")] == [b"1", None, b"1"]


def test_one_caller_in_a_while_asks_the_database_again() -> None:
    answers = _filled()
    time.sleep(kept._TRUSTED_SECONDS * 1.5)
    assert [answers.find(b"a") for _ in range(3)] == [None, b"1", b"1"]


def test_a_question_that_may_be_refused_unasked_is_not_the_one_that_checks() -> None:
    answers = _filled()
    time.sleep(kept._TRUSTED_SECONDS * 1.5)
    assert [answers.find(question) for question in (b"bad", b"a", b"a")] == [None, None, b"1"]


def test_another_version_ends_what_was_kept_of_the_one_before() -> None:
    answers = _filled()
    answers.keep(b"b", b"2", "version 2", answers.turn)
    assert [answers.find(question) for question in (b"a", b"b")] == [None, b"2"]


def test_what_was_read_before_a_load_is_not_kept_after_it() -> None:
    answers = _filled()
    turn = answers.turn
    answers.forget()
    assert answers.find(b"a") is None
    answers.keep(b"a", b"1", "version 1", turn)
    assert answers.find(b"a") is None


def test_a_question_of_any_length_is_answered_and_a_long_one_is_not_kept() -> None:
    answers = _filled()
    answers.keep(b"x" * 10_000, b"1", "version 1", answers.turn)
    assert answers.find(b"x" * 10_000) is None
