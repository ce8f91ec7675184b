"""Killed, crowded or out of disk: nothing is lost, nothing is doubled, and the next run mends it."""

import os
import random
import shutil
import signal
import subprocess
import time
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from tests.integration.test_made_up_marts import gas, national
from tests.killing import at
from tests.support import Tables, begun, command, environment, tables, watthouse, write_csv

pytestmark = [pytest.mark.slow]

ROUNDS, FIRST = 20, 5
"""How often a refresh is killed, and how many of those times it is the first."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    for month in range(1, 7):
        days = [date(2025, month, day) for day in range(1, 29)]
        rows = [row for day in days for row in national(day, "Données temps réel", 1000 * month)]
        write_csv(folder / f"tr-{month}.csv", rows)
        write_csv(
            folder / f"gas-{month}.csv", [row for day in days for row in gas(day, {"Saline": "1", "Teréga": "2"})]
        )
    return folder


def started(home: Path, files: Path) -> "subprocess.Popen[bytes]":
    """A refresh that is not waited for."""
    words = command("refresh", "--from", files)
    return subprocess.Popen(words, env=environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def expected(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The tables of a run nobody disturbed."""
    home = tmp_path_factory.mktemp("undisturbed")
    assert watthouse(home, "refresh", "--from", files).returncode == 0
    return tables(home)


APPEND: Final = "watthouse.lake.table:Table.append"
LOAD: Final = "watthouse.warehouse.duckdb.draft:DuckDBDraft.load"
REPLAY: Final = "watthouse.warehouse.duckdb.draft:DuckDBDraft.replay"
FINISH: Final = "watthouse.warehouse.duckdb.draft:DuckDBDraft.finish"
PUBLISH: Final = "watthouse.operate.pipeline:_PipelineRun.build"


@pytest.fixture(scope="module")
def month(files: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Tables]:
    """A home that holds gas, another month of it with electricity, and the tables of both undisturbed."""
    before, fresh = tmp_path_factory.mktemp("before"), tmp_path_factory.mktemp("month")
    for name in ("tr-2.csv", "gas-2.csv"):
        shutil.copy(files / name, fresh)
    assert watthouse(begun(before), "refresh", "--from", files / "gas-1.csv").returncode == 0
    undisturbed = shutil.copytree(before, tmp_path_factory.mktemp("undisturbed") / "home")
    assert watthouse(undisturbed, "refresh", "--from", fresh).returncode == 0
    return before, fresh, tables(undisturbed)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("point", [APPEND, LOAD, REPLAY, FINISH, PUBLISH], ids=lambda point: point.rpartition(":")[2])
def test_kill_9_around_each_commit_then_one_more_refresh(
    point: str, when: str, month: tuple[Path, Path, Tables], tmp_path: Path
) -> None:
    before, fresh, expected = month
    home = shutil.copytree(before, tmp_path / "home")
    killed = watthouse(home, "refresh", "--from", fresh, env=at(when, point))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = watthouse(home, "refresh", "--from", fresh)
    assert done.returncode == 0, done.stderr
    assert tables(home) == expected
    assert not list(home.glob("building-*"))


@pytest.mark.parametrize(
    ("when", "point"),
    [
        ("before", "watthouse.transform.runner:Transform.run"),
        ("after", "watthouse.warehouse.duckdb.draft:DuckDBDraft.remember"),
    ],
    ids=["before dbt", "after dbt"],
)
def test_kill_9_around_a_first_build_then_one_more(when: str, point: str, files: Path, tmp_path: Path) -> None:
    home, gas_of_a_month = tmp_path / "home", files / "gas-1.csv"
    killed = watthouse(home, "refresh", "--from", gas_of_a_month, env=at(when, point))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = watthouse(home, "refresh", "--from", gas_of_a_month)
    assert done.returncode == 0, done.stderr
    undisturbed = begun(tmp_path / "undisturbed")
    assert watthouse(undisturbed, "refresh", "--from", gas_of_a_month).returncode == 0
    assert tables(home) == tables(undisturbed)
    assert not list(home.glob("building-*"))


@pytest.mark.long
@pytest.mark.parametrize(("held", "rounds"), [(0, FIRST), (2, ROUNDS - FIRST)], ids=["first", "later"])
def test_kill_9_at_random_moments_then_one_more_refresh(
    held: int, rounds: int, files: Path, expected: Tables, tmp_path: Path
) -> None:
    """Of a first refresh, which dbt builds, and of one where two months are there already."""
    before = tmp_path / "before"
    before.mkdir()
    if held:
        months = [files / f"{kind}-{month + 1}.csv" for month in range(held) for kind in ("tr", "gas")]
        assert watthouse(begun(before), "refresh", "--from", *months).returncode == 0
    began = time.monotonic()
    assert started(shutil.copytree(before, tmp_path / "undisturbed"), files).wait() == 0
    seconds = time.monotonic() - began
    chance = random.Random(held)
    for turn in range(rounds):
        home = shutil.copytree(before, tmp_path / f"home-{turn}")
        killed = started(home, files)
        time.sleep(chance.uniform(0.05, 1.05) * seconds)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        done = watthouse(home, "refresh", "--from", files)
        assert done.returncode == 0, done.stderr
        assert tables(home) == expected
        assert not list(home.glob("building-*"))
        shutil.rmtree(home)


