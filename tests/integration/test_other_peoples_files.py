"""Files of other people: where an export goes, which homes are used, what their names do to a terminal."""

import os
import stat
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from tests.integration.meter_store import MeterStore, serving
from tests.integration.test_made_up_marts import gas
from tests.support import begun, tables, watthouse, write_csv
from tests.unit.meters.reading import LP, lp, write

pytestmark = [pytest.mark.slow]

CLEAR: Final = "\x1b[2J\x1b]0;title\x07"
SHOWN: Final = ("show", "gas_daily", "--format", "csv")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a day of gas, to be read only."""
    folder = tmp_path_factory.mktemp("gas")
    path = write_csv(folder / "gas.csv", gas(date(2025, 6, 1), {"Saline": "1", "Teréga": "2"}))
    assert watthouse(begun(folder / "home"), "refresh", "--from", path).returncode == 0
    return folder / "home"


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A device that is always full, which a test may lose."""
    path = tmp_path / "full"
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 7))
    except PermissionError:
        pytest.skip("only root makes devices")
    return path


EXPORTS: Final = {
    "show": SHOWN,
    "tests": ("tests", "--format", "json"),
    "revisions": ("revisions", "stock-quotidien-stockages-gaz", "--format", "parquet"),
}
OTHERS: Final[dict[str, tuple[str, Callable[[Path], object]]]] = {
    "folder": ("a folder", Path.mkdir),
    "link": ("a link", lambda path: path.symlink_to("precious")),
    "pipe": ("a pipe", os.mkfifo),
}


@pytest.mark.parametrize("words", EXPORTS.values(), ids=EXPORTS)
@pytest.mark.parametrize(("kind", "make"), OTHERS.values(), ids=OTHERS)
def test_an_export_is_written_to_regular_files_only(
    words: tuple[str, ...], kind: str, make: Callable[[Path], object], home: Path, tmp_path: Path
) -> None:
    (tmp_path / "precious").write_text("mine")
    make(tmp_path / "out")
    before = (tmp_path / "out").lstat()
    refused = watthouse(home, *words, "--output", tmp_path / "out")
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert line.endswith(f"is not a file but {kind}: name a regular file, or leave it out")
    assert (tmp_path / "precious").read_text() == "mine"
    after = (tmp_path / "out").lstat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "precious"]


def test_a_device_stays_one(home: Path, device: Path) -> None:
    refused = watthouse(home, *SHOWN, "--output", device)
    assert (refused.returncode, "is not a file but a device" in refused.stderr) == (2, True)
    assert stat.S_ISCHR(device.lstat().st_mode)


def test_what_was_planted_beside_an_export_is_not_written_to(home: Path, tmp_path: Path) -> None:
    (precious := tmp_path / "precious").write_text("mine")
    (folder := tmp_path / "shared").mkdir()
    (folder / ".rows.csv.new").symlink_to(precious)
    assert watthouse(home, *SHOWN, "--output", folder / "rows.csv").returncode == 0
    assert precious.read_text() == "mine"
    assert (folder / "rows.csv").read_text() == watthouse(home, *SHOWN).stdout


EMPTY: Final = {"empty": "", "spaces": "  ", "tab": "\t"}


@pytest.mark.parametrize("name", EMPTY.values(), ids=EMPTY)
@pytest.mark.parametrize("words", [("status",), ("fetch", "--from", "gas.csv"), ("build",)], ids=lambda words: words[0])
def test_an_empty_home_is_refused_and_nothing_is_written_where_it_was_started(
    words: tuple[str, ...], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "gas.csv", gas(date(2025, 6, 1), {"Saline": "1", "Teréga": "2"}))
    monkeypatch.chdir(tmp_path)
    refused = watthouse(tmp_path, *words, env={"WATTHOUSE_HOME": name})
    assert (refused.returncode, refused.stdout) == (2, "")
    (line,) = refused.stderr.splitlines()
    assert line.startswith("watthouse: WATTHOUSE_HOME '")
    assert [path.name for path in tmp_path.iterdir()] == ["gas.csv"]


def test_an_empty_home_to_serve_is_refused(tmp_path: Path) -> None:
    refused = watthouse(tmp_path, "serve", "--home", "")
    assert (refused.returncode, "it is empty: name a folder" in refused.stderr) == (2, True)


REFUSED: Final = [
    "a\\b",
    "a\tb",
    "a\nb",
    "50%",
    "a*",
    "a?",
    "a#b",
    "[a]",
    "a|b",
    "a\x1bb",
    "a\u2028b",
    "a\u202eb",
    "a\udcffb",
]
USED: Final = [
    *('it\'s "no" {{ env }} {a} $HOME ~', " a;b & !`c` <d>", "a,b=c:d @e +f", "Énergie 日本 a\xa0b", "--", "-a"),
    "a'; drop table x; --",
]


@pytest.mark.parametrize("name", REFUSED, ids=ascii)
def test_a_home_that_libraries_misread_is_refused_at_once(name: str, tmp_path: Path) -> None:
    for words in (("status",), ("fetch", "--from", "."), ("serve",), ("doctor",), ("meters", "show")):
        refused = watthouse(tmp_path, *words, env={"WATTHOUSE_HOME": str(tmp_path / name)})
        assert refused.returncode == 2, words
        (line,) = refused.stderr.splitlines()
        assert "WATTHOUSE_HOME" in line
        assert "rename it" in line or "control character" in line
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", USED, ids=ascii)
def test_a_home_of_any_other_name_is_used(name: str, home: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "gas.csv", gas(date(2025, 6, 1), {"Saline": "1", "Teréga": "2"}))
    odd = begun(tmp_path / "homes" / name)
    for words in (("refresh", "--from", path), ("status",)):
        done = watthouse(odd, *words)
        assert done.returncode == 0, done.stderr
    assert watthouse(odd, *SHOWN).stdout == watthouse(home, *SHOWN).stdout
    assert tables(odd, "marts") == tables(home, "marts")
    assert [one.name for one in (tmp_path / "homes").iterdir()] == [name]


def test_the_name_of_a_file_gives_no_orders(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    names = (f"{CLEAR}.csv", "[red]x[", "a\u202eb.csv", "a\nrefused  all is well.csv", "\udcff.csv")
    for name in names:
        (folder / name).write_bytes(b"a,b\n1,2\n")
    for paths in ((folder,), tuple(folder / name for name in names)):
        done = watthouse(tmp_path / "home", "fetch", "--from", *paths)
        for printed in (done.stdout, done.stderr):
            assert not {"\x1b", "\x07", "\u202e"} & {*printed}
            assert "Traceback" not in printed
            assert not [line for line in printed.splitlines() if line.startswith("refused  all is well")]


def test_the_log_of_the_meter_service_gives_no_orders(tmp_path: Path) -> None:
    files = tmp_path / "meter-files"
    write(files / f"{CLEAR}.csv", LP, lp("01/09/2015 00:00:00", 1))
    write(files / "\x9b31mLP.csv")
    meters = MeterStore(tmp_path / "home", f"sqlite:///{tmp_path / 'meters.sqlite'}")
    with serving(meters, files):
        log = (tmp_path / "serve.log").read_text()
    assert "]0;title" in log
    assert not {"\x1b", "\x07", "\x9b"} & {*log}
