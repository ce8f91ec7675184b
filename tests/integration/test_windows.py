"""Any order, any cutting and any repetition of the windows, with revisions in between, gives the same marts."""

import random
import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import Rows, Tables, begun, clock, tables, watthouse, write_csv

pytestmark = [pytest.mark.slow]

FIRST = date(2025, 3, 29)
DAYS = 4  # the spring clock change among them
REGIONS = {"11": "Île-de-France", "32": "Hauts-de-France"}
LATEST = 2

Window = tuple[str, int, int, int]  # dataset, first day, days, version published at that time


def rows_of(dataset: str, first: int, days: int, version: int) -> Rows:
    """What the publisher says of these days at this version; later versions differ in some of their cells."""
    rows: Rows = []
    for number in range(first, min(first + days, DAYS)):
        rows += MAKERS[dataset](FIRST + timedelta(days=number), random.Random(f"{dataset} {number} {version}"), version)
    return rows


def _national(day: date, chance: random.Random, version: int, nature: str, minutes: int) -> Rows:
    base = {"perimetre": "France", "nature": nature, "date": day}
    measured = (
        "consommation",
        "nucleaire",
        "gaz",
        "eolien",
        "ech_physiques",
        "taux_co2",
        "ech_comm_suisse",
        "prevision_j",
    )
    moved = random.Random(f"{day} {nature}")
    rows: Rows = []
    for heure, instant in clock(day, minutes):
        values = {name: moved.randrange(-500 if name.startswith("ech") else 0, 900) for name in measured}
        if chance.random() < 0.1:
            values["consommation"] += version
        rows.append({**base, "heure": heure, "date_heure": instant, **values})
    return rows


def _regional(day: date, chance: random.Random, version: int) -> Rows:
    rows: Rows = []
    for code, name in REGIONS.items():
        for row in _national(day, chance, version, "Données consolidées", 30):
            del row["perimetre"], row["gaz"], row["taux_co2"], row["ech_comm_suisse"], row["prevision_j"]
            rows.append({"code_insee_region": code, "libelle_region": name, **row, "thermique": 3})
    return rows


def _gas(day: date, chance: random.Random, version: int) -> Rows:
    points = {"Saline": "Storengy", "Teréga": "Teréga"}
    return [
        {"date": day, "stock_fin_de_journee": 100 + chance.randrange(9) / 4 + version, "source": source, "pits": pits}
        for pits, source in points.items()
    ]


def _temperature(day: date, chance: random.Random, version: int) -> Rows:
    return [
        {
            "id": f"{day}-{code}",
            "date": day,
            "code_insee_region": code,
            "region": name,
            "tmin": chance.randrange(90) / 10,
            "tmax": 20 + version,
            "tmoy": chance.randrange(90, 200) / 10,
        }
        for code, name in REGIONS.items()
    ]


MAKERS = {
    "tr": lambda day, chance, version: _national(day, chance, version, "Données temps réel", 15),
    "cons": lambda day, chance, version: _national(day, chance, version, "Données consolidées", 30),
    "regional": _regional,
    "gas": _gas,
    "temperature": _temperature,
}

WINDOWS = st.lists(
    st.tuples(st.sampled_from(list(MAKERS)), st.integers(0, DAYS - 1), st.integers(1, DAYS), st.integers(0, LATEST)),
    min_size=3,
    max_size=6,
)


def refresh(home: Path, windows: list[Window], verb: str = "refresh") -> None:
    """One refresh that reads these windows, a file each."""
    with tempfile.TemporaryDirectory() as folder:
        for turn, window in enumerate(windows):
            write_csv(Path(folder) / f"{turn}.csv", rows_of(*window))
        done = watthouse(home, verb, "--from", folder)
        assert done.returncode == 0, done.stderr


def rebuilt(home: Path, folder: Path) -> Tables:
    """The tables of a warehouse built from nothing over a copy of this lake."""
    other = folder / "rebuilt"
    shutil.rmtree(other, ignore_errors=True)
    shutil.copytree(home / "lake", other / "lake")
    assert watthouse(other, "build", "--full").returncode == 0
    return tables(other)


@given(windows=WINDOWS, groups=st.integers(1, 3), order=st.randoms(use_true_random=False))
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_marts_equal_a_full_rebuild_to_the_bit(windows: list[Window], groups: int, order: random.Random) -> None:
    everything = [(dataset, 0, DAYS, LATEST) for dataset in MAKERS]
    order.shuffle(everything)
    with tempfile.TemporaryDirectory() as folder:
        home = begun(Path(folder) / "home")
        size = -(-len(windows) // groups)
        for start in range(0, len(windows), size):
            refresh(home, windows[start : start + size])
            watthouse(home, "build")
        refresh(home, everything)
        refresh(home, everything[::-1])
        walked = tables(home)
        assert walked == rebuilt(home, Path(folder))
        straight = begun(Path(folder) / "straight")
        refresh(straight, everything)
        assert walked == tables(straight)
        assert len(walked["marts.daily_merged"]) == DAYS


def test_a_revision_of_yesterday_reaches_the_marts_it_should_and_no_other_day(tmp_path: Path) -> None:
    home = begun(tmp_path / "home")
    refresh(home, [(dataset, 0, DAYS, 0) for dataset in MAKERS])
    before = tables(home)
    refresh(home, [("gas", 1, 1, 2)])
    after = tables(home)
    assert after == rebuilt(home, tmp_path)
    merged = (both["marts.daily_merged"].to_pylist() for both in (before, after))
    changed = {old["civil_date"] for old, new in zip(*merged, strict=True) if old != new}
    assert changed == {FIRST + timedelta(days=1), FIRST + timedelta(days=2)}
    assert before["marts.daily_mix"] == after["marts.daily_mix"]


def test_raw_mirrors_the_lake_row_by_row_however_often_it_was_loaded(tmp_path: Path) -> None:
    home = begun(tmp_path / "home")
    for version in range(LATEST + 1):
        refresh(home, [(dataset, 0, DAYS, version) for dataset in ("gas", "tr")])
    rebuilt(home, tmp_path)
    books = {"raw.loads", "raw.builds"}
    loaded, anew = (tables(place, "raw") for place in (home, tmp_path / "rebuilt"))
    assert {name: loaded[name] for name in loaded.keys() - books} == {name: anew[name] for name in anew.keys() - books}
    assert loaded["raw.changed_days"].num_rows == 0
    assert len(loaded["raw.eco2mix_national_tr"]) > 96 * DAYS


def test_windows_are_what_they_say() -> None:
    """The publisher's versions differ, or the property above would hold of anything."""
    first, last = (pl.DataFrame(rows_of("tr", 0, DAYS, version)) for version in (0, LATEST))
    assert first.height == last.height == 96 * DAYS
    assert 0 < (first["consommation"] != last["consommation"]).sum() < first.height
