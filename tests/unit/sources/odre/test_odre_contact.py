import gzip
import json
import logging
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest
import trustme

from tests.unit.sources.odre.odre_server import (
    GAS,
    HANG,
    SEPTEMBER,
    answer,
    connected,
    date_header,
    described,
    facts,
    gas,
    knobs,
    serving,
)
from watthouse.catalog import CATALOG
from watthouse.errors import ClockError, SourceError, UnreachableError, UsageError, WatthouseError
from watthouse.home import Home
from watthouse.operate import pipeline
from watthouse.sources.odre import Facts, Odre
from watthouse.sync.report import Selection

pytestmark = pytest.mark.usefixtures("quick")

SECRET = "s3cr3t-k3y-0123456789"


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def refused(url: str, home: Path, **more: object) -> str:
    """The line of a first contact that fails."""
    began = time.monotonic()
    with Odre(knobs(url, home, reach_seconds=0.5, **more)) as odre, pytest.raises(UnreachableError) as caught:
        odre.facts([GAS])
    assert time.monotonic() - began < 1.5
    line = str(caught.value)
    assert "\n" not in line
    assert line.endswith("check the network, or see the sample: `watthouse refresh --sample`")
    return line


def test_a_host_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", absent)
    assert "odre.nowhere cannot be reached (no such host)" in refused("https://odre.nowhere/api", tmp_path)


def test_a_look_up_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: done.wait(20))
    assert "odre.nowhere cannot be reached (no answer in 0.5 s)" in refused("https://odre.nowhere/api", tmp_path)
    done.set()


def test_a_host_that_cannot_be_spelt_is_said(tmp_path: Path) -> None:
    assert "cannot be reached" in refused(f"https://{'a' * 70}.example/api", tmp_path)


def test_a_closed_port_is_refused(tmp_path: Path, closed_port: int) -> None:
    line = refused(f"http://127.0.0.1:{closed_port}/api", tmp_path)
    assert line.startswith(f"127.0.0.1:{closed_port} cannot be reached (connection refused)")


def test_a_service_that_says_nothing_is_given_up_in_time_and_asked_once(tmp_path: Path) -> None:
    with serving(any=[HANG]) as service:
        assert "no answer in 0.5 s" in refused(service.url, tmp_path)
        assert len(service.asked) == 1


def test_a_handshake_that_never_comes_is_given_up_in_time(tmp_path: Path, silent_port: int) -> None:
    assert "no answer in 0.5 s" in refused(f"https://127.0.0.1:{silent_port}/api", tmp_path)


def test_the_interpreter_ends_though_a_look_up_hangs(tmp_path: Path) -> None:
    hanging = """
import socket, sys, time
socket.getaddrinfo = lambda *_, **__: time.sleep(30)
from watthouse.operate import pipeline
from watthouse.catalog import live
from watthouse.settings import Settings
from watthouse.sources.odre import Odre
with Odre(Settings(odre_url="https://odre.nowhere/api", reach_seconds=0.2, home=sys.argv[1])) as odre:
    odre.facts(list(live().values()))
"""
    ended = subprocess.run(
        [sys.executable, "-c", hanging, tmp_path], capture_output=True, text=True, check=False, timeout=20
    )
    assert "UnreachableError: odre.nowhere cannot be reached (no answer in 0.2 s)" in ended.stderr


def test_a_certificate_that_nobody_signed_is_said(tmp_path: Path) -> None:
    with secure() as port:
        line = refused(f"https://localhost:{port}/api", tmp_path)
    assert "TLS refused: unable to get local issuer certificate" in line


def test_what_speaks_no_tls_is_said(tmp_path: Path) -> None:
    with serving() as service:
        assert "TLS refused" in refused(service.url.replace("http:", "https:"), tmp_path)


def test_a_proxy_that_forbids_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda asked: answer("no", 403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.removesuffix("/api/explore/v2.1"))
        assert "the proxy said 403" in refused("https://odre.nowhere/api", tmp_path)


