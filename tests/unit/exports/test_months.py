"""Months as they are typed, and which of them a call is about."""

from datetime import UTC, datetime

import pytest

from watthouse.errors import UsageError
from watthouse.exports.months import Months, is_month


@pytest.mark.parametrize("text", ["2024-01", "1999-12", "2026-10"])
def test_a_month_is_a_year_and_a_month(text: str) -> None:
    assert is_month(text)


@pytest.mark.parametrize(
    "text", ["", "2024", "2024-1", "2024-00", "2024-13", "24-01", "2024-01-01", "2024-01\n", "٢٠٢٤-٠١"]
)
def test_nothing_else_is(text: str) -> None:
    assert not is_month(text)


@pytest.mark.parametrize(
    ("now", "month"), [("2024-03-31", "2024-02"), ("2024-01-01", "2023-12"), ("2024-12-31", "2024-11")]
)
def test_the_last_month_is_the_one_before_now(now: str, month: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert Months.of(None, None, last_month=True, now=moment) == Months(month, month)


def test_months_are_chosen_with_both_ends() -> None:
    months = ["2024-03", "2024-01", "2024-02"]
    assert Months("2024-02", None).among(months) == ["2024-02", "2024-03"]
    assert Months(None, "2024-02").among(months) == ["2024-01", "2024-02"]
    assert Months().among(months) == ["2024-01", "2024-02", "2024-03"]


def test_each_month_until_now() -> None:
    now = datetime(2024, 2, 1, tzinfo=UTC)
    assert list(Months("2023-11", None).each(now)) == ["2023-11", "2023-12", "2024-01", "2024-02"]
    assert list(Months("2023-11", "2023-12").each(now)) == ["2023-11", "2023-12"]
    assert list(Months(None, "2023-12").each(now)) == []


@pytest.mark.parametrize(
    ("since", "until", "last", "said"),
    [
        ("2024-02", "2024-01", False, "--since 2024-02 is later than --until 2024-01: swap them"),
        ("2024-02", None, True, "--last-month excludes --since and --until"),
        (None, "2024-02", True, "--last-month excludes --since and --until"),
        ("x", None, False, "--since 'x' is not a valid month; use 2025-01"),
        (None, "2024-1", False, "--until '2024-1' is not a valid month; use 2025-01"),
    ],
)
def test_what_cannot_be_meant_is_refused(since: str | None, until: str | None, last: bool, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Months.of(since, until, last_month=last, now=datetime(2024, 2, 1, tzinfo=UTC))
