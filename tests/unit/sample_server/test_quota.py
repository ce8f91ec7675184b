"""The quota: what the headers say is what is left."""

from datetime import UTC, datetime, timedelta

import httpx

from tests.unit.sample_server.tiny import NOW
from watthouse.sample.server import Sample
from watthouse.sample.service.quota import Limits, Meter

ONE, OTHER = "eco2mix-national-tr", "eco2mix-regional-tr"


def left(response: httpx.Response) -> tuple[int, int]:
    return int(response.headers["x-ratelimit-dataset-remaining"]), int(response.headers["x-ratelimit-remaining"])


def test_every_answer_tells_what_is_left_of_both_quotas(client: httpx.Client) -> None:
    assert left(client.get(ONE)) == (49_999, 9_999_999)
    assert left(client.get(f"{ONE}/records")) == (49_998, 9_999_998)
    assert left(client.get(f"{ONE}/records?limit=1473")) == (49_997, 9_999_997)
    assert left(client.get(f"{OTHER}/exports/csv")) == (49_999, 9_999_996)
    unknown = client.get("eco2mix-lunar-tr")
    assert "x-ratelimit-dataset-remaining" not in unknown.headers
    assert unknown.headers["x-ratelimit-remaining"] == "9999995"


def test_resets_are_date_strings_of_the_next_month_and_day(client: httpx.Client) -> None:
    headers = client.get(ONE).headers
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    month = (midnight.replace(day=28) + timedelta(days=4)).replace(day=1)
    assert headers["x-ratelimit-dataset-reset"] == f"{month:%Y-%m-%d} 00:00:00+00:00"
    assert headers["x-ratelimit-reset"] == f"{midnight + timedelta(days=1):%Y-%m-%d} 00:00:00+00:00"
    assert (headers["x-ratelimit-dataset-limit"], headers["x-ratelimit-limit"]) == ("50000", "10000000")


def test_a_spent_quota_refuses_one_dataset_and_not_the_other(sample: Sample, client: httpx.Client) -> None:
    sample.meter.limits = Limits(dataset=2)
    answers = [client.get(ONE) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert answers[-1].headers["x-ratelimit-dataset-remaining"] == "0"
    assert answers[-1].json()["errorcode"] == 10002
    assert answers[-1].json()["limit_time_unit"] == "month"
    assert answers[-1].json()["call_limit"] == 2
    assert "retry-after" not in answers[-1].headers
    assert client.get(OTHER).status_code == 200


def test_a_quota_is_whole_again_after_its_reset() -> None:
    moment = [datetime(2026, 12, 30, 23, tzinfo=UTC)]
    meter = Meter(Limits(dataset=3, day=2), lambda: moment[0])

    def spend() -> tuple[list[int], bool]:
        allowances, forbidden = meter.spend(ONE)
        return [allowance.remaining for allowance in allowances], forbidden is not None

    assert [spend() for _ in range(3)] == [([1, 2], False), ([0, 1], False), ([0, 1], True)]
    moment[0] += timedelta(hours=2)
    assert [spend() for _ in range(2)] == [([1, 0], False), ([1, 0], True)]
    moment[0] += timedelta(days=1)
    assert spend() == ([1, 2], False)
    assert [str(allowance.reset.date()) for allowance in meter.spend(ONE)[0]] == ["2027-01-02", "2027-02-01"]


def test_control_calls_cost_nothing(client: httpx.Client, control: httpx.Client) -> None:
    control.get("/sample")
    assert left(client.get(ONE)) == (49_999, 9_999_999)


def test_the_quota_runs_on_the_real_clock_like_the_date_header(sample: Sample, client: httpx.Client) -> None:
    before = client.get(ONE).headers["x-ratelimit-reset"]
    sample.move(NOW + timedelta(days=4000))
    assert client.get(ONE).headers["x-ratelimit-reset"] == before