def test_a_proxy_that_cannot_be_used_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "quux://proxy:1")
    with pytest.raises(UnreachableError, match="HTTPS_PROXY"):
        Odre(knobs("https://odre.nowhere/api", tmp_path))


@pytest.mark.parametrize(
    "said", ["", "odre.opendatasoft.com", "ftp://odre.opendatasoft.com", "https://", "https://[::"]
)
def test_what_is_no_address_is_said(tmp_path: Path, said: str) -> None:
    with pytest.raises(UsageError, match="WATTHOUSE_ODRE_URL"):
        Odre(knobs(said, tmp_path))


@pytest.mark.parametrize(
    "said",
    [
        f"https://me:{SECRET}@odre.nowhere/api",
        f"https://{SECRET}@odre.nowhere/api",
        f"https://odre.nowhere/api?apikey={SECRET}",
        f"https://odre.nowhere/api#{SECRET}",
        f"htps://me:{SECRET}@odre.nowhere/api",
    ],
)
def test_a_secret_in_the_address_is_refused_and_not_repeated(tmp_path: Path, said: str) -> None:
    settings = knobs(said, tmp_path / "home")
    with pytest.raises(UsageError, match="WATTHOUSE_ODRE_URL") as caught:
        pipeline.fetch(Home(settings), None, Selection.of([GAS.id]))
    assert SECRET not in str(caught.value)
    assert {path.name for path in settings.home.iterdir()} <= {"refresh.lock", "refresh.pid", "runs.json"}
    assert SECRET not in (settings.home / "runs.json").read_text()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_service_on_this_machine_is_not_asked_through_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed_port: int, name: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{closed_port}")
    with serving() as service, Odre(knobs(service.url.replace("127.0.0.1", name), tmp_path)) as odre:
        assert isinstance(odre.facts([GAS])[GAS], Facts)


@pytest.mark.parametrize("age", ["7" * 5000, "-1", "1.5", "x"])
def test_an_age_that_is_none_is_not_stumbled_over(tmp_path: Path, age: str) -> None:
    old = date_header(timedelta(days=-1)) if age.isdecimal() else date_header()
    with serving(lambda asked: gas(asked, date=old, age=age)) as service, Odre(knobs(service, tmp_path)) as odre:
        assert isinstance(odre.facts([GAS])[GAS], Facts)


def test_a_connection_lost_later_is_tried_again_and_then_unreachable(tmp_path: Path, closed_port: int) -> None:
    with connected(Odre(knobs(f"http://127.0.0.1:{closed_port}/api", tmp_path))) as odre:
        with pytest.raises(UnreachableError, match=r"connection refused.*tried 4 times"):
            list(odre.downloads(facts(), [SEPTEMBER]))
        assert (odre.usage.requests, odre.usage.retries) == (4, 3)


@pytest.mark.parametrize(
    ("ahead", "said"), [(timedelta(hours=3), "3 h behind"), (timedelta(minutes=-10), "10 min ahead of")]
)
def test_clocks_that_disagree_stop_the_refresh(tmp_path: Path, ahead: timedelta, said: str) -> None:
    with (
        serving(lambda asked: gas(asked, date=date_header(ahead))) as service,
        Odre(knobs(service, tmp_path)) as odre,
        pytest.raises(ClockError, match=f"this machine's clock is {said} ODRÉ's") as caught,
    ):
        odre.facts([GAS])
    assert "set it right, every observation is stamped with it" in str(caught.value)


@pytest.mark.parametrize("said", [4, -4, "", "soon"])
def test_clocks_that_nearly_agree_or_say_nothing_are_let_pass(tmp_path: Path, said: int | str) -> None:
    said = said if isinstance(said, str) else date_header(timedelta(minutes=said))
    with serving(lambda asked: gas(asked, date=said)) as service, Odre(knobs(service, tmp_path)) as odre:
        assert isinstance(odre.facts([GAS])[GAS], Facts)


