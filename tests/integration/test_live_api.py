"""The newest slots over HTTP: as rows, and as events as they come, from a real store."""

import csv
import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.serving import Api, problem, served
from tests.servers import mongodb, up
from tests.streaming import PLACES, document, forecast, of_day
from tools.services import SERVERS, Services
from watthouse.stream.documents import FRANCE, dataset_of
from watthouse.stream.store import Store

pytestmark = [pytest.mark.slow]

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
PAUSE = 0.1
"""Seconds between two looks of the server into the store."""
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


@dataclass(frozen=True)
class Stream:
    """A server whose home is empty, and the store that it looks into."""

    api: Api
    store: Store

    def put(self, *documents: dict[str, Any]) -> None:
        """Write documents as the processor does, and wait until the server has had to look again."""
        self.store.upsert(documents)
        self.store.settle({(each["dataset"], each["region"]) for each in documents})
        time.sleep(1.5 * PAUSE)

    def rows(self, path: str) -> list[dict[str, Any]]:
        answer = self.api.get(f"/live{path}")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["rows"])


@pytest.fixture(scope="module")
def stream(mongodb_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stream]:
    """One server for this file: every test writes about a region of its own, or a later slot."""
    folder = tmp_path_factory.mktemp("live")
    with mongodb(mongodb_server) as url, _serving(folder, url) as api:
        yield Stream(api, Store(url))


@contextmanager
def _serving(folder: Path, url: str, **variables: str) -> Iterator[Api]:
    settings = {"WATTHOUSE_STREAM_STORE": url, "WATTHOUSE_STREAM_POLL_SECONDS": str(PAUSE), **variables}
    with served(folder / "home", folder, sample=False, **settings) as api:
        yield api


