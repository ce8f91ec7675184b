"""Machines without a disk of their own, and one bucket: what one fetched, the others need not."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import polars as pl
import pytest

from tests.integration.service import Service, service, utc
from tests.integration.serving import served as serving
from tests.killing import at
from tests.servers import Bucket
from tests.support import Tables, begun, command, environment, mart, tables, watthouse

pytestmark = [pytest.mark.slow]

NOW: Final = utc("2026-03-31T14:40")
SINCE: Final = NOW.date() - timedelta(days=28)
"""Four weeks, in which the clocks went forward."""
LATER: Final = NOW + timedelta(days=3)

APPEND: Final = "watthouse.lake.table:Table.append"
KEEP: Final = "watthouse.sync.watermarks:Watermarks.keep"
REMEMBER: Final = "watthouse.home:Home.remember"
CLAIM: Final = "watthouse.home:Home.claim"


@pytest.fixture(scope="module")
def served() -> Iterator[Service]:
    with service(SINCE, NOW) as running:
        yield running


@pytest.fixture(autouse=True)
def in_good_order(served: Service) -> None:
    served.trouble("")
    served.at(NOW)


@pytest.fixture(scope="module")
def expected(served: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tables]:
    """The tables of a home with its lake on its own disk, at each of the two moments."""
    home = begun(tmp_path_factory.mktemp("own") / "home")
    found = {}
    for name, moment in {"now": NOW, "later": LATER}.items():
        served.at(moment)
        assert watthouse(home, "refresh", env=served.variables).returncode == 0
        found[name] = tables(home)
    return found


def shared(bucket: Bucket, served: Service, **more: str) -> dict[str, str]:
    """The variables of a machine that keeps its lake in this bucket."""
    quick = {"WATTHOUSE_STORE_SECONDS": "3", "WATTHOUSE_LEASE_SECONDS": "2"}
    return {**served.variables, **bucket.variables, "WATTHOUSE_LAKE": f"{bucket.url}/lake", **quick, **more}


def refresh(home: Path, variables: dict[str, str], *words: str) -> str:
    done = watthouse(home, "refresh", *words, env=variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(home: Path, variables: dict[str, str], *words: str, code: int = 1) -> str:
    """The one line that a call ends with."""
    done = watthouse(home, *(words or ("refresh",)), env=variables)
    assert done.returncode == code, done.stdout + done.stderr
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("watthouse: ")
    for name, value in variables.items():
        if value and ("SECRET" in name or "TOKEN" in name):
            assert value not in done.stdout + done.stderr
    return line


def test_the_second_machine_fetches_nothing_and_builds_the_same(
    bucket: Bucket, served: Service, expected: dict[str, Tables], tmp_path: Path
) -> None:
    variables = shared(bucket, served)
    first, second = begun(tmp_path / "first"), begun(tmp_path / "second")
    assert " new" in refresh(first, variables)
    before = served.requests
    assert "0 fetched, 0 new" in refresh(second, variables)
    assert served.requests - before <= 6, "one question a dataset: what moved?"
    assert tables(first) == tables(second) == expected["now"]
    served.at(LATER)
    assert " new" in refresh(second, variables)
    assert "0 fetched, 0 new" in refresh(first, variables)
    assert tables(first) == tables(second) == expected["later"]


def test_nothing_but_the_warehouse_and_scratch_is_on_the_disk(bucket: Bucket, served: Service, tmp_path: Path) -> None:
    refresh(begun(tmp_path / "home"), shared(bucket, served), "stock-quotidien-stockages-gaz")
    assert {path.name for path in (tmp_path / "home").iterdir()} <= {
        "warehouse.duckdb", "scratch", "refresh.lock", "refresh.pid",
    }  # fmt: skip
    beside = {key for key in bucket.names() if "/_state/" in key}
    assert beside >= {f"lake/_state/{name}" for name in ("home.json", "service.json", "refreshes.json")}


def test_two_machines_at_once_double_nothing(
    bucket: Bucket, served: Service, expected: dict[str, Tables], tmp_path: Path
) -> None:
    variables = shared(bucket, served)
    homes = [begun(tmp_path / name) for name in ("first", "second")]
    both = [
        subprocess.Popen(
            command("refresh"), env=environment(home, variables), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        for home in homes
    ]
    said = [process.communicate()[1].decode() for process in both]
    assert 0 in {process.returncode for process in both}, said
    for process, text in zip(both, said, strict=True):
        # the other came after the first had ended, or was told so at once
        assert process.returncode == 0 or ("another refresh (" in text and bucket.url in text), text
    for home in homes:
        refresh(home, variables)
    assert tables(homes[0]) == tables(homes[1]) == expected["now"]


@pytest.mark.parametrize(
    ("when", "point"),
    [("after", CLAIM), ("after", APPEND), ("after", KEEP), ("after", REMEMBER)],
)
def test_a_killed_machine_keeps_others_away_for_its_lease_and_they_go_on(
    when: str, point: str, s3_bucket: Bucket, served: Service, expected: dict[str, Tables], tmp_path: Path
) -> None:
    variables = shared(s3_bucket, served, WATTHOUSE_LEASE_SECONDS="4")
    killed = watthouse(begun(tmp_path / "killed"), "refresh", env={**variables, **at(when, point)})
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    line = refused(tmp_path / "other", variables)
    assert "another refresh (" in line
    assert f"on {s3_bucket.url}/lake" in line
    assert "since 20" in line
    assert "its lease runs out within 4 s" in line
    time.sleep(5.5)  # the bucket's clock counts whole seconds
    refresh(begun(tmp_path / "other"), variables)
    assert tables(tmp_path / "other") == expected["now"]


def test_what_was_known_is_read_from_the_bucket(s3_bucket: Bucket, served: Service, tmp_path: Path) -> None:
    variables = shared(s3_bucket, served)
    own, far = begun(tmp_path / "own"), begun(tmp_path / "far")
    for moment in (NOW, LATER):
        served.at(moment)
        refresh(own, served.variables)
        refresh(far, variables)
    assert watthouse(far, "status", env=variables).returncode == 0
    for words in (
        ("revisions", "eco2mix-national-tr", "--format", "csv"),
        ("show", "daily_merged", "--format", "csv"),
    ):
        mine, theirs = (watthouse(home, *words, env=env) for home, env in ((own, served.variables), (far, variables)))
        assert mine.returncode == theirs.returncode == 0, theirs.stderr
        # the times at which each saw a change differ
        cut = [pl.read_csv(done.stdout.encode()).drop("seen", strict=False) for done in (mine, theirs)]
        assert cut[0].height
        assert cut[0].equals(cut[1])


def test_months_are_merged_in_the_bucket_and_nothing_is_lost(
    s3_bucket: Bucket, served: Service, expected: dict[str, Tables], tmp_path: Path
) -> None:
    variables = shared(s3_bucket, served, WATTHOUSE_COMPACT_FILES="2")
    first = begun(tmp_path / "first")
    for hours in (-30, -20, -10, 0):
        served.at(NOW + timedelta(hours=hours))
        refresh(first, variables)
    assert any("checkpoint" in key for key in s3_bucket.names())
    # only its age is wrong with it: the sample's clock stands
    assert refused(first, variables, "status", "--check").startswith("watthouse: older than the cadence: ")
    second = begun(tmp_path / "second")
    refresh(second, variables)
    assert tables(second) == tables(first) == expected["now"]


def test_a_damaged_file_in_the_bucket_is_noticed_before_it_is_used(
    s3_bucket: Bucket, served: Service, tmp_path: Path
) -> None:
    variables = shared(s3_bucket, served)
    refresh(begun(tmp_path / "first"), variables)
    key = next(key for key in s3_bucket.names() if key.startswith("lake/eco2mix-national-tr/month=2026-03/"))
    content = bytearray(s3_bucket.contents()[key])
    content[len(content) // 2] ^= 1
    name = s3_bucket.url.removeprefix("s3://")
    s3_bucket.client.boto("s3").put_object(Bucket=name, Key=key, Body=bytes(content))
    done = watthouse(begun(tmp_path / "second"), "build", env=variables)
    assert done.returncode == 1
    assert f"refused  eco2mix-national-tr: {s3_bucket.url}/{key} is not what was written" in done.stderr
    assert mart(tmp_path / "second", "gas_daily"), "the others count"


def test_a_server_that_starts_before_there_is_anything_answers_once_it_is_built(
    s3_bucket: Bucket, served: Service, tmp_path: Path
) -> None:
    """It forks its worker, which must not lack the threads of a parent that has spoken to the bucket."""
    variables = shared(s3_bucket, served)
    refresh(begun(tmp_path / "first"), variables)
    home = tmp_path / "home"
    with serving(home, tmp_path, sample=False, **variables) as api:
        assert api.get("/mix").status_code == 503
        assert watthouse(begun(home), "build", env=variables).returncode == 0
        for path in ("/status", "/revisions?dataset=eco2mix-national-tr", "/mix", "/status"):
            answer = api.client.get(f"/api/v1{path}", timeout=20)
            assert answer.status_code == 200, (path, answer.text)
        assert api.get("/status").json()["data"] == "seed=0"
        worker = api.worker()
    assert not worker.is_running()


def test_a_machine_that_may_only_read_is_told_what_it_can_do(
    s3_bucket: Bucket, served: Service, tmp_path: Path
) -> None:
    variables = shared(s3_bucket, served)
    refresh(begun(tmp_path / "home"), variables, "stock-quotidien-stockages-gaz")
    reading = s3_bucket.client.limited_to("s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation")
    done = watthouse(tmp_path / "home", "doctor", env={**variables, **reading})
    assert re.search(r"note +place +.*may not be written", done.stdout), done.stdout
    assert "to build and to serve, reading will do" in done.stdout


def test_what_needs_no_lake_does_not_wait_for_one(served: Service, s3_bucket: Bucket, tmp_path: Path) -> None:
    variables = shared(s3_bucket, served)
    refresh(begun(tmp_path / "home"), variables, "stock-quotidien-stockages-gaz")
    gone = {**variables, "WATTHOUSE_STORE_ENDPOINT": "http://127.0.0.1:9"}
    done = watthouse(tmp_path / "home", "show", "gas_daily", env=gone)
    assert (done.returncode, "synthetic" in done.stderr) == (0, True), done.stderr
    unreachable = {**gone, "WATTHOUSE_ODRE_URL": "http://127.0.0.1:9/api/explore/v2.1"}
    assert "needs" not in refused(tmp_path / "home", unreachable)


def test_published_and_synthetic_figures_never_share_a_bucket_or_a_warehouse(
    bucket: Bucket, served: Service, tmp_path: Path
) -> None:
    exports = served.exports(tmp_path / "exports", NOW, ["stock-quotidien-stockages-gaz"])
    real = shared(bucket, served)
    made_up = {**real, "WATTHOUSE_LAKE": f"{bucket.url}/made-up"}
    refresh(begun(tmp_path / "real"), real, "--from", str(exports))
    refresh(begun(tmp_path / "made-up"), made_up)
    line = refused(begun(tmp_path / "other"), real, code=2)
    assert "holds published data, and this is watthouse's synthetic sample" in line
    # either bucket with the warehouse that was built from the other
    for home, variables, verb in (
        ("real", made_up, "build"),
        ("made-up", real, "build"),
        ("real", made_up, "refresh"),
    ):
        before = tables(tmp_path / home)
        assert "they never share a lake or a warehouse" in refused(tmp_path / home, variables, verb, code=2)
        assert tables(tmp_path / home) == before


def test_without_a_service_a_named_lake_gets_no_made_up_figures(
    bucket: Bucket, served: Service, tmp_path: Path
) -> None:
    alone = {**shared(bucket, served), "WATTHOUSE_ODRE_URL": "http://127.0.0.1:9/api/explore/v2.1"}
    line = refused(tmp_path / "home", alone, "run")
    assert "127.0.0.1:9" in line
    assert not [key for key in bucket.names() if "/_state/" not in key]
    assert not (tmp_path / "home" / "sample").exists()


def test_an_empty_disk_after_each_run(s3_bucket: Bucket, served: Service, tmp_path: Path) -> None:
    """As a job in a container has it, every hour anew: what it knows is what a machine with a disk knows."""
    variables, home, own = shared(s3_bucket, served), tmp_path / "home", begun(tmp_path / "own")
    for hours in (-2, -1, 0):
        served.at(NOW + timedelta(hours=hours))
        shutil.rmtree(home, ignore_errors=True)
        assert refresh(begun(home), variables).splitlines()[-1] == refresh(own, served.variables).splitlines()[-1]
    assert tables(home) == tables(own)
