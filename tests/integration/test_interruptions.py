"""Killed, crowded or out of disk: nothing is lost, nothing is doubled, and the next run mends it."""

import os
import random
import shutil
import signal
import subprocess
import time
from datetime import date
from pathlib import Path

import pytest

from tests.integration.test_made_up_marts import gas, national
from tests.support import command, environment, tables, watthouse, write_csv

pytestmark = [pytest.mark.slow]

ROUNDS = 20


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


@pytest.fixture(scope="module")
def undisturbed(
    files: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, list[tuple[object, ...]]], float]:
    """The tables of a run nobody disturbed, and how long it took, s."""
    home = tmp_path_factory.mktemp("undisturbed")
    began = time.monotonic()
    assert watthouse(home, "refresh", "--from", files).returncode == 0
    return tables(home), time.monotonic() - began


@pytest.mark.parametrize("half", [0, 1])
def test_kill_9_at_random_moments_then_one_more_refresh(
    half: int, files: Path, undisturbed: tuple[dict[str, list[tuple[object, ...]]], float], tmp_path: Path
) -> None:
    expected, seconds = undisturbed
    chance = random.Random(half)
    for turn in range(ROUNDS // 2):
        home = tmp_path / f"home-{turn}"
        started = subprocess.Popen(
            command("refresh", "--from", files),
            env=environment(home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0.05, 1.05) * seconds)
        os.kill(started.pid, signal.SIGKILL)
        started.wait()
        done = watthouse(home, "refresh", "--from", files)
        assert done.returncode == 0, done.stderr
        assert tables(home) == expected
        assert not list(home.glob("building-*"))
        shutil.rmtree(home)


def test_two_refreshes_at_once_double_nothing(
    files: Path, undisturbed: tuple[dict[str, list[tuple[object, ...]]], float], tmp_path: Path
) -> None:
    home = tmp_path / "home"
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
    assert tables(home) == undisturbed[0]


def test_a_reader_sees_the_old_marts_whole_while_a_build_runs(files: Path, tmp_path: Path) -> None:
    import duckdb

    home = tmp_path / "home"
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
