"""Bad input gets one line (what, where, what to do) and the right exit code; everything else still counts."""

import gzip
import re
from datetime import date
from pathlib import Path

import pytest
from deltalake import DeltaTable

from tests.integration.test_made_up_marts import gas, national
from tests.support import begun, watthouse, write_csv

pytestmark = [pytest.mark.slow]

DAY = date(2025, 6, 1)


def good(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return write_csv(folder / "good.csv", gas(DAY, {"Saline": "1", "Teréga": "2"}))


def bad(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path


def real_time(folder: Path) -> bytes:
    return write_csv(folder / "source.csv", national(DAY, "Données temps réel", 50_000)).read_bytes()


@pytest.mark.parametrize("words", [("refresh", "eco2mix-lunar", "--from", "."), ("datasets", "eco2mix-lunar")])
def test_an_unknown_dataset_is_a_mistake_in_the_call(words: tuple[str, ...], tmp_path: Path) -> None:
    done = watthouse(tmp_path / "home", *words)
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert "unknown dataset 'eco2mix-lunar'" in line
    assert "eco2mix-national-tr" in line
    assert "`watthouse datasets`" in line


def test_a_path_that_is_not_there_is_a_mistake_in_the_call(tmp_path: Path) -> None:
    done = watthouse(tmp_path / "home", "refresh", "--from", tmp_path / "nowhere")
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert "nowhere" in line


@pytest.mark.parametrize(
    ("name", "spoil", "says"),
    [
        ("empty.csv", lambda whole: b"", "empty"),
        ("cut.csv", lambda whole: b"\n".join(whole.splitlines()[:2])[:-9], "truncated"),
        ("cut.csv.gz", lambda whole: gzip.compress(whole)[:-20], "truncated"),
        ("no-key.csv", lambda whole: whole.replace(b"nature", b"natura"), "nature"),
        ("words.csv", lambda whole: whole.replace(b"50010", b"many!"), "many!"),
    ],
)
def test_a_bad_file_is_refused_and_the_good_one_beside_it_counts(
    name: str, spoil: object, says: str, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    good(folder)
    bad(folder, name, spoil(real_time(tmp_path)))  # type: ignore[operator]
    done = watthouse(tmp_path / "home", "fetch", "--from", folder)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line]
    assert line.startswith("refused")
    assert name in line
    assert says in line
    assert done.stdout.strip().splitlines()[-1] == "2 fetched, 2 new, 0 revised, 0 unchanged, 0 dropped"
    again = watthouse(tmp_path / "home", "fetch", "--from", folder / "good.csv")
    assert again.stdout.strip().splitlines()[-1] == "2 fetched, 0 new, 0 revised, 2 unchanged, 0 dropped"


def test_a_file_that_is_no_export_is_left_in_a_folder_and_refused_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    good(folder)
    other = bad(folder, "notes.csv", b"a,b\n1,2\n")
    by_folder = watthouse(tmp_path / "home", "fetch", "--from", folder)
    assert by_folder.returncode == 0
    assert any(line.startswith("left") and "notes.csv" in line for line in by_folder.stdout.splitlines())
    assert watthouse(tmp_path / "home", "fetch", "--from", other).returncode == 1


def test_a_lake_of_a_newer_watthouse_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    path = good(tmp_path / "files")
    assert watthouse(home, "fetch", "--from", path).returncode == 0
    table = DeltaTable(home / "lake" / "stock-quotidien-stockages-gaz")
    table.alter.set_table_properties({"watthouse.format": "99"}, raise_if_not_exists=False)
    for words in (("fetch", "--from", path), ("build",), ("status",)):
        done = watthouse(home, *words)
        assert done.returncode == 1
        (line,) = done.stderr.strip().splitlines()
        assert "newer watthouse" in line
        assert "upgrade watthouse" in line


def test_marts_and_columns_that_are_not_there(tmp_path: Path) -> None:
    home = tmp_path / "home"
    none = watthouse(home, "show", "daily_merged")
    assert none.returncode == 1
    assert "run `watthouse refresh` first" in none.stderr
    assert watthouse(begun(home), "refresh", "--from", good(tmp_path / "files")).returncode == 0
    for words, says in (
        (("show", "daily_merger"), "unknown mart 'daily_merger'"),
        (("show", "gas_daily", "--columns", "stock"), "gas_daily has no column 'stock'"),
        (("revisions", "stock-quotidien-stockages-gaz", "--column", "x"), "has no column 'x'"),
    ):
        done = watthouse(home, *words)
        assert done.returncode == 2
        (line,) = done.stderr.strip().splitlines()
        assert says in line


def test_a_home_nobody_may_write_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, not a folder")
    done = watthouse(tmp_path / "home", "fetch", "--from", good(tmp_path / "files"))
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "set WATTHOUSE_HOME" in line


def test_status_checks_the_cadence(tmp_path: Path) -> None:
    home = tmp_path / "home"
    empty = watthouse(home, "status", "--check")
    assert (empty.returncode, "the lake is empty" in empty.stderr) == (1, True)
    assert watthouse(home, "fetch", "--from", good(tmp_path / "files")).returncode == 0
    assert watthouse(home, "status").returncode == 0
    late = watthouse(home, "status", "--check")
    assert late.returncode == 1
    assert "older than the cadence: stock-quotidien-stockages-gaz" in late.stderr


def one_line(home: Path, *words: str | Path, env: dict[str, str] | None = None) -> tuple[int, str]:
    done = watthouse(home, *words, env=env)
    (line,) = done.stderr.strip().splitlines()
    return done.returncode, line


def test_what_a_call_gets_wrong_is_said_in_one_line(tmp_path: Path) -> None:
    home, path = tmp_path / "home", good(tmp_path / "files")
    code, line = one_line(home, "status", env={"WATTHOUSE_THREADS": "abc"})
    assert (code, "WATTHOUSE_THREADS 'abc' is not valid" in line) == (2, True)
    code, line = one_line(home, "refresh", "--since", "2025-02-01", "--until", "2025-01-01", "--from", path)
    assert (code, "later than --until" in line) == (2, True)
    code, line = one_line(tmp_path / "50%", "fetch", "--from", path)
    assert (code, "rename it" in line) == (2, True)
    assert watthouse(begun(home), "refresh", "--from", path).returncode == 0
    code, line = one_line(home, "show", "gas_daily", "--format", "csv", "--output", tmp_path)
    assert (code, "is not a file" in line) == (2, True)


def test_a_file_of_a_dataset_that_was_not_asked_for_is_left_and_no_failure(tmp_path: Path) -> None:
    done = watthouse(tmp_path / "home", "fetch", "eco2mix-national-tr", "--from", good(tmp_path / "files"))
    assert done.returncode == 0
    assert "which was not asked for" in done.stdout
    assert done.stdout.strip().splitlines()[-1] == "0 fetched, 0 new, 0 revised, 0 unchanged, 0 dropped"


def test_what_was_fetched_is_told_even_where_the_build_fails(tmp_path: Path) -> None:
    path = good(tmp_path / "files")
    no_project = {"WATTHOUSE_TRANSFORM": str(path.parent)}
    done = watthouse(tmp_path / "home", "refresh", "--from", path, env=no_project)
    assert done.returncode == 1
    assert done.stdout.strip().splitlines()[-1] == "2 fetched, 2 new, 0 revised, 0 unchanged, 0 dropped"
    (line,) = done.stderr.strip().splitlines()
    assert "the warehouse stays as it was" in line


@pytest.mark.parametrize("words", [("show", "daily_mix"), ("revisions", "eco2mix-national-tr"), ("refresh",)])
def test_days_upside_down_are_refused(words: tuple[str, ...], tmp_path: Path) -> None:
    done = watthouse(tmp_path / "home", *words, "--since", "2025-02-01", "--until", "2025-01-01")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "watthouse: --since 2025-02-01 is later than --until 2025-01-01: swap them\n"


def test_nothing_is_built_from_an_empty_lake(tmp_path: Path) -> None:
    done = watthouse(tmp_path / "home", "build")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"watthouse: the lake at .* is empty: run `watthouse refresh`\n", done.stderr)
    note = tmp_path / "note.txt"
    note.write_text("no export")
    assert watthouse(tmp_path / "home", "refresh", "--from", note).returncode == 1
    assert not (tmp_path / "home" / "warehouse.duckdb").exists()


def test_a_broken_warehouse_is_made_anew_from_the_lake(tmp_path: Path) -> None:
    home, path = begun(tmp_path / "home"), good(tmp_path / "files")
    assert watthouse(home, "refresh", "--from", path).returncode == 0
    (home / "warehouse.duckdb").write_bytes(b"rubbish")
    code, line = one_line(home, "show", "gas_daily")
    assert (code, "`watthouse build --full` rebuilds it from the lake" in line) == (1, True)
    assert watthouse(home, "build").returncode == 0
    assert watthouse(home, "show", "gas_daily", "--format", "csv").stdout.count("\n") == 2


def test_a_lake_that_was_lost_takes_its_rows_out_of_the_marts_only_where_that_is_said(tmp_path: Path) -> None:
    import shutil

    home, folder = begun(tmp_path / "home"), tmp_path / "files"
    assert watthouse(home, "refresh", "--from", good(folder)).returncode == 0
    shutil.rmtree(home / "lake")
    (home / "refreshes.json").write_text("{")
    later = write_csv(folder / "later.csv", gas(date(2025, 7, 1), {"Saline": "3", "Teréga": "4"}))
    assert watthouse(home, "refresh", "--from", later).returncode == 1
    shown = ("show", "gas_daily", "--format", "csv", "--columns", "civil_date")
    assert watthouse(home, *shown).stdout.split() == ["civil_date", "2025-06-01"]
    assert watthouse(home, "refresh", "--from", later, "--full", "--lake-was-lost").returncode == 0
    assert watthouse(home, *shown).stdout.split() == ["civil_date", "2025-07-01"]
    assert watthouse(home, "status").returncode == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("build", "--lake-was-lost"), "use --full --lake-was-lost"),
        (("refresh", "--lake-was-lost"), "use --full --lake-was-lost"),
        (("refresh", "--full", "--lake-was-lost", "--follow"), "refresh once, then follow"),
    ],
)
def test_a_lake_is_given_up_by_a_whole_build_alone(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    code, line = one_line(tmp_path / "home", *words)
    assert (code, says in line) == (2, True)


def test_an_empty_lake_cannot_be_gone_on_with(tmp_path: Path) -> None:
    import shutil

    home = begun(tmp_path / "home")
    assert watthouse(home, "refresh", "--from", good(tmp_path / "files")).returncode == 0
    shutil.rmtree(home / "lake")
    code, line = one_line(home, "build", "--full", "--lake-was-lost")
    assert (code, "is empty: run `watthouse refresh --full --lake-was-lost`" in line) == (1, True)
    assert watthouse(home, "show", "gas_daily", "--format", "csv").stdout.count("\n") == 2
