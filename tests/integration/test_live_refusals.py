"""What can be wrong with a service: one line, the right exit code, and what was fetched stays."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
import trustme

from tests.integration.service import Service, service, utc
from tests.support import begun, command, environment, watthouse
from watthouse.catalog import CATALOG
from watthouse.lake.ledger import Lake

pytestmark = [pytest.mark.slow]

NAME = "eco2mix-national-tr"
NOW = utc("2025-12-01T10:40")


@pytest.fixture(scope="module")
def served() -> Iterator[Service]:
    with service(date(2025, 10, 1), NOW) as running:
        yield running


@pytest.fixture(autouse=True)
def in_good_order(served: Service) -> None:
    served.trouble("")
    served.at(NOW)


def refused(done: subprocess.CompletedProcess[str], code: int = 1) -> str:
    """The one line of a refusal."""
    assert done.returncode == code, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith(("watthouse:", "refused"))]
    return line


def rows(home: Path, name: str = NAME) -> int:
    return Lake(home / "lake").extent(CATALOG[name]).rows


@contextmanager
def listening(context: ssl.SSLContext | None = None, *, answer: bool = True) -> Iterator[int]:
    """A port that speaks TLS with a certificate nobody knows, or accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                    if context:
                        context.wrap_socket(connection, server_side=True).close()
                    elif answer:
                        connection.close()
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]


def ask(home: Path, url: str, **variables: str) -> tuple[subprocess.CompletedProcess[str], float]:
    began = time.monotonic()
    done = watthouse(home, "refresh", env={"WATTHOUSE_ODRE_URL": url, **variables})
    return done, time.monotonic() - began


@pytest.mark.parametrize("verb", ["refresh", "fetch", "grab"])
def test_a_dataset_that_comes_by_files_alone_is_never_asked_for(verb: str, served: Service, tmp_path: Path) -> None:
    before = served.requests
    line = refused(watthouse(tmp_path, verb, "eco2mix-tempo", env=served.variables), code=2)
    assert "eco2mix-tempo comes by files alone" in line
    assert served.requests == before


def test_a_host_that_is_not_known_is_said_within_five_seconds(tmp_path: Path) -> None:
    done, seconds = ask(tmp_path, "https://no-such-host.invalid/api/explore/v2.1")
    line = refused(done)
    assert "no-such-host.invalid" in line
    assert "--sample" in line
    assert seconds < 10


def test_a_closed_port_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "refused" in refused(ask(tmp_path, f"http://127.0.0.1:{port}/api/explore/v2.1")[0])


def test_a_silent_host_is_given_up_in_time(tmp_path: Path) -> None:
    with listening(answer=False) as port:
        done, _ = ask(tmp_path, f"http://127.0.0.1:{port}/api/explore/v2.1", WATTHOUSE_REACH_SECONDS="1")
    assert "no answer in 1 s" in refused(done)


def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with listening(context) as port:
        line = refused(ask(tmp_path / "home", f"https://localhost:{port}/api/explore/v2.1")[0])
    assert "TLS" in line
    assert "certificate" in line


def test_a_quota_that_is_spent_stops_with_a_line_and_what_was_fetched_is_built(served: Service, tmp_path: Path) -> None:
    begun(tmp_path)
    served.trouble("429-day:5")
    done = watthouse(tmp_path, "refresh", NAME, env={**served.variables, "WATTHOUSE_WINDOW_ROWS": "1"})
    line = refused(done)
    assert "quota" in line
    assert "run again" in line
    held = rows(tmp_path)
    assert held
    assert "built" in done.stdout
    served.trouble("")
    assert watthouse(tmp_path, "refresh", NAME, env=served.variables).returncode == 0
    assert rows(tmp_path) > held


@pytest.mark.parametrize("used", [50_000, 49_899])
def test_a_month_that_is_spent_for_one_dataset_holds_no_other_up(used: int, served: Service, tmp_path: Path) -> None:
    """All of it, or all but the reserve and a request."""
    meter, other = served.sample.meter, "stock-quotidien-stockages-gaz"
    month = meter.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    meter._used[NAME, month.isoformat()] = used
    try:
        line = refused(watthouse(tmp_path, "fetch", NAME, other, env=served.variables))
    finally:
        meter.clear()
    assert f"quota for {NAME} is" in line
    assert not rows(tmp_path)
    assert rows(tmp_path, other)


def test_a_renamed_dataset_is_said_and_the_others_go_on(served: Service, tmp_path: Path) -> None:
    begun(tmp_path)
    served.trouble(f"renamed={NAME}")
    line = refused(watthouse(tmp_path, "refresh", env=served.variables))
    assert NAME in line
    assert "404" in line
    assert not rows(tmp_path)
    assert rows(tmp_path, "eco2mix-regional-tr")


