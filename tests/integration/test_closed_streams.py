"""Whoever stops reading, closes a stream or fills a disk gets a quiet end, and never a traceback."""

import shlex
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from tests.integration.test_made_up_marts import gas
from tests.support import ROOT, begun, environment, watthouse, write_csv

pytestmark = [pytest.mark.slow]

WATTHOUSE: Final = f"{shlex.quote(sys.executable)} -m watthouse"
_OF_THE_FIRST: Final = "exit ${PIPESTATUS[0]}"
PRINTING: Final = {
    "help": "--help",
    "datasets": "datasets",
    "show": "show gas_daily",
    "csv": "show gas_daily --format csv",
    "json": "show gas_daily --format json",
    "parquet": "show gas_daily --format parquet",
    "status": "status",
    "build": "build",
    "refresh": "refresh --from {files}",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    days = [date(2025, 6, day) for day in range(1, 29)]
    write_csv(folder / "gas.csv", [row for day in days for row in gas(day, {"Saline": "1", "Teréga": "2"})])
    return folder


@pytest.fixture(scope="module")
def home(files: Path) -> Path:
    home = begun(files.parent / "home-of-streams")
    assert watthouse(home, "refresh", "--from", files).returncode == 0
    return home


def shell(line: str, home: Path, files: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """A line of bash, with ``watthouse`` for the command, and an exit code for each part of a pipe in ``$?``."""
    script = f'watthouse() {{ {WATTHOUSE} "$@"; }}; {line.replace("{files}", shlex.quote(str(files)))}'
    known = environment(home, {"PYTHONPATH": str(ROOT), **variables})
    return subprocess.run(
        ["bash", "-c", script], env=known, capture_output=True, text=True, errors="replace", check=False
    )


@pytest.mark.parametrize("words", PRINTING.values(), ids=PRINTING)
def test_a_reader_who_leaves_ends_it_quietly(words: str, home: Path, files: Path) -> None:
    # `true` has left before anything is written; `sleep` in front of it would only make the test longer
    done = shell(f"watthouse {words} | true; {_OF_THE_FIRST}", home, files)
    assert done.stderr == ""
    assert done.returncode == 141


def test_the_first_lines_are_those_of_the_whole(home: Path, files: Path) -> None:
    line = "set -o pipefail; watthouse show gas_daily --format csv | head -3"
    assert (
        shell(line, home, files).stdout.splitlines()
        == (watthouse(home, "show", "gas_daily", "--format", "csv").stdout.splitlines()[:3])
    )


@pytest.mark.parametrize("words", PRINTING.values(), ids=PRINTING)
def test_a_full_disk_is_one_line(words: str, home: Path, files: Path) -> None:
    done = shell(f"watthouse {words} > /dev/full", home, files)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("refused")]
    assert line == (
        "watthouse: standard output cannot be written (No space left on device): free some space, or write elsewhere"
    )


@pytest.mark.parametrize("words", ["--help", "datasets", "show gas_daily --format csv", "show nothing"])
def test_a_closed_stream_is_nobodys_business(words: str, home: Path, files: Path) -> None:
    whole = shell(f"watthouse {words}", home, files)
    for closed, printed in ((">&-", ("", whole.stderr)), ("2>&- <&-", (whole.stdout, ""))):
        done = shell(f"watthouse {words} {closed}", home, files)
        assert (done.returncode, done.stdout, done.stderr) == (whole.returncode, *printed), closed


def test_what_is_printed_is_never_written_into_a_file_of_the_home(home: Path, files: Path, tmp_path: Path) -> None:
    """A closed stream leaves its number to the next file that is opened."""
    own = begun(tmp_path / "home")
    assert shell("watthouse refresh --from {files} >&- 2>&- <&-", own, files).returncode == 0
    shown = [watthouse(each, "show", "gas_daily", "--format", "csv").stdout for each in (own, home)]
    assert shown[0] == shown[1]


def test_errors_that_nobody_reads_stop_nothing(home: Path, files: Path) -> None:
    whole = shell("watthouse status", home, files)
    for lost in ("2> /dev/full", "2> >(true)"):
        done = shell(f"watthouse status {lost}", home, files)
        assert (done.returncode, done.stdout) == (0, whole.stdout)
        failed = shell(f"watthouse datasets nothing {lost}", home, files)
        assert (failed.returncode, failed.stdout, failed.stderr) == (2, "", "")


def test_a_stream_of_another_alphabet_is_written_to(home: Path, files: Path) -> None:
    done = shell("watthouse datasets temperature-quotidienne-regionale", home, files, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()


def test_a_refresh_whose_reader_left_has_stored_what_it_read(files: Path, home: Path, tmp_path: Path) -> None:
    own = begun(tmp_path / "home")
    left = shell(f"watthouse refresh --from {{files}} | true; {_OF_THE_FIRST}", own, files)
    assert (left.returncode, left.stderr) == (141, "")
    assert "nothing new" not in left.stdout
    shown = [watthouse(each, "show", "gas_daily", "--format", "csv").stdout for each in (own, home)]
    assert shown[0] == shown[1]
    assert not [*own.glob("building-*")]
