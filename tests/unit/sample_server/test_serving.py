"""The server as a guest in a process, and as a process of its own."""

import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import httpx
import pytest

from tests.support import ROOT
from tests.unit.sample_server.tiny import NOW, Tiny
from watthouse.errors import UsageError
from watthouse.sample.publishing import Publisher
from watthouse.sample.server import Sample, Troubles, serve, serving

PROGRAM = """
from tests.unit.sample_server.tiny import NOW, Tiny
from watthouse.sample.server import Sample, serve
serve(Sample(Tiny(), now=NOW), 0, lambda url: print(url, flush=True))
print("ended")
"""


def test_it_ends_fast_and_leaves_no_thread_and_no_port() -> None:
    before = threading.enumerate()
    with serving(Sample(Tiny(), now=NOW)) as url, httpx.Client() as client:
        assert client.get(f"{url}/catalog/datasets/eco2mix-national-tr").status_code == 200
        start = time.monotonic()
    assert time.monotonic() - start < 1
    assert not [thread for thread in threading.enumerate() if thread not in before and thread.name == "sample"]
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_it_ends_while_a_request_hangs() -> None:
    with (
        ThreadPoolExecutor(1) as pool,
        serving(Sample(Tiny(), now=NOW, troubles=Troubles.of("hang:1"))) as url,
    ):
        hanging = pool.submit(httpx.get, f"{url}/catalog/datasets/eco2mix-national-tr", timeout=20)
        time.sleep(0.2)
        start = time.monotonic()
    assert time.monotonic() - start < 2
    assert isinstance(hanging.exception(), httpx.NetworkError | httpx.RemoteProtocolError)


def test_several_clients_are_answered_at_once() -> None:
    class Lazy(Tiny):
        def table(self, dataset_id, now, since=None, until=None):  # type: ignore[no-untyped-def]
            if since != until:
                time.sleep(0.4)
            return super().table(dataset_id, now, since, until)

    with serving(Sample(Lazy(), now=NOW)) as url, httpx.Client(base_url=f"{url}/catalog/datasets/") as client:
        client.get("eco2mix-national-cons-def")
        with ThreadPoolExecutor(5) as pool:
            calls = ("exports/csv", "exports/csv", "records", "records")
            answers = [pool.submit(client.get, f"eco2mix-national-tr/{call}") for call in calls]
            time.sleep(0.1)
            start = time.monotonic()
            assert client.get("nowhere").status_code == 404
            assert time.monotonic() - start < 0.5
            assert {answer.result().status_code for answer in answers} == {200}
        assert time.monotonic() - start < 2.4


def test_small_answers_do_not_wait_for_acknowledgements() -> None:
    """Without TCP_NODELAY every second write of an answer takes 40 ms."""
    found = []

    class Looking:
        async def app(self, scope, receive, send):  # type: ignore[no-untyped-def]
            for connection in scope["state"]["connections"]:
                tcp = connection.transport.get_extra_info("socket")
                found.append(tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    with serving(Looking()) as url:
        httpx.get(url)
    assert found == [1]


@pytest.mark.parametrize(
    ("since", "now", "says"),
    [
        (date(2009, 12, 31), NOW, "it has no data before 2010"),
        (date(2026, 9, 4), NOW, "its clock is at 2026-09-03 12:30Z, before that"),
        (date(9999, 1, 1), None, "before that"),
    ],
)
def test_a_history_that_cannot_be_is_refused_in_one_line(since: date, now: datetime | None, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        Sample(Publisher(since=since), now=now)
    assert says in str(refused.value)
    assert str(since) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_history_may_begin_on_the_day_it_is_in_paris() -> None:
    Sample(Publisher(since=date(2026, 9, 4)), now=datetime(2026, 9, 3, 22, 0, tzinfo=UTC))
    Sample(Publisher(since=date(2010, 1, 1)), now=NOW)


def test_a_taken_port_is_a_usage_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for call in (lambda: serve(Sample(Tiny()), port), lambda: serving(Sample(Tiny()), port).__enter__()):
            with pytest.raises(UsageError, match=f"port {port} of 127.0.0.1 is not available"):
                call()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(ending: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        url = child.stdout.readline().strip()
        assert httpx.get(f"{url}/catalog/datasets/eco2mix-national-tr").status_code == 200
        child.send_signal(ending)
        out, err = child.communicate(timeout=10)
    assert (child.returncode, out.strip(), err) == (0, "ended", "")


def test_a_client_that_goes_away_stops_the_work() -> None:
    class Endless(Tiny):
        def months(self, dataset_id, now):  # type: ignore[no-untyped-def]
            return [f"{year}-{month:02}" for year in range(1900, 2100) for month in range(1, 13)]

        def table(self, dataset_id, now, since=None, until=None):  # type: ignore[no-untyped-def]
            time.sleep(0.01)
            frame = super().table(dataset_id, now)
            self.asked += 1
            return frame

    tiny = Endless()
    with serving(Sample(tiny, now=NOW)) as url, httpx.Client() as client:
        address = f"{url}/catalog/datasets/eco2mix-regional-tr/exports/jsonl"
        with client.stream("GET", address) as response:
            next(response.iter_raw())
        time.sleep(0.5)
        asked = tiny.asked
        time.sleep(0.3)
        assert tiny.asked == asked
