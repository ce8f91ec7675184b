"""The server as a guest in a process, and as a process of its own."""

import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.support import ROOT
from tests.unit.sample_server.tiny import NOW, Tiny
from watthouse.errors import UsageError
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


def test_a_taken_port_is_a_usage_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for call in (lambda: serve(Sample(Tiny()), port), lambda: serving(Sample(Tiny()), port).__enter__()):
            with pytest.raises(UsageError, match=f"port {port} of 127.0.0.1 cannot be had"):
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
