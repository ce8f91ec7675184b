"""Bytes that were read before are not read again, as long as the lake holds what they gave."""

import gzip
import json
import shutil
import zipfile
from datetime import date
from pathlib import Path

import pytest
from deltalake import DeltaTable

from tests.integration.test_made_up_marts import gas, national
from tests.support import watthouse, write_csv

pytestmark = [pytest.mark.slow]

DAYS = [date(2025, 6, day) for day in range(1, 4)]
GAS = "stock-quotidien-stockages-gaz"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    write_csv(folder / "gas.csv", [row for day in DAYS for row in gas(day, {"Saline": "1", "Teréga": "2"})])
    write_csv(folder / "tr.csv", [row for day in DAYS for row in national(day, "Données temps réel", 50_000)])
    return folder


def fetched(home: Path, *paths: Path | str) -> tuple[str, set[str]]:
    """The line of counts, and the names of the files that are said to have been read before."""
    done = watthouse(home, "fetch", "--from", *paths)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    known = {line.split("/")[-1].split(":")[0] for line in lines if line.startswith("known")}
    return lines[-1], known


def test_a_second_run_reads_nothing_and_counts_the_same_rows(home: Path, files: Path) -> None:
    first, known = fetched(home, files)
    assert known == set()
    assert first.startswith("294 fetched, 294 new, 0 revised, 0 unchanged")
    second, known = fetched(home, files)
    assert second.startswith("294 fetched, 0 new, 0 revised, 294 unchanged")
    assert known == {"gas.csv", "tr.csv"}


def test_a_file_is_known_by_its_bytes_and_not_by_its_name(home: Path, files: Path) -> None:
    fetched(home, files)
    shutil.move(files / "gas.csv", files / "renamed.txt")
    write_csv(files / "tr.csv", [row for day in DAYS for row in national(day, "Données temps réel", 60_000)])
    counts, known = fetched(home, files)
    assert known == {"renamed.txt"}
    assert "288 revised" in counts


@pytest.mark.parametrize("more", [(), ("--full",)])
def test_a_zip_and_what_was_unpacked_from_it_are_read_once(more: tuple[str, ...], home: Path, files: Path) -> None:
    with zipfile.ZipFile(files / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(files / "gas.csv", "gas.csv")
    done = watthouse(home, "fetch", *more, "--from", files)
    assert f"known    {files}/gas.csv: already read, 6 rows" in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1].startswith("300 fetched, 294 new, 0 revised, 6 unchanged")


def test_what_was_known_counts_as_refreshed(home: Path, files: Path) -> None:
    fetched(home, files)
    before = json.loads((home / "refreshes.json").read_text())
    fetched(home, files)
    after = json.loads((home / "refreshes.json").read_text())
    assert before.keys() == {GAS, "eco2mix-national-tr"} == {name for name in after if after[name] > before[name]}


@pytest.mark.parametrize("packed", ["gzip", "zip"])
def test_packed_files_are_known_too(packed: str, home: Path, files: Path) -> None:
    plain = (files / "gas.csv").read_bytes()
    (files / "gas.csv").unlink()
    if packed == "gzip":
        (files / "gas.csv.gz").write_bytes(gzip.compress(plain))
    else:
        with zipfile.ZipFile(files / "gas.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("gas.csv", plain)
    fetched(home, files)
    assert len(fetched(home, files)[1]) == 2


def test_an_old_download_that_is_read_again_takes_nothing_back(home: Path, files: Path, tmp_path: Path) -> None:
    fetched(home, files / "gas.csv")
    revised = write_csv(tmp_path / "revised.csv", gas(DAYS[0], {"Saline": "5", "Teréga": "2"}))
    assert "1 revised" in fetched(home, revised)[0]
    assert "0 revised" in fetched(home, files / "gas.csv")[0]
    assert held(home)[DAYS[0]] == {"1", "5"}
    done = watthouse(home, "fetch", "--full", "--from", files / "gas.csv")
    assert "1 revised" in done.stdout.splitlines()[-1]


def held(home: Path) -> dict[date, set[str]]:
    rows = DeltaTable(home / "lake" / GAS).to_pyarrow_table().to_pylist()
    found: dict[date, set[str]] = {}
    for row in rows:
        if row["pits"] == "Saline":
            found.setdefault(row["date"], set()).add(f"{row['stock_fin_de_journee']:f}".rstrip("0").rstrip("."))
    return found


def test_a_file_of_which_days_were_left_out_is_read_again(home: Path, files: Path) -> None:
    part = watthouse(home, "fetch", "--from", files / "gas.csv", "--since", str(DAYS[1]))
    assert "4 new" in part.stdout.splitlines()[-1]
    counts, known = fetched(home, files / "gas.csv")
    assert (known, "2 new" in counts) == (set(), True)
    assert fetched(home, files / "gas.csv")[1] == {"gas.csv"}


def test_a_refused_file_is_refused_again(home: Path, files: Path) -> None:
    (files / "cut.csv").write_bytes(b"")
    for _ in range(2):
        done = watthouse(home, "fetch", "--from", files)
        assert (done.returncode, "cut.csv" in done.stderr) == (1, True)


def lose_the_lake(home: Path) -> None:
    shutil.rmtree(home / "lake")


def lose_a_table(home: Path) -> None:
    shutil.rmtree(home / "lake" / GAS)


def spoil_the_note(home: Path) -> None:
    (home / "documents.json").write_text("{")


def change_the_readers(home: Path) -> None:
    note = json.loads((home / "documents.json").read_text())
    (home / "documents.json").write_text(json.dumps({**note, "readers": "another"}))


@pytest.mark.parametrize("lose", [lose_the_lake, lose_a_table, spoil_the_note, change_the_readers])
def test_what_the_lake_may_lack_is_read_again(lose: object, home: Path, files: Path) -> None:
    fetched(home, files)
    lose(home)  # type: ignore[operator]
    assert "gas.csv" not in fetched(home, files)[1]
    assert held(home).keys() == {*DAYS}
    assert fetched(home, files)[1] == {"gas.csv", "tr.csv"}


def test_a_lake_of_an_earlier_day_lacks_what_was_read_since(home: Path, files: Path, tmp_path: Path) -> None:
    fetched(home, files / "gas.csv")
    shutil.copytree(home / "lake", tmp_path / "backup")
    later = write_csv(tmp_path / "later.csv", gas(date(2025, 6, 9), {"Saline": "5", "Teréga": "2"}))
    fetched(home, later)
    shutil.rmtree(home / "lake")
    shutil.copytree(tmp_path / "backup", home / "lake")
    assert "2 new" in fetched(home, later)[0]