def test_an_answer_that_lay_in_a_cache_is_as_old_as_it_says(tmp_path: Path) -> None:
    old = date_header(timedelta(hours=-2))
    with serving(lambda asked: gas(asked, date=old, age="7200")) as service, Odre(knobs(service, tmp_path)) as odre:
        assert isinstance(odre.facts([GAS])[GAS], Facts)


WHOLE = json.dumps(described()).encode()


@pytest.mark.parametrize(
    ("members", "rest", "tries"),
    [((WHOLE[:99], WHOLE[99:]), b"", 1), ((WHOLE,), b"garbage", 2), ((WHOLE,), b"\x1f\x8b\x08", 2)],
)
def test_a_gzip_stream_is_all_of_its_members_and_nothing_else(
    tmp_path: Path, members: tuple[bytes, ...], rest: bytes, tries: int
) -> None:
    first = answer(b"".join(map(gzip.compress, members)) + rest, content_encoding="gzip")
    with serving(metadata=[first]) as service, Odre(knobs(service, tmp_path)) as odre:
        assert isinstance(odre.facts([GAS])[GAS], Facts)
        assert len(service.asked) == tries


def test_an_answer_whose_cache_dates_it_anew_and_counts_its_age_too_is_no_other_clock(tmp_path: Path) -> None:
    with serving(lambda asked: gas(asked, age="7200")) as service, Odre(knobs(service, tmp_path)) as odre:
        assert isinstance(odre.facts([GAS])[GAS], Facts)


def test_redirects_within_the_service_are_followed(tmp_path: Path) -> None:
    def route(asked: object) -> bytes:
        path = asked.path  # type: ignore[attr-defined]
        return answer("", 307, location=f"/moved{path}") if not path.startswith("/moved") else gas(asked)  # type: ignore[arg-type]

    with serving(route) as service, Odre(knobs(service, tmp_path, api_key=SECRET)) as odre:
        assert isinstance(odre.facts([GAS])[GAS], Facts)
        assert [asked.headers["authorization"] for asked in service.asked] == [f"Apikey {SECRET}"] * 2


@pytest.mark.parametrize(
    "there", ["http://127.0.0.1:{port}/x", "https://login.example/?a=b", "http://[bad", "//elsewhere"]
)
def test_a_redirect_elsewhere_is_not_followed_and_the_key_stays(tmp_path: Path, there: str) -> None:
    with serving() as other:
        location = there.format(port=other.url.split(":")[2].split("/")[0])
        with (
            serving(lambda asked: answer("", 302, location=location)) as service,
            Odre(knobs(service, tmp_path, api_key=SECRET)) as odre,
            pytest.raises(UnreachableError, match=r"redirects .302. to .* where watthouse does not follow"),
        ):
            odre.facts([GAS])
        assert not other.asked
        assert len(service.asked) == 1


def test_redirects_in_a_circle_end(tmp_path: Path) -> None:
    with (
        serving(lambda asked: answer("", 302, location=asked.path)) as service,
        Odre(knobs(service, tmp_path)) as odre,
        pytest.raises(UnreachableError, match="in a loop"),
    ):
        odre.facts([GAS])


def test_it_says_who_it_is_and_takes_gzip(tmp_path: Path) -> None:
    with serving() as service, Odre(knobs(service, tmp_path)) as odre:
        odre.facts([GAS])
    headers = service.asked[0].headers
    assert headers["user-agent"] == f"watthouse/{version('watthouse')} (python-httpx/{httpx.__version__})"
    assert headers["accept-encoding"] == "gzip"
    assert "authorization" not in headers


