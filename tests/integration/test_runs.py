"""The last runs: what schedulers and people leave beside the lake, and what `status` shows of it."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from filelock import FileLock

from tests.integration.service import Service, service, utc
from tests.killing import at
from tests.servers import Bucket
from tests.support import begun, command, environment, mart, watthouse

pytestmark = [pytest.mark.slow]

NOW: Final = utc("2026-03-31T14:40")
SINCE: Final = NOW.date() - timedelta(days=7)
TR: Final = "eco2mix-national-tr"
APPEND: Final = "watthouse.lake.table:Table.append"


@pytest.fixture(scope="module")
def served() -> Iterator[Service]:
    with service(SINCE, NOW) as running:
        yield running


@pytest.fixture(autouse=True)
def in_good_order(served: Service) -> None:
    served.trouble("")
    served.at(NOW)


def runs(home: Path, env: dict[str, str]) -> list[dict[str, Any]]:
    done = watthouse(home, "status", "--runs", "--json", env=env)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def by(env: dict[str, str], who: str) -> dict[str, str]:
    return {**env, "WATTHOUSE_STARTED_BY": who}


def test_every_run_is_named_by_who_started_it_with_what_it_brought(served: Service, tmp_path: Path) -> None:
    home, env = begun(tmp_path / "home"), served.variables
    before = datetime.now(UTC)
    fetched = watthouse(home, "fetch", TR, env=by(env, "cron"))
    watthouse(home, "build", env=by(env, "airflow"))
    watthouse(home, "refresh", TR, env=env)
    newest, build, first = runs(home, env)
    assert [run["started_by"] for run in (newest, build, first)] == ["hand", "airflow", "cron"]
    assert [run["call"] for run in (newest, build, first)] == [f"refresh {TR}", "build", f"fetch {TR}"]
    assert {run["outcome"] for run in (newest, build, first)} == {"done"}
    assert f"{first['new']} new" in fetched.stdout.splitlines()[-1]
    assert (newest["new"], build["new"]) == (0, 0)
    noted = [datetime.fromisoformat(run[name]) for run in (first, build, newest) for name in ("began", "ended")]
    moments = [before, *noted, datetime.now(UTC)]
    assert moments == sorted(moments)


def test_status_shows_the_last_ten_and_its_json_keeps_a_line_a_dataset(served: Service, tmp_path: Path) -> None:
    home, env = begun(tmp_path / "home"), served.variables
    watthouse(home, "fetch", TR, env=env)
    note = home / "runs.json"
    (one,) = json.loads(note.read_text())["runs"].values()
    twelve = {
        str(hour): {**one, "started_by": f"timer {hour}", "began": f"{NOW:%Y-%m-%dT}{hour:02}:00:00+00:00"}
        for hour in range(12)
    }
    note.write_text(json.dumps({"runs": twelve}))
    shown = re.findall(r"timer (\d+)", watthouse(home, "status", env=env).stdout)
    assert [int(hour) for hour in shown] == [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]
    assert {line["dataset"] for line in json.loads(watthouse(home, "status", "--json", env=env).stdout)} >= {TR}


def test_a_run_that_fails_is_shown_with_its_own_line(served: Service, tmp_path: Path) -> None:
    home, env = begun(tmp_path / "home"), {**served.variables, "WATTHOUSE_ATTEMPTS": "1"}
    unreachable = {**env, "WATTHOUSE_ODRE_URL": "http://127.0.0.1:9/api"}
    line = watthouse(home, "refresh", env=unreachable).stderr.strip().splitlines()[-1].removeprefix("watthouse: ")
    (run,) = runs(home, env)
    assert (run["outcome"], run["line"]) == ("failed", line)
    assert line in watthouse(home, "status", env=env).stdout


def test_a_dataset_that_the_service_lost_makes_a_run_incomplete(served: Service, tmp_path: Path) -> None:
    home = begun(tmp_path / "home")
    served.trouble(f"renamed={TR}")
    assert watthouse(home, "refresh", env=served.variables).returncode == 1
    (run,) = runs(home, served.variables)
    assert run["outcome"] == "incomplete"
    assert TR in run["line"]
    assert run["new"] > 0, "the other datasets came"


def test_a_killed_run_is_shown_as_one_without_an_end(served: Service, tmp_path: Path) -> None:
    home, env = begun(tmp_path / "home"), served.variables
    assert watthouse(home, "refresh", TR, env={**env, **at("after", APPEND)}).returncode == -signal.SIGKILL
    assert watthouse(home, "refresh", TR, env=env).returncode == 0
    again, killed = runs(home, env)
    assert (killed["outcome"], killed["ended"], again["outcome"]) == (None, None, "done")
    assert "no end noted" in watthouse(home, "status", env=env).stdout


def test_two_hundred_runs_are_kept_and_a_spoilt_note_is_begun_anew(served: Service, tmp_path: Path) -> None:
    home, env = begun(tmp_path / "home"), served.variables
    watthouse(home, "fetch", TR, env=env)
    note = home / "runs.json"
    (one,) = json.loads(note.read_text())["runs"].values()
    note.write_text(json.dumps({"runs": {**{str(number): one for number in range(210)}, "a": "?", "b": {"began": 1}}}))
    watthouse(home, "fetch", TR, env=env)
    assert len(json.loads(note.read_text())["runs"]) == 200
    assert len(runs(home, env)) == 198, "what cannot be understood is not shown"
    note.write_text("{")
    assert runs(home, env) == []
    assert watthouse(home, "fetch", TR, env=env).returncode == 0
    assert len(runs(home, env)) == 1


def test_machines_that_share_a_lake_see_each_others_runs(bucket: Bucket, served: Service, tmp_path: Path) -> None:
    env = {**served.variables, **bucket.variables, "WATTHOUSE_LAKE": f"{bucket.url}/lake"}
    watthouse(begun(tmp_path / "one"), "refresh", TR, env=by(env, "prefect"))
    watthouse(begun(tmp_path / "other"), "build", env=by(env, "cron"))
    assert [run["started_by"] for run in runs(tmp_path / "third", env)] == ["cron", "prefect"]


def test_a_build_that_may_not_write_to_the_lake_goes_on_unnoted(
    s3_bucket: Bucket, served: Service, tmp_path: Path
) -> None:
    env = {**served.variables, **s3_bucket.variables, "WATTHOUSE_LAKE": f"{s3_bucket.url}/lake"}
    watthouse(begun(tmp_path / "one"), "fetch", TR, env=env)
    reading = {**env, **s3_bucket.client.limited_to("s3:GetObject", "s3:ListBucket"), "WATTHOUSE_STORE_SECONDS": "2"}
    built = watthouse(begun(tmp_path / "other"), "build", env=reading)
    assert built.returncode == 0, built.stderr
    assert [run["call"] for run in runs(tmp_path / "one", env)] == [f"fetch {TR}"]


def test_missed_hours_are_caught_up_by_one_run(served: Service, tmp_path: Path) -> None:
    punctual, late, env = begun(tmp_path / "punctual"), begun(tmp_path / "late"), served.variables
    assert watthouse(late, "refresh", TR, env=env).returncode == 0
    for hours in (0, 1, 2):
        served.at(NOW + timedelta(hours=hours))
        assert watthouse(punctual, "refresh", TR, env=env).returncode == 0
    assert mart(late, "national_slots") != mart(punctual, "national_slots")
    assert watthouse(late, "refresh", TR, env=env).returncode == 0
    assert mart(late, "national_slots") == mart(punctual, "national_slots")


def test_a_refresh_that_finds_another_at_work_is_an_error_unless_it_is_told_not_to_be(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with FileLock(home / "refresh.lock"):
        (home / "refresh.pid").write_text(str(os.getpid()))
        refused = watthouse(home, "refresh")
        left = watthouse(home, "refresh", "--unless-running")
    assert refused.returncode == 1
    assert f"another refresh (pid {os.getpid()}) has been running in {home}" in refused.stderr
    assert (left.returncode, left.stderr) == (0, ""), "cron sends what stands here"
    assert left.stdout.startswith(f"nothing done: another refresh (pid {os.getpid()})")
    assert runs(home, {}) == []


def test_what_stays_is_started_by_follow(served: Service, tmp_path: Path) -> None:
    home = begun(tmp_path / "home")
    words = command("refresh", TR, "--follow")
    with subprocess.Popen(words, env=environment(home, served.variables), stdout=subprocess.PIPE) as following:
        assert following.stdout
        following.stdout.readline()
        time.sleep(0.1)
        following.send_signal(signal.SIGTERM)
        following.wait(30)
    assert [(run["started_by"], run["outcome"]) for run in runs(home, {})] == [("follow", "done")]
