"""Trouble on demand: each kind, when it comes, and what it looks like from outside."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import polars as pl
import pytest

from watthouse.errors import UsageError
from watthouse.sample.server import Sample, Troubles
from watthouse.sample.trouble import EVENTS, STATES

NATIONAL = "eco2mix-national-tr"
EXPORT = f"{NATIONAL}/exports"


@contextmanager
def trouble(sample: Sample, declared: str) -> Iterator[None]:
    sample.troubles = Troubles.of(declared)
    yield


def statuses(client: httpx.Client, calls: int, path: str = NATIONAL) -> list[int]:
    return [client.get(path).status_code for _ in range(calls)]


def test_every_nth_request_gets_it(sample: Sample, client: httpx.Client) -> None:
    with trouble(sample, "500:3,503:4"):
        assert statuses(client, 12) == [200, 200, 500, 503, 200, 500, 200, 503, 500, 200, 200, 500]


def test_only_exports_count_for_what_befalls_exports(sample: Sample, client: httpx.Client) -> None:
    with trouble(sample, "json:2"):
        for _ in range(3):
            assert statuses(client, 1) == [200]
        assert len(client.get(f"{EXPORT}/json").json()) == 168
        assert "error_code" in client.get(f"{EXPORT}/json").json()


def test_429_tells_when_to_come_back_in_two_ways_by_turns(sample: Sample, client: httpx.Client) -> None:
    with trouble(sample, "429:1"):
        first, second = client.get(NATIONAL), client.get(NATIONAL)
    assert first.status_code == second.status_code == 429
    assert first.headers["retry-after"] == "1"
    wait = parsedate_to_datetime(second.headers["retry-after"]) - datetime.now(UTC)
    assert timedelta(seconds=0) < wait <= timedelta(seconds=2)
    strings, epochs = first.headers["x-ratelimit-reset"], second.headers["x-ratelimit-reset"]
    assert datetime.fromisoformat(strings) == datetime.fromtimestamp(int(epochs), UTC)
    assert first.json()["errorcode"] == 10002
    assert first.json()["error"].startswith("Too many requests on the domain.")
    assert int(first.headers["x-ratelimit-remaining"]) > 0


def test_the_two_ways_alternate_however_seldom_it_comes() -> None:
    troubles = Troubles.of("429:2")
    turns = [troubles.turn("records") for _ in range(8)]
    assert [turn.again for turn in turns if turn.event] == [False, True, False, True]


@pytest.mark.parametrize("kind", ["429-day", "429-anonymous"])
def test_a_quota_that_is_spent_stays_spent(kind: str) -> None:
    troubles = Troubles.of(f"{kind}:3")
    assert [troubles.turn("records").event for _ in range(7)] == [None, None, *[kind] * 5]
    troubles.clear()
    assert troubles.turn("records").event is None


def test_429_day_leaves_nothing_until_midnight(sample: Sample, client: httpx.Client) -> None:
    with trouble(sample, "429-day"):
        response = client.get(NATIONAL)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert response.status_code == 429
    assert response.headers["x-ratelimit-remaining"] == "0"
    assert datetime.fromisoformat(response.headers["x-ratelimit-reset"]) == midnight
    assert "retry-after" not in response.headers
    assert datetime.fromisoformat(response.json()["reset_time"]) == midnight
    assert response.json()["limit_time_unit"] == "day"


def test_slow_lets_the_first_byte_wait_and_the_rest_trickle(sample: Sample, client: httpx.Client) -> None:
    sample.troubles = Troubles.of("slow:1")
    start = time.monotonic()
    with client.stream("GET", f"{EXPORT}/json") as response:
        first = time.monotonic() - start
        content = b"".join(response.iter_bytes())
    assert first >= 0.2
    assert time.monotonic() - start >= first + 0.15
    assert len(json.loads(content)) == 168


def test_hang_never_answers(sample: Sample, client: httpx.Client) -> None:
    with trouble(sample, "hang:1"), pytest.raises(httpx.ReadTimeout):
        client.get(NATIONAL, timeout=0.3)
    sample.troubles = Troubles()
    assert statuses(client, 1) == [200]


@pytest.mark.parametrize("path", [NATIONAL, f"{NATIONAL}/records", f"{EXPORT}/csv", f"{EXPORT}/parquet"])
def test_cut_ends_in_the_middle_of_a_body(sample: Sample, client: httpx.Client, path: str) -> None:
    sample.troubles = Troubles.of("cut:1")
    with client.stream("GET", path) as response:
        pieces = response.iter_raw()
        first = next(pieces)
        with pytest.raises(httpx.RemoteProtocolError):
            list(pieces)
    assert response.status_code == 200
    assert first


def test_reset_drops_the_connection_before_any_answer(sample: Sample, client: httpx.Client) -> None:
    with trouble(sample, "reset:1"), pytest.raises(httpx.ReadError):
        client.get(NATIONAL)


def test_html_is_a_web_page_under_a_200(sample: Sample, client: httpx.Client) -> None:
    with trouble(sample, "html:1"):
        response = client.get(f"{EXPORT}/parquet")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert response.text.startswith("<!DOCTYPE html>")


def test_json_is_an_error_under_a_200(sample: Sample, client: httpx.Client) -> None:
    with trouble(sample, "json:1"):
        response = client.get(f"{EXPORT}/parquet")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    assert set(response.json()) == {"error_code", "message"}


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "parquet"])
def test_interrupted_says_so_in_the_middle_and_ends_well(sample: Sample, client: httpx.Client, form: str) -> None:
    whole = client.get(f"{EXPORT}/{form}").content
    with trouble(sample, "interrupted:1"):
        response = client.get(f"{EXPORT}/{form}")
    assert response.status_code == 200
    before, words, after = response.content.partition(b"\nStreaming interrupted due to the following error: ")
    assert words
    assert after.endswith(b" (error_code: InternalServerError)\n")
    assert 1_000 < len(before) < len(whole) * 0.9


def test_interrupted_text_breaks_between_rows(sample: Sample, client: httpx.Client) -> None:
    with trouble(sample, "interrupted:1"):
        before = client.get(f"{EXPORT}/jsonl").text.partition("\nStreaming interrupted")[0]
    assert all(json.loads(line) for line in before.splitlines())


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "parquet"])
def test_short_is_well_formed_and_lacks_rows(sample: Sample, client: httpx.Client, form: str) -> None:
    with trouble(sample, "short:1"):
        content = client.get(f"{EXPORT}/{form}").content
    rows = {
        "csv": lambda: len(content.splitlines()) - 1,
        "json": lambda: len(json.loads(content)),
        "jsonl": lambda: len([json.loads(line) for line in content.splitlines()]),
        "parquet": lambda: pl.read_parquet(content).height,
    }[form]()
    assert 0 < rows < 168


@pytest.mark.parametrize("limit", [1, 2, 100])
@pytest.mark.parametrize("offset", [0, 7])
def test_short_takes_from_what_a_limit_leaves(sample: Sample, client: httpx.Client, limit: int, offset: int) -> None:
    with trouble(sample, "short:1"):
        rows = client.get(f"{EXPORT}/json", params={"limit": limit, "offset": offset}).json()
    assert len(rows) < limit


def test_forbidden_refuses_who_sends_no_key(sample: Sample, client: httpx.Client) -> None:
    with trouble(sample, "forbidden"):
        for path in (NATIONAL, f"{NATIONAL}/records", f"{EXPORT}/parquet"):
            response = client.get(path)
            assert response.status_code == 403
            assert response.json() == {"error_code": "ForbiddenAccess"}
        assert client.get(NATIONAL, headers={"Authorization": "Apikey anything"}).status_code == 200


def test_429_anonymous_is_the_quota_of_who_sends_no_key(sample: Sample, client: httpx.Client) -> None:
    with trouble(sample, "429-anonymous,500:2"):
        refused = client.get(NATIONAL)
        assert [client.get(NATIONAL, headers={"Authorization": "Apikey me"}).status_code for _ in range(3)] == [
            500, 200, 500
        ]  # fmt: skip
    assert refused.status_code == 429
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert (refused.json()["errorcode"], refused.json()["call_limit"]) == (10005, 1000)
    assert refused.json()["error"] == "You have exceeded the requests limit for anonymous users."


def test_where_a_key_is_known_any_other_is_refused_and_none_is_needed(
    sample: Sample, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "key", "s3cret")
    sent = ({"Authorization": "Apikey s3cret"}, {}, {"Authorization": "Apikey other"}, {"Authorization": "s3cret"})
    answers = [client.get(NATIONAL, headers=headers) for headers in sent]
    assert [answer.status_code for answer in answers] == [200, 200, 403, 403]
    assert answers[2].json() == {"error_code": "ForbiddenAccess"}


def test_clock_is_three_hours_off(sample: Sample, client: httpx.Client) -> None:
    with trouble(sample, "clock"):
        dates = client.get(NATIONAL).headers.get_list("date")
    off = parsedate_to_datetime(dates[0]) - datetime.now(UTC)
    assert abs(off - timedelta(hours=3)) < timedelta(seconds=5)
    assert len(dates) == 1


def test_no_parquet_answers_every_other_format(sample: Sample, client: httpx.Client) -> None:
    with trouble(sample, "no-parquet"):
        assert statuses(client, 4, f"{EXPORT}/parquet") == [404, 400, 404, 400]
        assert statuses(client, 1, f"{EXPORT}/jsonl") == [200]


def test_no_column_is_gone_everywhere(sample: Sample, client: httpx.Client) -> None:
    with trouble(sample, "no-column=solaire"):
        assert "solaire" not in {field["name"] for field in client.get(NATIONAL).json()["fields"]}
        assert "solaire" not in client.get(f"{NATIONAL}/records").json()["results"][0]
        assert "solaire" not in pl.read_parquet(client.get(f"{EXPORT}/parquet").content).columns
        asked = client.get(f"{EXPORT}/parquet?select=solaire")
    assert asked.status_code == 400
    assert asked.json()["message"] == "ODSQL query is malformed: Unknown field: solaire"


def test_renamed_is_not_found_while_others_are(sample: Sample, client: httpx.Client) -> None:
    with trouble(sample, f"renamed={NATIONAL}"):
        assert statuses(client, 2) == [404, 404]
        assert statuses(client, 1, f"{EXPORT}/csv") == [404]
        assert statuses(client, 1, "eco2mix-regional-tr") == [200]


def test_no_group_refuses_groups_alone(sample: Sample, client: httpx.Client) -> None:
    with trouble(sample, "no-group"):
        refused = client.get(f"{NATIONAL}/records?select=count(*)&group_by=month(date_heure)")
        assert refused.status_code == 400
        assert refused.json()["error_code"] == "ODSQLError"
        assert statuses(client, 1, f"{NATIONAL}/records?select=count(*)") == [200]


def test_every_trouble_still_tells_the_quota_and_the_sample(sample: Sample, client: httpx.Client) -> None:
    for kind in ("429:1", "429-day", "500:1", "503:1", "html:1", "no-parquet"):
        with trouble(sample, kind):
            headers = client.get(f"{EXPORT}/parquet").headers
        assert headers["x-watthouse-sample"] == "seed=7", kind
        assert "x-ratelimit-dataset-remaining" in headers, kind


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ("gremlins:3", "unknown trouble 'gremlins'"),
        ("429", "add how often, as in 429:5"),
        ("cut:0", "a whole number, 1 or more"),
        ("cut:", "a whole number, 1 or more"),
        ("cut:-1", "a whole number, 1 or more"),
        ("cut:²", "a whole number, 1 or more"),
        ("cut:7,clock:x", "trouble 'clock:x'"),
        ("no-column", "write it no-column=NAME"),
        ("clock=3", "write it clock"),
        ("no-column=bogus", "no dataset has a column 'bogus'"),
        ("renamed=eco2mix-lunar-tr", "eco2mix-lunar-tr"),
    ],
)
def test_trouble_that_cannot_be_read_is_refused_in_one_line(declared: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        Troubles.of(declared)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_troubles_are_written_as_they_are_read() -> None:
    declared = "429:5,cut:7,clock,no-column=solaire,renamed=eco2mix-national-tr,no-group:2,429-day"
    assert str(Troubles.of(declared)) == declared
    assert str(Troubles.of("")) == ""
    every_event = ",".join(f"{kind}:2" for kind in EVENTS)
    assert str(Troubles.of(every_event)) == every_event
    assert EVENTS.keys().isdisjoint(STATES)


def test_a_sequence_of_requests_always_fares_alike() -> None:
    def fares() -> list[str | None]:
        troubles = Troubles.of("429:3,short:2,cut:5")
        return [troubles.turn("exports/csv" if number % 2 else "records").event for number in range(60)]

    assert fares() == fares()
    assert {"429", "short", "cut", None} == set(fares())
