"""The made-up exports have the two days a year that break; a forked command line is the one that is started."""

import os
import subprocess
from datetime import date
from pathlib import Path

import pytest

from tests.support import clock, command, environment, watthouse


@pytest.mark.parametrize(
    ("day", "instants"), [(date(2025, 3, 30), 92), (date(2025, 10, 26), 96), (date(2025, 6, 1), 96)]
)
def test_every_day_has_96_clock_slots_and_the_spring_one_repeats_four_instants(day: date, instants: int) -> None:
    slots = list(clock(day, 15))
    assert len(slots) == 96
    assert len({instant for _, instant in slots}) == instants
    assert not {
        instant.hour for _, instant in clock(date(2025, 10, 26), 15) if instant.date() == date(2025, 10, 26)
    } & {0}


@pytest.mark.parametrize("words", [["datasets", "stock-quotidien-stockages-gaz"], ["datasets", "gaz"], ["--help"]])
def test_a_forked_command_line_says_and_does_what_a_started_one_does(words: list[str], tmp_path: Path) -> None:
    env = environment(tmp_path)
    started = subprocess.run(command(*words), env=env, capture_output=True, text=True, check=False)
    forked = watthouse(tmp_path, *words)
    assert (forked.returncode, forked.stdout, forked.stderr) == (started.returncode, started.stdout, started.stderr)


def test_a_forked_command_line_has_the_folder_and_nothing_but_the_environment_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATTHOUSE_THREADS", "none")
    assert "WATTHOUSE_THREADS 'none'" in watthouse(tmp_path, "status").stderr
    monkeypatch.delenv("WATTHOUSE_THREADS")
    (tmp_path / "note.txt").write_text("no export")
    assert "note.txt" in watthouse(tmp_path, "fetch", "--from", "note.txt").stdout
    assert os.getpid() != int((tmp_path / "refresh.pid").read_text())