def test_the_key_is_in_no_message_no_address_and_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    echo = {"message": f"the key Apikey {SECRET} is not known", "error_code": "Unauthorized"}
    replies = [answer(echo, status) for status in (401, 400, 429, 500, 200)]
    lies = answer(f"<html><title>{SECRET}</title></html>")
    with caplog.at_level(logging.DEBUG), serving(lambda asked: replies[0]) as service:
        settings = knobs(service, tmp_path, api_key=SECRET, attempts=2)
        said = [repr(settings), str(settings)]
        with Odre(settings) as odre:
            said += [repr(odre), repr(vars(odre))]
            for _ in list(replies):
                said.append(_message(odre))
                replies.append(replies.pop(0))
            service.route = lambda asked: lies
            said.append(_message(odre))
    assert len(service.asked) == 2 * 6 - 2
    assert all(asked.headers["authorization"] == f"Apikey {SECRET}" for asked in service.asked)
    assert not [asked for asked in service.asked if SECRET in asked.path + str(asked.params)]
    assert any("401" in line for line in said)
    everything = [*said, *(record.getMessage() for record in caplog.records), caplog.text]
    assert "httpcore" in caplog.text
    assert "httpx" in caplog.text
    assert not [text for text in everything if SECRET in text]


@pytest.mark.parametrize("key", ["with space", "clé"])
def test_a_key_that_cannot_be_one_is_refused_without_being_told(tmp_path: Path, key: str) -> None:
    with pytest.raises(UsageError, match="WATTHOUSE_API_KEY") as caught:
        Odre(knobs("https://odre.nowhere/api", tmp_path, api_key=key))
    assert key not in str(caught.value)


def test_who_only_asks_leaves_the_downloads_of_another_alone(tmp_path: Path) -> None:
    another = tmp_path / "scratch" / "odre" / "1"
    another.parent.mkdir(parents=True)
    another.write_bytes(b"under way")
    with serving() as service, Odre(knobs(service, tmp_path)) as odre:
        assert "answers in" in odre.reach()
        odre.facts([GAS])
    assert another.exists()


def test_reach_says_what_it_met(tmp_path: Path) -> None:
    left = {"x_ratelimit_dataset_remaining": "49977", "x_ratelimit_dataset_limit": "50000"}
    route = lambda asked: gas(asked, x_watthouse_sample="seed=3", **left)  # noqa: E731
    with serving(route) as service, Odre(knobs(service, tmp_path)) as odre:
        assert odre.sample is None
        said = odre.reach()
        assert odre.sample == "seed=3"
    assert said.startswith(f"watthouse's synthetic sample (seed=3) at {odre.host} answers in 0.")
    assert said.endswith("49,977 of 50,000 requests a month and dataset left")
    with serving(lambda asked: answer("<html>", 503)) as service, Odre(knobs(service, tmp_path)) as odre:
        with pytest.raises(WatthouseError, match="answered 503"):
            odre.reach()
        assert len(service.asked) == 1


def test_every_dataset_is_asked_for_at_once(tmp_path: Path) -> None:
    meet = threading.Barrier(3, timeout=5)

    def route(asked: object) -> bytes:
        if asked.path.rsplit("/", 1)[-1] != GAS.id:  # type: ignore[attr-defined]
            meet.wait()
        return gas(asked)  # type: ignore[arg-type]

    others = [dataset for dataset in CATALOG.values() if dataset is not GAS][:3]
    with serving(route) as service, Odre(knobs(service, tmp_path, fetch_threads=3)) as odre:
        said = odre.facts([GAS, *others])
    assert list(said) == [GAS, *others]
    assert isinstance(said[GAS], Facts)
    assert all(isinstance(said[other], SourceError) for other in others)  # gas has none of their columns


def _message(odre: Odre) -> str:
    try:
        found = odre.facts([GAS])[GAS]
        assert isinstance(found, SourceError)
        return f"{found} {found!r}"
    except WatthouseError as error:
        return f"{error} {error!r}"


class secure:  # noqa: N801
    """A TLS service with a certificate of its own making."""

    def __init__(self) -> None:
        self._certificate = trustme.CA().issue_cert("localhost")

    def __enter__(self) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._certificate.configure_cert(context)
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, args=(context,), daemon=True).start()
        return int(self._listener.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self, context: ssl.SSLContext) -> None:
        try:
            connection, _ = self._listener.accept()
            with connection, context.wrap_socket(connection, server_side=True):
                pass
        except OSError:
            return
