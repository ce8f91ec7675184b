"""What a refresh fetches, by what the service says and what the lake holds."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watthouse.catalog import find
from watthouse.sources.odre import Facts, FetchWindow, Month
from watthouse.sync.watermarks import Watermark
from watthouse.sync.windows import Plan, plan

RESTLESS = find("eco2mix-national-tr")
SETTLED = find("eco2mix-national-cons-def")
NOW = datetime(2026, 11, 22, 19, 17, tzinfo=UTC)
YEAR = [Month(f"2025-{month:02}", 1000, f"print-{month}") for month in range(1, 13)]


def facts(dataset: object = SETTLED, processed: datetime = NOW) -> Facts:
    return Facts(dataset, processed, 12_000, {}, ())  # type: ignore[arg-type]


def never() -> Sequence[Month]:
    raise AssertionError("the months were asked for")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def spans(made: Plan) -> list[tuple[datetime | None, datetime | None, int | None]]:
    return [(one.window.since, one.window.until, one.window.rows) for one in made.stretches]


def test_a_dataset_that_was_not_processed_since_costs_no_further_question() -> None:
    assert plan(facts(), Watermark(processed=NOW), never, rows=5000) == Plan()


def test_only_months_whose_fingerprint_moved_are_fetched() -> None:
    known = {month.month: month.fingerprint for month in YEAR} | {"2025-04": "another", "2025-09": "another"}
    made = plan(facts(), Watermark(months=known), lambda: YEAR, rows=5000)
    assert spans(made) == [
        (moment("2025-04-01"), moment("2025-05-01"), 1000),
        (moment("2025-09-01"), moment("2025-10-01"), 1000),
    ]
    assert [dict(one.fingerprints) for one in made.stretches] == [{"2025-04": "print-4"}, {"2025-09": "print-9"}]
    assert made.settles
    assert made.sweeps


def test_neighbouring_months_share_a_window_of_about_so_many_rows() -> None:
    made = plan(facts(), Watermark(), lambda: YEAR, rows=5000)
    assert [rows for *_, rows in spans(made)] == [5000, 5000, 2000]
    assert spans(made)[-1][:2] == (moment("2025-11-01"), moment("2026-01-01"))


def test_a_month_larger_than_a_window_is_a_window() -> None:
    made = plan(facts(), Watermark(), lambda: YEAR[:2], rows=10)
    assert [rows for *_, rows in spans(made)] == [1000, 1000]


def test_full_believes_no_fingerprint_and_no_moment() -> None:
    known = {month.month: month.fingerprint for month in YEAR}
    made = plan(facts(), Watermark(processed=NOW, swept=NOW, months=known), lambda: YEAR, rows=12_000, full=True)
    assert spans(made) == [(moment("2025-01-01"), moment("2026-01-01"), 12_000)]


def test_a_restless_dataset_that_was_swept_today_is_asked_for_its_last_days() -> None:
    mark = Watermark(processed=NOW - timedelta(hours=1), swept=NOW - timedelta(hours=23))
    made = plan(facts(RESTLESS), mark, never, rows=5000)
    assert spans(made) == [(moment("2026-11-19"), None, None)]
    assert made.settles
    assert not made.sweeps


def test_a_restless_dataset_is_swept_once_a_day_whatever_its_fingerprints_say() -> None:
    known = {month.month: month.fingerprint for month in YEAR}
    mark = Watermark(processed=NOW - timedelta(hours=1), swept=NOW - timedelta(hours=24), months=known)
    made = plan(facts(RESTLESS), mark, lambda: YEAR, rows=50_000)
    assert spans(made) == [(moment("2025-01-01"), moment("2026-01-01"), 12_000)]
    assert made.sweeps


def test_a_sweep_that_was_dated_in_the_future_puts_off_none() -> None:
    mark = Watermark(processed=NOW + timedelta(days=365), swept=NOW + timedelta(days=365))
    assert plan(facts(RESTLESS), mark, lambda: YEAR, rows=50_000).sweeps


def test_a_first_sweep_that_was_interrupted_goes_on_where_it_was() -> None:
    known = {month.month: month.fingerprint for month in YEAR[:7]}
    made = plan(facts(RESTLESS), Watermark(months=known), lambda: YEAR, rows=50_000)
    assert spans(made) == [(moment("2025-08-01"), moment("2026-01-01"), 5000)]


def test_where_no_fingerprints_are_to_be_had_everything_is_fetched() -> None:
    made = plan(facts(), Watermark(), lambda: None, rows=5000)
    assert [one.window for one in made.stretches] == [FetchWindow(None, None, 12_000)]


def test_days_asked_for_cut_the_windows_and_settle_whole_months_only() -> None:
    made = plan(facts(), Watermark(), lambda: YEAR, rows=1000, since=date(2025, 2, 10), until=date(2025, 4, 5))
    assert spans(made) == [
        (moment("2025-02-09T23:00"), moment("2025-03-01"), None),
        (moment("2025-03-01"), moment("2025-04-01"), 1000),
        (moment("2025-04-01"), moment("2025-04-06"), None),
    ]
    assert [bool(one.fingerprints) for one in made.stretches] == [False, True, False]
    assert not made.settles
    assert not made.sweeps


@pytest.mark.parametrize("month", [1, 7], ids=["winter", "summer"])
def test_a_month_whose_last_hours_belong_to_the_next_day_is_not_settled_by_its_own_days(month: int) -> None:
    last = date(2025, month, 31)
    made = plan(facts(), Watermark(), lambda: YEAR[:month], rows=1, until=last)
    assert spans(made)[-1] == (moment(f"2025-{month:02}-01"), moment(f"2025-{month + 1:02}-01"), 1000)
    assert [bool(one.fingerprints) for one in made.stretches] == [True] * (month - 1) + [False]
    longer = plan(facts(), Watermark(), lambda: YEAR[:month], rows=1, until=last + timedelta(days=1))
    assert [bool(one.fingerprints) for one in longer.stretches] == [True] * month


@pytest.mark.parametrize("month", [1, 7], ids=["winter", "summer"])
def test_a_month_is_settled_by_days_that_begin_with_it(month: int) -> None:
    made = plan(facts(), Watermark(), lambda: YEAR[month - 1 : month], rows=1, since=date(2025, month, 1))
    assert [list(one.fingerprints) for one in made.stretches] == [[f"2025-{month:02}"]]


@given(
    st.lists(st.integers(0, 200), unique=True),
    st.integers(1, 400_000),
    st.dictionaries(st.integers(0, 200), st.sampled_from(["a", "b"])),
)
def test_every_month_that_moved_is_fetched_once_and_no_other(
    numbers: list[int], rows: int, known: dict[int, str]
) -> None:
    def name(number: int) -> str:
        return f"{2010 + number // 12}-{number % 12 + 1:02}"

    months = [Month(name(number), 3000 * (number % 5), "a") for number in sorted(numbers)]
    made = plan(facts(), Watermark(months={name(n): said for n, said in known.items()}), lambda: months, rows=rows)
    fetched = [month for one in made.stretches for month in one.fingerprints]
    assert fetched == [name(number) for number in sorted(numbers) if known.get(number) != "a"]
    for one in made.stretches:
        inside = [month for month in months if one.window.since <= moment(f"{month.month}-01") < one.window.until]  # type: ignore[operator]
        assert [month.month for month in inside] == list(one.fingerprints)
        assert len(inside) == 1 or one.window.rows <= rows  # type: ignore[operator]


@pytest.mark.parametrize("dataset", [RESTLESS, SETTLED])
def test_nothing_noted_means_everything_is_fetched(dataset: object) -> None:
    made = plan(facts(dataset), Watermark(), lambda: YEAR, rows=10**6)
    assert [len(one.fingerprints) for one in made.stretches] == [12]
