import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.unit.sources.odre.odre_server import GAS, NATIONAL, SEPTEMBER, Asked, answer, facts, gas, knobs, serving
from watthouse.errors import QuotaError, SourceError, UnreachableError
from watthouse.sources.odre import Facts, Odre
from watthouse.sources.odre.quota import Quota, SpentError, moment

pytestmark = pytest.mark.usefixtures("quick")

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
MIDNIGHT = (datetime.now(UTC) + timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.mark.parametrize(
    ("said", "is_"),
    [
        ("2026-10-01 00:00:00+00:00", OCTOBER),
        ("2026-10-01T00:00:00Z", OCTOBER),
        ("2026-10-01 02:00:00+02:00", OCTOBER),
        ("2026-10-01", OCTOBER),
        ("1790812800", OCTOBER),
        (1790812800, OCTOBER),
        ("1790812800.0", OCTOBER),
        ("1790812800000", OCTOBER),
        ("Thu, 01 Oct 2026 00:00:00 GMT", OCTOBER),
        ("soon", None),
        ("", None),
        (None, None),
        ("-5", None),
        ("nan", None),
        ("9" * 400, None),
    ],
)
def test_a_reset_is_read_in_every_spelling(said: object, is_: datetime | None) -> None:
    assert moment(said) == is_


def test_a_small_number_is_seconds_from_now() -> None:
    found = moment("90")
    assert found is not None
    assert abs(found - datetime.now(UTC) - timedelta(seconds=90)) < timedelta(seconds=1)


def quota(family: str, remaining: int, limit: int | None, reset: str | None = str(MIDNIGHT)) -> dict[str, str]:
    said = {"remaining": str(remaining), "limit": limit and str(limit), "reset": reset}
    return {f"{family}-{name}": value for name, value in said.items() if value is not None}  # type: ignore[misc]


@pytest.mark.parametrize(
    ("family", "where", "refusal"),
    [("x-ratelimit-dataset", f" for {GAS.id}", SpentError), ("x-ratelimit", "", QuotaError)],
)
@pytest.mark.parametrize("spelling", ["{0}", "{0:%Y-%m-%dT%H:%M:%SZ}", "epoch"])
def test_the_reserve_is_never_used(family: str, where: str, refusal: type[Exception], spelling: str) -> None:
    reset = str(int(MIDNIGHT.timestamp())) if spelling == "epoch" else spelling.format(MIDNIGHT)
    kept = Quota(100)
    kept.spend(GAS.id)
    kept.note(GAS.id, quota(family, 103, 50_000, reset))
    for _ in range(3):
        kept.spend(GAS.id)
    with pytest.raises(refusal) as caught:
        kept.spend(GAS.id)
    line = str(caught.value)
    assert line.startswith(f"ODRÉ's quota{where} is nearly spent: 100 of 50,000 requests a ")
    assert f"are left until {MIDNIGHT:%Y-%m-%d} 00:00Z" in line
    assert line.endswith("run again then")


def test_the_dataset_quota_is_kept_apart_from_the_others_and_the_day_is_shared() -> None:
    kept = Quota(100)
    kept.note(GAS.id, quota("x-ratelimit-dataset", 100, 50_000))
    kept.spend(NATIONAL.id)
    kept.note(NATIONAL.id, quota("x-ratelimit", 100, 10_000_000))
    with pytest.raises(QuotaError, match="requests a day"):
        kept.spend("another")


@pytest.mark.parametrize(
    ("limit", "goes_on_at", "stops_at"), [(50, 6, 5), (9, 1, 0), (1_000, 101, 100), (None, 101, 100)]
)
def test_a_small_quota_keeps_a_tenth(limit: int | None, goes_on_at: int, stops_at: int) -> None:
    kept = Quota(100)
    kept.note(GAS.id, quota("x-ratelimit-dataset", goes_on_at, limit))
    kept.spend(GAS.id)
    with pytest.raises(SpentError, match=f" {stops_at} "):
        kept.spend(GAS.id)


def test_a_quota_whose_time_is_over_holds_nobody_up() -> None:
    kept = Quota(100)
    kept.note(GAS.id, quota("x-ratelimit-dataset", 0, 50_000, str(datetime.now(UTC) - timedelta(seconds=1))))
    kept.spend(GAS.id)


def test_a_quota_that_begins_anew_counts_anew() -> None:
    kept = Quota(100)
    kept.note(GAS.id, quota("x-ratelimit-dataset", 101, 50_000))
    kept.note(GAS.id, quota("x-ratelimit-dataset", 49_999, 50_000, str(MIDNIGHT + timedelta(days=30))))
    for _ in range(5):
        kept.spend(GAS.id)


def test_an_answer_that_was_overtaken_does_not_give_back_what_is_spent() -> None:
    kept = Quota(100)
    kept.note(GAS.id, quota("x-ratelimit-dataset", 101, 50_000))
    kept.note(GAS.id, quota("x-ratelimit-dataset", 104, 50_000))
    kept.spend(GAS.id)
    with pytest.raises(SpentError):
        kept.spend(GAS.id)


@pytest.mark.parametrize("headers", [{}, {"x-ratelimit-remaining": "many"}, {"x-ratelimit-limit": "5"}])
def test_a_service_that_says_nothing_of_quotas_is_asked_freely(headers: dict[str, str]) -> None:
    kept = Quota(100)
    kept.note(GAS.id, headers)
    kept.spend(GAS.id)


@pytest.mark.parametrize(("family", "refusal"), [("x-ratelimit-dataset", SpentError), ("x-ratelimit", QuotaError)])
def test_a_session_stops_before_the_quota_is_spent(tmp_path: Path, family: str, refusal: type[Exception]) -> None:
    left = [108]

    def route(asked: Asked) -> bytes:
        left[0] -= 1
        return gas(asked, **quota(family, left[0], 50_000))

    settings = {"fetch_threads": 4, "quota_reserve": 100}
    with serving(route) as service, Odre(knobs(service, tmp_path, **settings)) as odre:
        assert isinstance(odre.facts([GAS])[GAS], Facts)
        arrived: list[int] = []
        with pytest.raises(refusal, match="100 of 50,000 requests"):
            arrived.extend(download.rows for download in odre.downloads(facts(), [SEPTEMBER] * 20))
        assert arrived == [30] * 7
        assert left[0] == 100


@pytest.mark.parametrize("spent", ["by its reserve", "by its answer"])
def test_a_dataset_whose_month_is_spent_stands_still_alone(tmp_path: Path, spent: str) -> None:
    """Its windows are given up at the first, and whatever else is asked is answered."""
    none = quota("x-ratelimit-dataset", 0, 50_000) | quota("x-ratelimit", 9_000_000, 10_000_000)

    def route(asked: Asked) -> bytes:
        headers = none if f"/{GAS.id}" in asked.path else {}
        return answer("", 429, **headers) if headers and spent == "by its answer" else gas(asked, **headers)

    with serving(route) as service, Odre(knobs(service, tmp_path, fetch_threads=1)) as odre:
        said = odre.facts([GAS, NATIONAL])
        assert (spent == "by its reserve") == isinstance(said[GAS], Facts)
        assert str(said[NATIONAL]).startswith(NATIONAL.id), "it has other columns here"
        if spent == "by its answer":
            assert isinstance(said[GAS], SpentError)
            assert f"quota for {GAS.id} is spent until {MIDNIGHT:%Y-%m-%d} 00:00Z" in str(said[GAS])
        asked = len(service.asked)
        with pytest.raises(SpentError, match=f"quota for {GAS.id} is nearly spent"):
            list(odre.downloads(facts(), [SEPTEMBER] * 20))
        assert len(service.asked) == asked


def test_a_quota_that_begins_anew_soon_is_waited_for(tmp_path: Path) -> None:
    reset = str(datetime.now(UTC) + timedelta(seconds=2.5))
    few = quota("x-ratelimit", 1, 10, reset)
    with serving(lambda asked: gas(asked, **few)) as service, Odre(knobs(service, tmp_path)) as odre:
        odre.facts([GAS])
        began = time.monotonic()
        assert isinstance(odre.facts([GAS])[GAS], Facts)
        assert 0.5 < time.monotonic() - began < 5
        assert len(service.asked) == 2


@pytest.mark.parametrize("reset", [None, str(MIDNIGHT)])
def test_a_quota_of_which_nobody_knows_when_it_begins_anew_is_not_waited_for(tmp_path: Path, reset: str | None) -> None:
    few = quota("x-ratelimit", 1, 10, reset)
    with serving(lambda asked: gas(asked, **few)) as service, Odre(knobs(service, tmp_path)) as odre:
        odre.facts([GAS])
        began = time.monotonic()
        with pytest.raises(QuotaError, match="is nearly spent: 1 of 10 requests a day are left"):
            odre.facts([GAS])
        assert time.monotonic() - began < 1
        assert len(service.asked) == 1


def refusing(home: Path, *replies: bytes, **more: object) -> tuple[object, int, float]:
    """What comes of asking for facts where the service first replies so: outcome, requests, seconds."""
    with serving(metadata=list(replies)) as service, Odre(knobs(service, home, **more)) as odre:
        began = time.monotonic()
        try:
            outcome: object = odre.facts([GAS])[GAS]
        except Exception as error:
            outcome = error
        return outcome, len(service.asked), time.monotonic() - began


def in_seconds(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("status", [429, 503, 500])
def test_retry_after_in_seconds_is_waited_for(tmp_path: Path, status: int) -> None:
    outcome, asked, seconds = refusing(tmp_path, answer("", status, retry_after="1"))
    assert isinstance(outcome, Facts)
    assert asked == 2
    assert 1 <= seconds < 3


def test_retry_after_as_a_date_is_on_the_clock_of_the_service(tmp_path: Path) -> None:
    late = {"retry_after": in_seconds(241), "date": in_seconds(240)}
    outcome, asked, seconds = refusing(tmp_path, answer("", 429, **late))
    assert isinstance(outcome, Facts)
    assert asked == 2
    assert 0.9 <= seconds < 3.5


def just_after(reset: datetime) -> bool:
    return timedelta(seconds=-0.05) <= datetime.now(UTC) - reset < timedelta(seconds=3)


def test_without_retry_after_the_reset_in_the_body_is_waited_for(tmp_path: Path) -> None:
    reset = datetime.now(UTC) + timedelta(seconds=1)
    body = {"errorcode": 10002, "reset_time": str(reset), "error": "Too many"}
    outcome, _, _ = refusing(tmp_path, answer(body, 429))
    assert isinstance(outcome, Facts)
    assert just_after(reset)


@pytest.mark.parametrize("epoch", [True, False])
def test_without_either_the_reset_of_the_spent_quota_is_waited_for(tmp_path: Path, epoch: bool) -> None:
    reset = datetime.now(UTC) + timedelta(seconds=1)
    spent = quota("x-ratelimit-dataset", 0, None, str(reset.timestamp()) if epoch else str(reset))
    outcome, _, _ = refusing(tmp_path, answer("", 429, **spent, **quota("x-ratelimit", 9_000, 10_000)))
    assert isinstance(outcome, Facts)
    assert just_after(reset)


def test_a_burst_with_quota_left_is_backed_off_from_not_sat_out(tmp_path: Path) -> None:
    left = quota("x-ratelimit-dataset", 40_000, 50_000) | quota("x-ratelimit", 9_000_000, 10_000_000)
    outcome, asked, seconds = refusing(tmp_path, answer("", 429, **left))
    assert isinstance(outcome, Facts)
    assert asked == 2
    assert seconds < 1


def test_the_reset_of_a_quota_says_nothing_about_a_service_that_breaks(tmp_path: Path) -> None:
    outcome, _, seconds = refusing(tmp_path, answer("", 500, **quota("x-ratelimit", 9_000, 10_000)))
    assert isinstance(outcome, Facts)
    assert seconds < 1


def test_a_quota_spent_for_longer_than_patience_stops_at_once(tmp_path: Path) -> None:
    body = {
        "errorcode": 10002,
        "reset_time": f"{MIDNIGHT:%Y-%m-%dT%H:%M:%SZ}",
        "limit_time_unit": "day",
        "call_limit": 10000,
        "error": "Too many requests on the domain. Please contact the domain administrator.",
    }
    outcome, asked, seconds = refusing(tmp_path, answer(body, 429))
    assert isinstance(outcome, QuotaError)
    assert str(outcome) == (
        f"ODRÉ's quota is spent until {MIDNIGHT:%Y-%m-%d} 00:00Z (10,000 requests a day; it answered 429 (10002: Too"
        " many requests on the domain. Please contact the domain administrator.)): run again then"
    )
    assert asked == 1
    assert seconds < 1


def test_a_month_that_is_spent_names_the_quota_from_the_headers(tmp_path: Path) -> None:
    outcome, asked, _ = refusing(tmp_path, answer("", 429, **quota("x-ratelimit-dataset", 0, 50_000)))
    assert isinstance(outcome, SpentError)
    assert f"is spent until {MIDNIGHT:%Y-%m-%d} 00:00Z (50,000 requests a month and dataset; it answered 429)" in str(
        outcome
    )
    assert asked == 1


def test_a_service_that_wants_a_long_pause_is_left(tmp_path: Path) -> None:
    outcome, asked, seconds = refusing(tmp_path, answer("", 503, retry_after="3600"))
    assert isinstance(outcome, UnreachableError)
    assert "answered 503 and asks for a pause of 3,600 s" in str(outcome)
    assert (asked, seconds < 1) == (1, True)


def test_a_quota_that_stays_spent_is_given_up_after_so_many_tries(tmp_path: Path) -> None:
    outcome, asked, _ = refusing(tmp_path, *[answer({"error": "slow down"}, 429)] * 9)
    assert isinstance(outcome, QuotaError)
    assert "answered 429 (slow down), tried 4 times" in str(outcome)
    assert asked == 4


def test_a_request_is_given_up_when_patience_ends(tmp_path: Path) -> None:
    patience = {"attempts": 99, "retry_seconds": 0.1, "patience_seconds": 0.7}
    outcome, asked, seconds = refusing(tmp_path, *[answer("", 500)] * 99, **patience)
    assert isinstance(outcome, SourceError)
    assert 2 <= asked <= 5
    assert 0.7 <= seconds < 3.5


def test_waits_add_up_to_no_more_than_patience(tmp_path: Path) -> None:
    replies = [answer("", 503, retry_after="1")] * 9
    outcome, asked, seconds = refusing(tmp_path, *replies, attempts=9, patience_seconds=2.5)
    assert isinstance(outcome, UnreachableError)
    assert asked == 3
    assert seconds < 3.5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 501])
def test_what_will_not_change_is_not_asked_for_again(tmp_path: Path, status: int) -> None:
    outcome, asked, _ = refusing(tmp_path, answer({"message": "words of the service"}, status))
    assert isinstance(outcome, SourceError)
    assert asked == 1
    if status != 404:
        assert f"answered {status} (words of the service)" in str(outcome)