class Events:
    """What a listener is told."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.iter_lines()

    def next(self, *, beats: bool = False) -> dict[str, Any]:
        """The next event: its name, id and data; heartbeats only where they are asked for."""
        for _ in range(8):  # heartbeats come for ever
            fields = dict(line.split(": ", 1) for line in iter(lambda: next(self._lines), ""))
            if "event" in fields and (beats or fields["event"] != "heartbeat"):
                return {**fields, "data": json.loads(fields["data"])}
        raise AssertionError("nothing but heartbeats")

    def until(self, name: str) -> None:
        """Pass over faults up to that event: why a store is away may change while it is."""
        while (event := self.next()["event"]) != name:
            assert event == "fault"

    def rest(self) -> list[str]:
        """The lines up to the end."""
        return list(self._lines)


@contextmanager
def listening(api: Api, last: str = "") -> Iterator[Events]:
    headers = {"last-event-id": last} if last else {}
    with httpx.stream("GET", f"{api.url}/api/v1/live/events", headers=headers, timeout=30) as answer:
        yield Events(answer)


def test_regions_are_the_newest_measured_slots(stream: Stream) -> None:
    for region in PLACES:
        stream.put(document(region, NOON), document(region, NOON + QUARTER), forecast(region, NOON + 2 * QUARTER))

    rows = stream.rows("/regions")

    assert [row["region"] for row in rows] == list(PLACES)
    for row in rows:
        written = document(row["region"], NOON + QUARTER)
        assert row["instant"] == "2026-03-10T12:15:00Z"
        assert row["production_mw"] - row["consommation_mw"] == row["difference_mw"] == written["difference_mw"]
        assert row["pct_nucleaire"] == pytest.approx(100 * row["nucleaire_mw"] / row["production_mw"])
    assert [row["region"] for row in rows if row["taux_co2_g_kwh"] is not None] == [FRANCE]


def test_rows_come_in_every_format_with_units_and_who_measured_them(stream: Stream) -> None:
    stream.put(document("11", NOON))
    answer = stream.api.get("/live/regions").json()
    units = {column["name"]: column["unit"] for column in answer["columns"]}
    assert (units["production_mw"], units["taux_co2_g_kwh"], units["pct_solaire"]) == ("MW", "g/kWh", "%")
    assert "RTE" in answer["source"]
    text = stream.api.get("/live/regions?format=csv").text
    assert [row["region"] for row in csv.DictReader(text.splitlines())] == [row["region"] for row in answer["rows"]]


def test_an_answer_that_the_caller_has_is_not_sent_again(stream: Stream) -> None:
    stream.put(document("27", NOON))
    tag = stream.api.get("/live/regions").headers["etag"]
    assert stream.api.get("/live/regions", if_none_match=tag).status_code == 304
    stream.put(document("27", NOON + 4 * QUARTER))
    assert stream.api.get("/live/regions", if_none_match=tag).status_code == 200


@pytest.mark.parametrize(("day", "slots"), [(SPRING, 92), (AUTUMN, 96), (date(2026, 3, 10), 96)])
def test_today_is_the_civil_day_of_the_newest_slot(stream: Stream, day: date, slots: int) -> None:
    # in autumn the first pass of the hour that comes twice is never published
    twice = {datetime(2026, 10, 25, 0, minute, tzinfo=UTC) for minute in (0, 15, 30, 45)}
    stream.put(*(each for each in of_day("53", day) if each["instant"] not in twice))
    stream.store.forget(datetime(2026, 3, 1, tzinfo=UTC))
    if day == date(2026, 3, 10):  # an older day than those before it
        stream.store.forget(datetime(2027, 1, 1, tzinfo=UTC))
        stream.put(*of_day("53", day))

    rows = stream.rows("/regions/53/today")

    assert len(rows) == slots
    assert {row["date"] for row in rows} == {day.isoformat()}
    assert rows == sorted(rows, key=lambda row: str(row["instant"]))
    assert rows[0]["heure"] == "00:00"
    assert rows[-1]["heure"] == "23:45"


def test_a_slot_revised_this_morning_is_in_today_before_another_one_is_newest(stream: Stream) -> None:
    stream.put(document("28", NOON), document("28", NOON + QUARTER))
    tag = stream.api.get("/live/regions/28/today").headers["etag"]
    stream.put(document("28", NOON, NOON + timedelta(days=1), consommation_mw=1))
    assert stream.api.get("/live/regions/28/today", if_none_match=tag).status_code == 200
    assert stream.rows("/regions/28/today")[0]["consommation_mw"] == 1


@pytest.mark.parametrize("code", ["94", "99", "Bretagne"])
def test_a_region_that_is_not_there_is_a_problem_that_names_those_that_are(stream: Stream, code: str) -> None:
    found = problem(stream.api.get(f"/live/regions/{code}/today"), 404, "insee")
    assert "FR, 11, 24" in found["detail"]


def test_a_listener_has_every_region_first_and_then_those_that_change(stream: Stream) -> None:
    stream.put(document("32", NOON + 3 * QUARTER), document("44", NOON + 3 * QUARTER))
    with listening(stream.api) as events:
        first = events.next()
        assert first["event"] == "snapshot"
        written = document("32", NOON + 3 * QUARTER)
        assert first["data"]["32"]["consommation_mw"] == written["consommation_mw"]
        assert first["data"]["44"]["instant"] == "2026-03-10T12:45:00Z"

        began = time.monotonic()
        stream.put(document("32", NOON + 8 * QUARTER, consommation_mw=4321))
        second = events.next()

    assert time.monotonic() - began < 2
    assert second["event"] == "regions"
    assert list(second["data"]) == ["32"]
    assert second["data"]["32"]["consommation_mw"] == 4321
    assert events.answer.headers["content-type"].startswith("text/event-stream")
    assert events.answer.headers["cache-control"] == "no-store"


def test_events_are_not_packed_and_not_in_the_histogram(stream: Stream) -> None:
    with listening(stream.api) as events:
        events.next()
        assert "content-encoding" not in events.answer.headers
        metrics = httpx.get(f"{stream.api.url}/metrics").text
        assert "watthouse_live_listeners 1.0" in metrics
        assert "watthouse_requests_under_way 1.0" in metrics  # this very one
    assert 'watthouse_request_seconds_count{route="/api/v1/live/events"}' not in metrics


def test_a_listener_that_comes_back_has_what_it_missed(stream: Stream) -> None:
    stream.put(document("52", NOON), document("75", NOON))
    with listening(stream.api) as events:
        known = events.next()["id"]
    stream.put(document("52", NOON + 8 * QUARTER))
    stream.put(document("75", NOON + 8 * QUARTER))

    with listening(stream.api, known) as events:
        missed = events.next()
    assert missed["event"] == "regions"
    assert sorted(missed["data"]) == ["52", "75"]

    with listening(stream.api, missed["id"]) as events:
        assert events.next()["data"] == {}


@pytest.mark.parametrize("last", ["5f0c-7", "nonsense", "-", "5f0c-99999999999999999999"])
def test_the_id_of_another_run_of_the_server_is_answered_by_everything(stream: Stream, last: str) -> None:
    stream.put(document("76", NOON))
    with listening(stream.api, last) as events:
        assert events.next()["event"] == "snapshot"


def test_what_a_call_has_found_first_is_told_all_the_same(stream: Stream) -> None:
    with listening(stream.api) as events:
        events.next()
        for number in range(5):
            stream.store.upsert([document("93", NOON + (9 + number) * QUARTER)])
            stream.store.settle([(dataset_of("93"), "93")])
            began = time.monotonic()
            while stream.rows("/regions")[-1]["instant"] != f"{NOON + (9 + number) * QUARTER:%Y-%m-%dT%H:%M:%SZ}":
                pass
            assert list(events.next()["data"]) == ["93"]
            assert time.monotonic() - began < 2


def test_a_withdrawn_region_is_told_as_null(stream: Stream) -> None:
    stream.put(document("84", NOON))
    with listening(stream.api) as events:
        events.next()
        stream.put(document("84", NOON, NOON + timedelta(days=1), consommation_mw=None))
        assert events.next()["data"] == {"84": None}


def test_a_listener_without_news_hears_a_heartbeat(stream: Stream) -> None:
    with listening(stream.api) as events:
        events.next()
        assert events.next(beats=True)["event"] == "heartbeat"


def test_metrics_say_how_far_the_processor_is_and_how_late_a_slot_was_told(stream: Stream) -> None:
    at = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
    lag = {"electricity_production": 12}
    stream.store.note_progress(
        {"at": at, "rows": 48, "seconds": 1.5, "dead_letters": 2, "lag": lag, "rows_per_second": 32.0}
    )
    with listening(stream.api) as events:
        events.next()
        stream.put(document(FRANCE, NOON + 20 * QUARTER, datetime.now(UTC)))
        events.next()
    metrics = dict(
        line.rsplit(" ", 1)
        for line in httpx.get(f"{stream.api.url}/metrics").text.splitlines()
        if line.startswith(("watthouse_stream", "watthouse_live"))
    )
    assert float(metrics['watthouse_stream_lag_messages{topic="electricity_production"}']) == 12
    assert float(metrics["watthouse_stream_dead_letters"]) == 2
    assert float(metrics["watthouse_stream_batch_rows"]) == 48
    assert float(metrics["watthouse_stream_batch_seconds"]) == 1.5
    assert float(metrics["watthouse_stream_processed_timestamp_seconds"]) == at.timestamp()
    assert float(metrics["watthouse_stream_store_reachable"]) == 1
    assert float(metrics['watthouse_live_delay_seconds_bucket{le="2.0"}']) >= 1


def test_nobody_polls_the_store_for_nobody(stream: Stream) -> None:
    with listening(stream.api) as events:
        events.next()
    time.sleep(0.5)
    assert "watthouse_live_listeners 0.0" in httpx.get(f"{stream.api.url}/metrics").text


def test_regions_have_the_newest_mix_beside_the_newest_slot(stream: Stream) -> None:
    began = NOON + timedelta(days=3)
    whole, newest = document("27", began), document("27", began + QUARTER)
    stream.put(whole, {**newest, "production_mw": None, "difference_mw": None, "mix_known": False})
    stream.put({**document("28", began), "production_mw": None, "mix_known": False})

    rows = {row["region"]: row for row in stream.rows("/regions")}

    assert (rows["27"]["instant"], rows["27"]["production_mw"]) == ("2026-03-13T12:15:00Z", None)
    assert rows["27"]["mix_instant"] == "2026-03-13T12:00:00Z"
    assert rows["27"]["mix_production_mw"] - whole["consommation_mw"] == rows["27"]["mix_difference_mw"]
    assert rows["27"]["mix_production_mw"] == whole["production_mw"]
    assert (rows["28"]["mix_instant"], rows["28"]["mix_production_mw"]) == (None, None)


def test_the_rate_limit_counts_a_listener_once(mongodb_server: str, tmp_path: Path) -> None:
    with (
        mongodb(mongodb_server) as url,
        _serving(tmp_path, url, WATTHOUSE_RATE_LIMIT="3") as api,
        listening(api) as events,
    ):
        for number in range(3):
            Store(url).upsert([document("11", NOON + number * QUARTER)])
            Store(url).settle([(dataset_of("11"), "11")])
            events.next()
        assert api.get("/live/regions").status_code == 200
        assert api.get("/live/regions").status_code == 200
        problem(api.get("/live/regions"), 429)


def test_without_a_store_every_call_says_what_to_set(tmp_path: Path) -> None:
    with served(tmp_path / "home", tmp_path, sample=False) as api:
        for path in ("/live/regions", "/live/regions/53/today", "/live/events"):
            assert "WATTHOUSE_STREAM_STORE" in problem(api.get(path), 404)["detail"]
        assert "watthouse_stream_store_reachable 0.0" in httpx.get(f"{api.url}/metrics").text


def test_a_server_ends_at_once_whoever_listens_and_the_next_one_tells_them_everything(
    mongodb_server: str, tmp_path: Path
) -> None:
    with mongodb(mongodb_server) as url:
        store = Store(url)
        store.upsert([document("11", NOON)])
        store.settle([(dataset_of("11"), "11")])
        with _serving(tmp_path, url) as api, listening(api) as events:
            last = events.next()["id"]
            began = time.monotonic()
            api.process.send_signal(signal.SIGINT)
            assert events.rest() == []
            api.process.wait(20)
            assert time.monotonic() - began < 6  # granian kills its worker after ten
        assert "Killing" not in api.log.read_text()
        with _serving(tmp_path, url) as again, listening(again, last) as events:
            assert events.next()["event"] == "snapshot"


def test_a_store_that_is_away_is_told_and_is_found_again(own_servers: Services, tmp_path: Path) -> None:
    server = SERVERS["mongodb"]
    url = f"{server.url(up(own_servers, 'mongodb'))}electricity"
    store = Store(url)
    store.upsert([document("11", NOON)])
    store.settle([(dataset_of("11"), "11")])
    with _serving(tmp_path, url) as api, listening(api) as events:
        assert list(events.next()["data"]) == ["11"]
        own_servers.down("mongodb", signal.SIGKILL)

        away = events.next()
        assert away["event"] == "fault"
        assert "cannot be reached" in away["data"]["detail"]
        assert "cannot be reached" in problem(api.get("/live/regions"), 503)["detail"]
        assert "watthouse_stream_store_reachable 0.0" in httpx.get(f"{api.url}/metrics", timeout=30).text

        running = own_servers.again(server)
        events.until("snapshot")
        assert api.get("/live/regions").json()["rows"][0]["region"] == "11"

        # one that takes what is sent and never answers
        os.kill(running.pid, signal.SIGSTOP)
        events.until("fault")
        began = time.monotonic()
        with ThreadPoolExecutor(60) as many:  # more than the server has threads
            assert {answer.status_code for answer in many.map(api.get, ["/live/regions"] * 60)} == {503}
        assert httpx.get(f"{api.url}/readyz").status_code == 503
        assert time.monotonic() - began < 10
        os.kill(running.pid, signal.SIGCONT)
        events.until("snapshot")
