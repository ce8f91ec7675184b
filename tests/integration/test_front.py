"""What the server refuses before anything else sees it: addresses, bodies, hosts, methods, websockets; real bytes."""

import re
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.integration import wire
from tests.integration.serving import TOKEN, Api, problem, served
from tests.support import watthouse

pytestmark = pytest.mark.slow

NAMES = "&".join(f"n{number}" for number in range(16_000))
TARGETS = ("/", "/docs", "/api/v1/regions", "/api/v1/nothing", "/metrics", "/meters/get-data", "/assets/live.js")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server of a home in which nothing was built yet: what is refused here needs none."""
    folder = tmp_path_factory.mktemp("door")
    with served(folder / "home", folder, sample=False, WATTHOUSE_API_TOKEN=TOKEN) as running:
        yield running


def test_sixteen_thousand_parameters_are_refused_at_once_and_nobody_waits_for_that(door: Api) -> None:
    """They once kept the event loop for 21 seconds."""
    statuses: list[int] = []
    sender = threading.Thread(
        target=lambda: statuses.extend(
            wire.asked(door, wire.head("GET", f"/api/v1/regions?{names}"))
            for names in [NAMES, *[f"a{number}&{NAMES[:50_000]}" for number in range(10)]]
        )
    )
    sender.start()
    waits = []
    while sender.is_alive() or not waits:
        began = time.monotonic()
        assert door.client.get("/healthz", timeout=30).status_code == 200
        waits.append(time.monotonic() - began)
    assert set(statuses) <= {414, 431}
    assert statistics.median(waits) < 0.05
    assert max(waits) < 1


@pytest.mark.parametrize("path", ["/api/v1/regions", "/", "/meters/get-data"])
def test_an_address_has_so_many_parameters_and_bytes_and_no_more(path: str, door: Api) -> None:
    problem(door.client.get(f"{path}?{'&'.join(f'n{n}=1' for n in range(65))}"), 400)
    problem(door.client.get(f"{path}?since={'9' * 9_000}"), 414)
    assert door.client.get(f"{path}?since={'9' * 4_000}").status_code in (200, 400, 422)


def test_a_head_without_end_is_cut_off(door: Api) -> None:
    lines = [f"X-{number}: {'x' * 3_000}" for number in range(90)]
    assert wire.asked(door, wire.head("GET", "/healthz", *lines)) in (0, 431)
    assert wire.asked(door, wire.head("GET", "/healthz", *[f"X-{number}: x" for number in range(300)])) in (0, 431)


@pytest.mark.parametrize(
    "path", ["/_dash-update-component", "/api/v1/refresh", "/api/v1/meters/uploads", "/api/v1/meters/loads", "/nowhere"]
)
def test_a_body_of_a_gibibyte_is_refused_before_any_of_it_was_sent(path: str, door: Api) -> None:
    request = wire.head("POST", path, f"Content-Length: {2**30}", f"Authorization: Bearer {TOKEN}")
    assert wire.asked(door, request) == 413


def test_a_body_in_chunks_is_counted_as_it_comes(door: Api) -> None:
    chunk = b"10000\r\n" + b"{}," * 21_845 + b"{\r\n"
    with wire.connected(door) as connection:
        lines = ["Transfer-Encoding: chunked", "Content-Type: application/json"]
        connection.sendall(wire.head("POST", "/_dash-update-component", *lines))
        sent = 0
        try:
            while sent < 100:
                connection.sendall(chunk)
                sent += 1
                time.sleep(0.02)
        except ConnectionError:
            pass
        assert sent < 50
    assert door.client.get("/healthz").status_code == 200


def test_what_is_not_read_is_not_kept(door: Api) -> None:
    assert door.client.get("/mix").status_code == 200  # the pages take their own memory as they are loaded
    before = door.worker().memory_info().rss
    for _ in range(3):
        # whether the answer is seen before the connection ends is up to the network
        with suppress(httpx.TransportError):
            answer = door.client.post("/_dash-update-component", content=(b"{}," * 350_000 for _ in range(100)))
            assert answer.status_code == 413
    assert door.worker().memory_info().rss - before < 50 * 2**20


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_only_reads_takes_no_body(method: str, door: Api) -> None:
    assert wire.asked(door, wire.head(method, "/api/v1/regions", "Content-Length: 2") + b"{}") == 400
    assert wire.asked(door, wire.head(method, "/api/v1/regions", "Transfer-Encoding: chunked") + b"0\r\n\r\n") == 400
    assert wire.asked(door, wire.head(method, "/healthz", "Content-Length: 0")) in (200, 405)


def test_invented_methods_leave_no_trace_in_the_metrics(door: Api) -> None:
    before = len(door.client.get("/metrics").text)
    with wire.connected(door) as connection:
        for number in range(300):
            connection.sendall(wire.head(f"INVENTED{number}", "/api/v1/regions", "Connection: keep-alive"))
            assert wire.status(connection) == 405
    text = door.client.get("/metrics").text
    assert "INVENTED" not in text
    assert 'method="other"' in text
    assert len(text) - before < 5_000


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8050", "127.0.0.1", "127.0.0.1:1", "[::1]:8050", "localhost."]
)
def test_the_names_of_this_machine_are_answered_to(host: str, door: Api) -> None:
    assert wire.asked(door, wire.head("GET", "/api/v1/regions", host=host)) == 200


@pytest.mark.parametrize("path", TARGETS)
@pytest.mark.parametrize(
    "host", ["attacker.example", "localhost.attacker.example", "203.0.113.7", "[2001:db8::1]", "localhost:x", "", "a b"]
)
def test_any_other_name_is_refused(host: str, path: str, door: Api) -> None:
    answer = door.client.get(path, headers={"host": host})
    assert "WATTHOUSE_HOSTS" in problem(answer, 421)["detail"]


def test_a_request_names_one_host(door: Api) -> None:
    assert wire.asked(door, b"GET /api/v1/regions HTTP/1.1\r\nHost: localhost\r\nHost: attacker.example\r\n\r\n") == 400
    assert wire.asked(door, b"GET /api/v1/regions HTTP/1.0\r\n\r\n") == 421


def test_a_probe_may_ask_by_any_name(door: Api) -> None:
    assert door.client.get("/healthz", headers={"host": "10.1.2.3:8050"}).status_code == 200
    assert door.client.get("/readyz", headers={"host": "10.1.2.3:8050"}).status_code == 503


@pytest.mark.parametrize("path", [*TARGETS, "/api/v1/openapi.json", "/mix", "/swagger/start.js"])
def test_no_answer_knows_the_address_it_was_asked_by(path: str, door: Api) -> None:
    """Behind a proxy that ends TLS it would be another one."""
    answer = door.client.get(path, headers={"host": "localhost:4711", "x-forwarded-host": "attacker.example"})
    for text in (answer.text, str(answer.headers)):
        assert "localhost:4711" not in text
        assert "attacker" not in text


def test_a_redirect_leads_to_a_path(door: Api) -> None:
    answer = door.client.get("/api/v1/regions/?format=json")
    assert (answer.status_code, answer.headers["location"]) == (307, "/api/v1/regions?format=json")


def test_callbacks_have_no_websocket(door: Api) -> None:
    lines = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    key, origin = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", f"Origin: {door.url}"
    for path in ("/_dash-ws-callback", "/", "/api/v1/live/events"):
        request = wire.head("GET", path, *lines, key, origin, host=door.url.removeprefix("http://"))
        assert wire.asked(door, request) in (200, 404)


@pytest.mark.parametrize(
    ("path", "status"),
    [*((path, 0) for path in TARGETS), ("/healthz", 200), ("/x?" + "a&" * 99, 400), ("/docs/x", 404)],
)
def test_no_answer_lets_a_page_run_what_was_written_into_it(path: str, status: int, door: Api) -> None:
    answer = door.client.get(path)
    assert not status or answer.status_code == status
    policy = dict(
        (*part.split(None, 1), "")[:2] for part in answer.headers["content-security-policy"].split(";") if part
    )
    assert policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy.get("script-src", policy["default-src"]) in ("'self'", "'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/docs", "/mix"])
def test_a_page_has_no_script_of_its_own(path: str, door: Api) -> None:
    page = door.client.get(path, headers={"accept": "text/html"}).text
    for tag, text in re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL):
        # what is data to a browser does not run
        assert not text.strip() or 'type="application/json"' in tag, tag
    assert not re.search(r"\son\w+=", page)


def test_a_token_that_is_guessed_at_is_not_looked_at_for_long(door: Api) -> None:
    def sent(token: str, source: str) -> int:
        return wire.asked(door, wire.head("POST", "/api/v1/refresh?x=1", f"Authorization: Bearer {token}"), source)

    def guessed(source: str) -> int:
        return wire.asked(door, wire.head("POST", "/api/v1/meters/loads", "Authorization: Bearer guess"), source)

    assert [guessed("127.0.0.3") for _ in range(30)] == [401] * 20 + [429] * 10
    assert sent(TOKEN, "127.0.0.3") == 429
    assert guessed("127.0.0.4") == 401
    # a wrong parameter is told of before the token is looked at: that must not open the door again
    assert [sent("guess", "127.0.0.5") for _ in range(21)][-1] == 429
    # who has the token is nobody who guesses, whatever becomes of the call
    assert [sent(TOKEN, "127.0.0.6") for _ in range(30)] == [422] * 30


def test_names_of_the_settings_are_answered_to(tmp_path: Path) -> None:
    names = "energy.example.org, with.port.example:8050, 2001:db8::7, *.inside.example"
    with served(tmp_path / "home", tmp_path, sample=False, WATTHOUSE_HOSTS=names) as api:
        for host, status in (
            ("energy.example.org:443", 200),
            ("Energy.Example.org", 200),
            ("with.port.example", 200),
            ("[2001:db8::7]:8050", 200),
            ("a.b.inside.example", 200),
            ("localhost", 200),
            ("inside.example", 421),
            ("evilinside.example", 421),
            ("example.org", 421),
        ):
            assert api.client.get("/api/v1/regions", headers={"host": host}).status_code == status, host


def test_who_listens_everywhere_is_told_what_that_means_and_is_found_by_address(tmp_path: Path) -> None:
    with served(tmp_path / "home", tmp_path, "--host", "0.0.0.0", sample=False) as api:
        (line,) = [line for line in api.log.read_text().splitlines() if line.startswith("exposed")]
        assert "can read all of it" in line
        assert "no WATTHOUSE_API_TOKEN" in line
        assert "WATTHOUSE_HOSTS" in line
        assert api.client.get("/api/v1/regions", headers={"host": "192.0.2.7:8050"}).status_code == 200
        problem(api.client.get("/api/v1/regions", headers={"host": "attacker.example"}), 421)


def test_the_client_is_whom_a_trusted_proxy_names_and_nobody_else(tmp_path: Path) -> None:
    variables = {"WATTHOUSE_RATE_LIMIT": "3", "WATTHOUSE_TRUSTED_PROXIES": "127.0.0.2, 10.0.0.0/8"}
    with served(tmp_path / "home", tmp_path, sample=False, **variables) as api:

        def statuses(source: str, *forwarded: str) -> list[int]:
            lines = [f"X-Forwarded-For: {value}" for value in forwarded]
            return [wire.asked(api, wire.head("GET", "/api/v1/regions", *lines), source) for _ in range(4)]

        over = [200, 200, 200, 429]
        # each client of the proxy has a share of its own
        assert statuses(wire.OTHERS, "192.0.2.1") == over
        assert statuses(wire.OTHERS, "192.0.2.2") == over
        # what stands left of it was written by the client; proxies of ours are passed over
        assert statuses(wire.OTHERS, "198.51.100.9, 192.0.2.1:4711, 10.3.4.5") == [429] * 4
        assert statuses(wire.OTHERS, "198.51.100.9", "192.0.2.2") == [429] * 4
        # nobody else is believed: these four are one client
        mixed = [wire.head("GET", "/api/v1/regions", f"X-Forwarded-For: 192.0.2.{n}") for n in range(10, 14)]
        assert [wire.asked(api, one, "127.0.0.9") for one in mixed] == over


def test_a_network_that_is_none_is_refused_in_one_line(tmp_path: Path) -> None:
    done = watthouse(tmp_path, "status", env={"WATTHOUSE_TRUSTED_PROXIES": "10.0.0.0/8,proxy"})
    assert done.returncode == 2
    assert "WATTHOUSE_TRUSTED_PROXIES" in done.stderr
    assert "Traceback" not in done.stderr
