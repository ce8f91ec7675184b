"""The first minutes: a run without a network, a look at what is wrong, a refresh that stays."""

import csv
import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.integration import serving
from tests.integration.service import Service, service, utc
from tests.support import ROOT, TODAY, begun, command, environment, mart, watthouse
from watthouse.catalog import live

pytestmark = [pytest.mark.slow]

NOWHERE = {"WATTHOUSE_ODRE_URL": "https://no-such-host.invalid/api/explore/v2.1"}
YESTERDAY = TODAY - timedelta(days=1)
SHORT = {**NOWHERE, "WATTHOUSE_SAMPLE_SINCE": str(YESTERDAY - timedelta(days=400))}
SYNTHETIC = "synthetic"
NOW = utc("2025-12-01T10:40")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, today: date) -> tuple[Path, subprocess.CompletedProcess[str]]:
    home = tmp_path_factory.mktemp("newcomer")
    return home, watthouse(home, "run", env=SHORT)


@pytest.fixture(scope="module")
def served() -> Iterator[Service]:
    with service(date(2025, 10, 1), NOW) as running:
        yield running


def test_a_run_without_a_network_says_so_and_goes_on_with_the_sample(
    ran: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    home, done = ran
    assert done.returncode == 0, done.stderr
    said = done.stderr.splitlines()
    assert "no-such-host.invalid" in said[0]
    assert f"{home}/sample" in said[1]
    assert SYNTHETIC in done.stderr
    assert str(YESTERDAY) in done.stdout
    assert f"{home}/sample/warehouse.duckdb" in done.stdout
    assert not (home / "lake").exists()
    assert not (home / "warehouse.duckdb").exists()


def test_the_newest_days_shown_are_the_marts_own(ran: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    home, done = ran
    (day,) = mart(home / "sample", "daily_merged", f"civil_date = '{YESTERDAY - timedelta(days=1)}'")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith(str(YESTERDAY - timedelta(days=1)))]
    assert str(day["consommation_mwh"]) in line


def test_a_second_run_writes_nothing_new_for_what_did_not_move(
    ran: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    done = watthouse(ran[0], "run", env=SHORT)
    assert done.returncode == 0
    assert "eco2mix-national-cons-def: nothing moved since" in done.stdout


def test_the_sample_ends_on_the_day_that_is_set_and_is_fresh_on_it(
    ran: tuple[Path, subprocess.CompletedProcess[str]], today: date
) -> None:
    (newest, *_) = sorted((day["civil_date"] for day in mart(ran[0] / "sample", "daily_mix")), reverse=True)
    assert newest == today
    said = json.loads(watthouse(ran[0], "status", "--sample", "--json").stdout)
    assert [line["dataset"] for line in said if line["overdue"]] == []
    later = {"WATTHOUSE_SAMPLE_TODAY": str(today + timedelta(days=200))}
    said = json.loads(watthouse(ran[0], "status", "--sample", "--json", env=later).stdout)
    late = {line["dataset"] for line in said if line["overdue"]}
    assert late >= {name for name in live() if not name.endswith("cons-def")}


@pytest.mark.parametrize("words", [("show", "gas_daily"), ("revisions", "eco2mix-national-tr"), ("status",)])
def test_whatever_shows_sample_figures_says_so(
    words: tuple[str, ...], ran: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    assert SYNTHETIC in watthouse(ran[0], *words, "--sample").stderr
    assert SYNTHETIC in watthouse(ran[0] / "sample", *words).stderr


def test_files_of_sample_figures_say_so(ran: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    home, words = ran[0], ("show", "gas_daily", "--sample", "--output")
    for style in ("csv", "json", "parquet"):
        done = watthouse(home, *words, tmp_path / f"gas.{style}", "--format", style)
        assert done.returncode == 0, done.stderr
    with (tmp_path / "gas.csv").open() as file:
        said = {row["sample"] for row in csv.DictReader(file)}
    assert said == {row["sample"] for row in json.loads((tmp_path / "gas.json").read_text())}
    assert said == set(pl.read_parquet(tmp_path / "gas.parquet")["sample"])
    (only,) = said
    assert SYNTHETIC in only
    (status, *_) = json.loads(watthouse(home, "status", "--sample", "--json").stdout)
    assert "seed=0" in status["sample"]


def test_the_warehouse_itself_says_what_it_holds(ran: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    with duckdb.connect(ran[0] / "sample" / "warehouse.duckdb", read_only=True) as connection:
        about = dict(connection.execute("select name, value from about").fetchall())
    assert about["data"] == "synthetic figures, watthouse's synthetic sample (seed=0): nobody measured them"
    assert about["kind"] == "seed=0"
    assert about.keys() == {"data", "kind", "source", "licence"}


@pytest.mark.parametrize("verb", ["refresh", "fetch"])
def test_the_first_rows_of_a_sample_say_so_too(verb: str, served: Service, tmp_path: Path) -> None:
    done = watthouse(begun(tmp_path / "home"), verb, "stock-quotidien-stockages-gaz", env=served.variables)
    assert done.returncode == 0
    assert done.stderr.count(SYNTHETIC) == 1


def test_a_home_that_holds_nothing_goes_on_with_the_sample(tmp_path: Path) -> None:
    home, note = tmp_path / "home", tmp_path / "note.txt"
    note.write_text("no export")
    assert watthouse(home, "refresh", "--from", note).returncode == 1
    done = watthouse(home, "run", env=SHORT)
    assert done.returncode == 0, done.stderr
    assert "going on with watthouse's synthetic sample" in done.stderr


def test_published_figures_do_not_say_so(tmp_path: Path, real_data: Path) -> None:
    home = begun(tmp_path / "home")
    file = real_data / "odre" / "stock-quotidien-stockages-gaz_2010-2022.csv"
    assert SYNTHETIC not in watthouse(home, "refresh", "--from", file).stderr
    shown = watthouse(home, "show", "gas_daily", "--format", "csv")
    assert SYNTHETIC not in shown.stderr
    assert "sample" not in shown.stdout.splitlines()[0]


def test_a_run_without_a_network_shows_published_days_that_are_there(tmp_path: Path, real_data: Path) -> None:
    home = begun(tmp_path / "home")
    file = real_data / "odre" / "eco2mix-national-tr_2025-q1.parquet"
    assert watthouse(home, "refresh", "--from", file).returncode == 0
    done = watthouse(home, "run", env=SHORT)
    assert "no-such-host.invalid" in done.stderr
    assert "2025-03-27" in done.stdout
    assert SYNTHETIC not in done.stderr
    assert not (home / "sample").exists()


def test_doctor_finds_a_sound_machine_sound(served: Service, tmp_path: Path) -> None:
    home = begun(tmp_path / "home")
    assert watthouse(home, "refresh", "eco2mix-national-tr", env=served.variables).returncode == 0
    done = watthouse(home, "doctor", "--json", env=served.variables)
    assert done.returncode == 0, done.stdout
    found = {finding["name"]: finding for finding in json.loads(done.stdout)}
    found.pop("settings", None)  # the tests' own variables
    assert {finding["state"] for finding in found.values()} == {"ok"}
    assert found.keys() >= {"packages", "time zone", "home", "disk", "lake", "warehouse", "service"}
    assert SYNTHETIC in found["service"]["message"]


def test_doctor_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "warehouse.duckdb").write_text("no warehouse")
    done = watthouse(home, "doctor", env={**NOWHERE, "WATTHOUSE_HOUSE": "x", "WATTHOUSE_TREADS": "3"})
    assert done.returncode == 1
    assert "did you mean WATTHOUSE_THREADS" in done.stdout
    assert "nothing reads WATTHOUSE_HOUSE" in done.stdout
    assert "nothing to build from" in done.stdout
    assert "no-such-host.invalid" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_refresh_that_stays_ends_in_good_order(served: Service, tmp_path: Path) -> None:
    home = begun(tmp_path / "home")
    staying = subprocess.Popen(
        command("refresh", "eco2mix-national-tr", "--follow"),
        env=environment(home, {**served.variables, "PYTHONUNBUFFERED": "1"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert staying.stdout
    first = staying.stdout.readline()
    assert re.search(r"eco2mix-national-tr [\d,]+ new", first), first
    time.sleep(0.2)
    staying.send_signal(signal.SIGTERM)
    said, errors = staying.communicate(timeout=10)
    assert staying.returncode == 0, errors
    assert said.strip() == "stopped"
    assert re.fullmatch(r"sample .* synthetic, .*\n", errors), "once, and nothing else"
    assert mart(home, "daily_mix")


def test_a_refresh_that_stays_ends_in_good_order_in_the_middle_of_its_work(served: Service, tmp_path: Path) -> None:
    home = tmp_path / "home"
    served.trouble("slow:1")
    staying = subprocess.Popen(
        command("refresh", "--follow"), env=environment(home, served.variables), stderr=subprocess.PIPE, text=True
    )
    while not (home / "service.json").exists() and staying.poll() is None:
        time.sleep(0.05)
    staying.send_signal(signal.SIGTERM)
    _, errors = staying.communicate(timeout=30)
    served.trouble("")
    assert staying.returncode == 0
    assert "Traceback" not in errors
    assert watthouse(home, "refresh", env=served.variables).returncode == 0


def test_a_refresh_that_stays_sits_an_outage_out(tmp_path: Path) -> None:
    staying = subprocess.Popen(
        command("refresh", "--follow"), env=environment(tmp_path, NOWHERE), stderr=subprocess.PIPE, text=True
    )
    assert staying.stderr
    said = staying.stderr.readline()
    assert "no-such-host.invalid" in said
    assert "trying again" in said
    assert staying.poll() is None
    staying.send_signal(signal.SIGTERM)
    assert staying.wait(10) == 0


def test_the_sample_alone_is_served_until_it_is_told_to_stop(tmp_path: Path) -> None:
    import httpx

    span = ("--since", "2025-10-01", "--until", "2025-12-01")
    serving = subprocess.Popen(
        command("sample", "--port", "0", *span, "--seed", "3", "--trouble", "500:2"),
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert serving.stdout
    address = re.search(r"http://127\.0\.0\.1:\d+/api/explore/v2\.1", serving.stdout.readline())
    assert address
    answer, second = (httpx.get(f"{address[0]}/catalog/datasets/eco2mix-national-tr") for _ in range(2))
    assert second.status_code == 500
    assert "seed=3" in answer.headers["x-watthouse-sample"]
    assert answer.json()["metas"]["default"]["data_processed"].startswith("2025-12-01")
    serving.send_signal(signal.SIGTERM)
    assert serving.wait(10) == 0


def test_a_run_that_stays_answers_what_it_has_to_compute(tmp_path: Path) -> None:
    since = str(YESTERDAY - timedelta(days=40))
    with serving.served(
        tmp_path / "home", tmp_path, "--serve", verb="run", alive="/readyz", WATTHOUSE_SAMPLE_SINCE=since
    ) as api:
        for call in ("/mix", "/now", "/mix?format=csv", "/gas?format=csv", "/questions/1"):
            answer = api.client.get(f"/api/v1{call}", timeout=30)
            assert answer.status_code == 200, call
            assert len(answer.content) > 1_000, call
        assert api.client.get("/", timeout=30).status_code == 200


def test_make_run_is_this_run() -> None:
    made = (ROOT / "Makefile").read_text()
    assert "watthouse run --serve" in made
    assert "watthouse refresh --from $(FROM)" in made