@pytest.mark.parametrize("column", ["date_heure", "consommation"])
def test_a_column_gone_that_cannot_be_done_without_is_said(column: str, served: Service, tmp_path: Path) -> None:
    begun(tmp_path)
    served.trouble(f"no-column={column}")
    line = refused(watthouse(tmp_path, "refresh", NAME, env=served.variables))
    assert NAME in line
    assert column in line


def test_another_column_gone_is_noted_and_what_was_known_stays(served: Service, tmp_path: Path) -> None:
    begun(tmp_path)
    assert watthouse(tmp_path, "refresh", NAME, env=served.variables).returncode == 0
    held = rows(tmp_path)
    served.trouble("no-column=solaire")
    done = watthouse(tmp_path, "refresh", NAME, "--full", env=served.variables)
    assert done.returncode == 0, done.stderr
    assert "solaire" in done.stdout
    assert rows(tmp_path) == held, "a column that is gone withdraws no value"


def test_a_refresh_that_stays_tells_of_a_column_gone_once(served: Service, tmp_path: Path) -> None:
    served.trouble("no-column=solaire")
    with subprocess.Popen(
        command("refresh", NAME, "--follow", "--full"),
        env=environment(tmp_path, {**served.variables, "PYTHONUNBUFFERED": "1"}),
        stdout=subprocess.PIPE,
        text=True,
    ) as staying:
        assert staying.stdout
        assert f"{NAME} " in staying.stdout.readline()
        assert "solaire" in staying.stdout.readline()
        staying.terminate()
        assert staying.stdout.read().strip() == "stopped"


@pytest.mark.parametrize(("trouble", "word"), [("html:1", "web page"), ("json:1", "error")])
def test_an_answer_that_lies_about_its_type_is_said(trouble: str, word: str, served: Service, tmp_path: Path) -> None:
    begun(tmp_path)
    assert watthouse(tmp_path, "refresh", NAME, env=served.variables).returncode == 0
    served.at(utc("2025-12-01T11:40"))
    served.trouble(trouble)
    held = rows(tmp_path)
    line = refused(watthouse(tmp_path, "refresh", NAME, env={**served.variables, "WATTHOUSE_ATTEMPTS": "2"}))
    assert word in line
    assert rows(tmp_path) == held


def test_a_clock_that_is_wrong_is_said_before_anything_is_stamped(served: Service, tmp_path: Path) -> None:
    served.trouble("clock")
    line = refused(watthouse(tmp_path, "refresh", env=served.variables))
    assert "clock" in line
    assert "3 h" in line
    assert not (tmp_path / "lake").exists()


def test_sample_and_published_data_never_share_a_home(served: Service, tmp_path: Path, real_data: Path) -> None:
    published, sample = begun(tmp_path / "published"), tmp_path / "sample"
    file = real_data / "odre" / "eco2mix-national-cons-def_2024-01_6-rows.csv"
    assert watthouse(published, "refresh", "--from", file).returncode == 0
    assert "never share a home" in refused(watthouse(published, "refresh", NAME, env=served.variables), 2)
    assert watthouse(sample, "fetch", NAME, env=served.variables).returncode == 0
    assert "never share a home" in refused(watthouse(sample, "refresh", "--from", file), 2)
    with service(date(2025, 10, 1), NOW, seed=5) as another:
        assert "seed=5" in refused(watthouse(sample, "refresh", NAME, env=another.variables), 2)


@pytest.mark.parametrize("option", ["--sample", "--follow"])
def test_files_are_no_service(option: str, tmp_path: Path) -> None:
    assert option in refused(watthouse(tmp_path, "refresh", "--from", tmp_path, option), 2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "2025-01-02", "--until", "2025-01-01"), "swap them"),
        (("--trouble", "plague:3"), "plague"),
        (("--trouble", "429"), "429"),
    ],
)
def test_a_sample_that_cannot_be_is_refused(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    assert said in refused(watthouse(tmp_path, "sample", "--port", "0", *words), 2)


@pytest.mark.parametrize(
    ("today", "said"),
    [
        ("2026-02-29", "WATTHOUSE_SAMPLE_TODAY '2026-02-29' is not valid"),
        ("2011-12-31", "the sample cannot begin on 2012-01-01: its clock is at 2011-12-31 12:00Z"),
    ],
)
def test_a_day_at_which_no_sample_can_stand_is_refused(today: str, said: str, tmp_path: Path) -> None:
    for words in (("refresh", "--sample"), ("sample", "--port", "0")):
        assert said in refused(watthouse(tmp_path, *words, env={"WATTHOUSE_SAMPLE_TODAY": today}), 2)


@pytest.mark.parametrize("url", ["odre.opendatasoft.com", "ftp://odre.opendatasoft.com", "http://", ""])
def test_an_address_that_is_none_is_refused(url: str, tmp_path: Path) -> None:
    assert "WATTHOUSE_ODRE_URL" in refused(ask(tmp_path, url)[0], 2)