def test_what_a_killed_build_left_is_removed_where_nothing_is_left_to_build(files: Path, tmp_path: Path) -> None:
    """As if it were killed between publishing and clearing up: everything is loaded, so no build follows."""
    home, again = begun(tmp_path / "home"), ("refresh", "--from", files / "tr-1.csv")
    assert watthouse(home, *again).returncode == 0
    built = (home / "warehouse.duckdb").stat()
    left = home / "building-1" / "warehouse.duckdb.wal"
    left.parent.mkdir()
    left.write_bytes(b"cut off")
    (left.parent / ".watthouse-build").touch()  # as every build begins
    assert watthouse(home, *again).returncode == 0
    assert not left.parent.exists()
    assert (home / "warehouse.duckdb").stat().st_mtime_ns == built.st_mtime_ns


def test_a_build_removes_nothing_that_is_not_its_own(files: Path, tmp_path: Path) -> None:
    home = begun(tmp_path / "home")
    (elsewhere := tmp_path / "elsewhere").mkdir()
    (elsewhere / ".watthouse-build").touch()
    for name in ("building-materials", "building-2024", "building-", "building-7-plans"):
        (home / name).mkdir()
        (home / name / "plan.pdf").write_text("mine")
    (home / "building-materials" / ".watthouse-build").touch()  # named so by nobody's process
    (home / "building-8").symlink_to(elsewhere, target_is_directory=True)
    (home / "building-9").write_text("mine")
    before = sorted(path.relative_to(home) for path in home.glob("building-*/**/*"))
    for words in (("refresh", "--from", files / "gas-1.csv"), ("build", "--full")):
        assert watthouse(home, *words).returncode == 0
        assert sorted(path.relative_to(home) for path in home.glob("building-*/**/*")) == before
    assert (home / "building-9").read_text() == "mine"
    assert (elsewhere / ".watthouse-build").exists()


def test_two_refreshes_at_once_double_nothing(files: Path, expected: Tables, tmp_path: Path) -> None:
    home = begun(tmp_path / "home")
    both = [
        subprocess.Popen(command("refresh", "--from", files), env=environment(home), stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate()[1] for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes == [0, 1]
    refused = next(text for text, process in zip(said, both, strict=True) if process.returncode)
    assert len(refused.strip().splitlines()) == 1
    assert "another refresh" in refused
    assert "wait for it to end" in refused
    assert tables(home) == expected


def test_a_reader_sees_the_old_marts_whole_while_a_build_runs(files: Path, tmp_path: Path) -> None:
    import duckdb

    home = begun(tmp_path / "home")
    assert watthouse(home, "refresh", "--from", files / "tr-1.csv").returncode == 0
    with duckdb.connect(home / "warehouse.duckdb", read_only=True) as reader:
        count = "select count(*) from marts.daily_merged"
        assert reader.execute(count).fetchone() == (28,)
        assert watthouse(home, "refresh", "--from", files).returncode == 0
        assert reader.execute(count).fetchone() == (28,)
    with duckdb.connect(home / "warehouse.duckdb", read_only=True) as reader:
        assert reader.execute(count).fetchone() == (168,)


@pytest.mark.parametrize(("size", "fill"), [("2m", 0), ("4m", 0), ("1m", 1024), ("30m", 28 * 1024)])
def test_a_full_disk_is_said_in_one_line_and_what_was_there_stays(
    size: str, fill: int, files: Path, tmp_path: Path
) -> None:
    """Too small for the lake, too small for the warehouse, full from the start, full in the middle."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk (unshare -rm)")
    home = tmp_path / "home"
    home.mkdir()
    script = (
        f'mount -t tmpfs -o size={size} tmpfs "{home}" && head -c {fill}K /dev/zero > "{home}/ballast";'
        f' "$@"; echo "code $?"; rm "{home}/ballast"; mount -o remount,size=200m "{home}"; "$@"'
    )
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", *command("refresh", "--from", files)],
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "code 1" in done.stdout
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("watthouse:")]
    assert "space" in line
    assert "Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1].startswith(f"{6 * 28 * (96 + 2)} fetched")
