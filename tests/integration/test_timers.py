"""cron and systemd: the lines of the docs and of `deploy/systemd` do what they say when they are run as those would."""

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from filelock import FileLock

from tests.integration.service import Service
from tests.integration.test_runs import in_good_order, runs, served
from tests.support import ROOT, begun

pytestmark = [pytest.mark.slow]

__all__ = ["in_good_order", "served"]

UNITS: Final = ROOT / "deploy" / "systemd"
PROGRAM: Final = "/opt/watthouse/.venv/bin/watthouse"
HERE: Final = str(Path(sys.executable).with_name("watthouse"))
HOME: Final = "/var/lib/watthouse"


def crontab() -> tuple[dict[str, str], str]:
    """The variables and the command of the docs' crontab."""
    block = (ROOT / "docs" / "schedules.md").read_text().partition("```cron\n")[2].partition("```")[0]
    *settings, line = block.strip().splitlines()
    schedule, command = re.fullmatch(r"((?:\S+ ){5}) *(.*)", line).groups()  # type: ignore[union-attr]
    assert schedule.split()[1:] == ["*"] * 4, "hourly"
    return dict(setting.split("=", 1) for setting in settings), command


def unit(name: str) -> configparser.ConfigParser:
    class Several(dict):  # type: ignore[type-arg]
        def __setitem__(self, key: str, value: object) -> None:
            if isinstance(value, list) and isinstance(self.get(key), list):
                self[key].extend(value)
            else:
                super().__setitem__(key, value)

    parser = configparser.ConfigParser(dict_type=Several, strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNITS / name)
    return parser


def by_cron(home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """The line as cron runs it: by sh, with few variables, in the user's folder."""
    variables, command = crontab()
    here = {name: value.replace(HOME, str(home)) for name, value in variables.items()}
    words = ["sh", "-c", command.replace(PROGRAM, HERE)]
    return subprocess.run(
        words, env={"PATH": "/usr/bin:/bin", **here, **more}, cwd=home, capture_output=True, text=True, check=False
    )


def mailed(run: subprocess.CompletedProcess[str]) -> list[str]:
    """Its lines on standard error, but for the one that goes with every figure of a sample."""
    return [line for line in run.stderr.splitlines() if not line.startswith("sample ")]


def test_cron_mails_nothing_where_all_is_well_or_another_refresh_is_at_work(served: Service, tmp_path: Path) -> None:
    home = begun(tmp_path / "home")
    done = by_cron(home, **served.variables)
    with FileLock(home / "refresh.lock"):
        crowded = by_cron(home, **served.variables)
    assert [(run.returncode, run.stdout, mailed(run)) for run in (done, crowded)] == [(0, "", [])] * 2
    assert [(run["started_by"], run["outcome"]) for run in runs(home, {})] == [("cron", "done")]


def test_cron_mails_the_line_of_a_refresh_that_fails(tmp_path: Path) -> None:
    home = begun(tmp_path / "home")
    failed = by_cron(home, WATTHOUSE_ODRE_URL="http://127.0.0.1:9/api", WATTHOUSE_ATTEMPTS="1")
    (line,) = mailed(failed)
    assert (failed.returncode, line.partition(" ")[0]) == (1, "watthouse:")
    assert runs(home, {})[0]["line"] == line.removeprefix("watthouse: ")


def test_the_service_of_systemd_is_a_run_of_its_name(served: Service, tmp_path: Path) -> None:
    home, declared = begun(tmp_path / "home"), unit("watthouse.service")["Service"]
    pairs = [line.split("=", 1) for line in declared["Environment"].splitlines()]
    variables = {name: value.replace(HOME, str(home)) for name, value in pairs}
    words, env = shlex.split(declared["ExecStart"].replace(PROGRAM, HERE)), {**variables, **served.variables}
    done = subprocess.run(words, env=env, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [(run["started_by"], run["outcome"]) for run in runs(home, {})] == [("systemd", "done")]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_has_nothing_to_say_against_the_units(tmp_path: Path) -> None:
    for path in UNITS.iterdir():
        (tmp_path / path.name).write_text(path.read_text().replace(PROGRAM, HERE).replace(HOME, str(tmp_path)))
    units = [str(path) for path in sorted(tmp_path.iterdir())]
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    told = [line for line in verified.stderr.splitlines() if "watthouse" in line]
    assert (verified.returncode, told) == (0, [])
    calendar = unit("watthouse.timer")["Timer"]["OnCalendar"]
    normal = subprocess.run(["systemd-analyze", "calendar", calendar], capture_output=True, text=True, check=True)
    assert "*-*-* *:00:00" in normal.stdout
