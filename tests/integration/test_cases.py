"""Files as people have them, each made up after one that went wrong: the value it must give, or the line."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support import begun, mart, watthouse

pytestmark = [pytest.mark.slow, pytest.mark.real]


def refreshed(home: Path, *paths: Path) -> str:
    """What was printed of a refresh that went well."""
    done = watthouse(begun(home), "refresh", "--from", *paths)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("name", "day", "energy", "slots"),
    [
        ("slot-twice-empty-last.csv", date(2025, 1, 10), "34875", 2),
        ("excel-workbook.xlsx", date(2025, 1, 10), "34875", 2),
        ("disclaimer-with-commas.csv", date(2020, 3, 2), "29900", 2),
        ("thousands-commas.csv", date(2025, 1, 10), "35027.5", 2),
        ("r-write-csv.csv", date(2025, 3, 29), "25701.75", 2),
    ],
)
def test_the_load_of_france(name: str, day: date, energy: str, slots: int, cases: Path, tmp_path: Path) -> None:
    refreshed(tmp_path, cases / name)
    (row,) = mart(tmp_path, "daily_merged")
    assert (row["civil_date"], row["consommation_mwh"], row["measured_slots"]) == (day, Decimal(energy), slots)


@pytest.mark.parametrize(
    ("name", "day", "energies"),
    [
        ("regional-without-thermique.csv", date(2022, 1, 10), {"11": "7950", "84": "8950"}),
        ("rte-rows-wider-than-header.xls", date(2019, 1, 1), {"11": "8900"}),
    ],
)
def test_the_load_of_regions(name: str, day: date, energies: dict[str, str], cases: Path, tmp_path: Path) -> None:
    refreshed(tmp_path, cases / name)
    rows = mart(tmp_path, "daily_regional")
    assert {row["code_insee_region"]: row["consommation_mwh"] for row in rows} == {
        code: Decimal(energy) for code, energy in energies.items()
    }
    assert {row["civil_date"] for row in rows} == {day}
    assert mart(tmp_path, "daily_merged") == []


def test_a_last_line_without_its_end_is_named_and_the_others_count(cases: Path, tmp_path: Path) -> None:
    printed = refreshed(tmp_path, cases / "no-final-newline.csv")
    assert "2020-09-29;27;Bourgogne-Franche-Comté;9.25;17.72;13.48" in printed
    taken = {
        (row["civil_date"], row["code_insee_region"]): row["tmoy_c"] for row in mart(tmp_path, "temperature_daily")
    }
    assert taken[date(2020, 9, 28), "44"] == Decimal("10.5")
    assert taken[date(2020, 9, 28), "53"] == Decimal("13.65")


@pytest.mark.parametrize(
    ("name", "says"), [("metropoles.csv", "eco2mix-metropoles-tr"), ("git-lfs-pointer.csv", "git lfs pull")]
)
def test_what_is_no_dataset_is_left_beside_others_and_refused_alone(
    name: str, says: str, cases: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for file in (name, "slot-twice-empty-last.csv"):
        (folder / file).write_bytes((cases / file).read_bytes())
    beside = watthouse(tmp_path / "home", "fetch", "--from", folder)
    assert beside.returncode == 0
    (line,) = [line for line in beside.stdout.splitlines() if line.startswith("left")]
    assert name in line
    assert says in line
    assert "2 new" in beside.stdout
    alone = watthouse(tmp_path / "alone", "fetch", "--from", cases / name)
    assert alone.returncode == 1
    assert says in alone.stdout
    assert "0 new" in alone.stdout
