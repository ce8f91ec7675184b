"""The check finds whatever the stream's store and the marts do not have in common, and nothing else."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.test_made_up_marts import national
from tests.support import begun, clock, mart, watthouse, write_csv
from watthouse.stream.documents import LAYOUTS, NAMES, dataset_of, key_of, rev_of
from watthouse.stream.store import Store

pytestmark = [pytest.mark.slow]

DAYS: Final = (date(2026, 10, 24), date(2026, 10, 25), date(2026, 10, 26))
"""The second is the long one of autumn."""
NATIONAL, REGIONAL = LAYOUTS

Document = dict[str, Any]


def regional(day: date, region: str) -> list[dict[str, object]]:
    """A day of a region, with a rate that no float has exactly."""
    return [
        {
            "code_insee_region": region,
            "libelle_region": NAMES[region],
            "nature": "Données temps réel",
            "date": day,
            "heure": heure,
            "date_heure": instant,
            "consommation": 5_000 + number,
            "thermique": 10,
            "nucleaire": 4_000,
            "eolien": number,
            "ech_physiques": 7,
            "tch_eolien": 12.3 if number % 2 else 0.1,
        }
        for number, (heure, instant) in enumerate(clock(day, 15))
    ]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of France and of two regions; France's first is settled until noon."""
    folder = tmp_path_factory.mktemp("check")
    france = [row for day in DAYS for row in national(day, "Données temps réel", 50_000)]
    regions = [row for day in DAYS for code in ("11", "24") for row in regional(day, code)]
    files = [
        write_csv(folder / "tr.csv", france),
        write_csv(folder / "settled.csv", national(DAYS[0], "Données consolidées", 60_000, minutes=30)[:24]),
        write_csv(folder / "regions.csv", regions),
    ]
    done = watthouse(begun(folder / "home"), "refresh", "--from", *files)
    assert done.returncode == 0, done.stderr
    return folder / "home"


def documents(home: Path) -> Iterator[Document]:
    """The documents that say what the marts say, as the store would have them."""
    for layout, name in ((LAYOUTS[NATIONAL], "national_slots"), (LAYOUTS[REGIONAL], "regional_slots")):
        for row in mart(home, name, "nature = 'Données temps réel'"):
            region, instant = str(row.get("code_insee_region", "FR")), row["date_heure"]
            assert isinstance(instant, datetime)
            values = {field: row[field] for field in layout.fields if field in row and field not in {"heure", "nature"}}
            yield {
                "_id": key_of(layout.dataset, region, instant),
                "dataset": layout.dataset,
                "region": region,
                "instant": instant,
                "date": str(row["civil_date"]),
                "heure": row["heure"],
                "nature": row["nature"],
                "rev": rev_of(instant),
                "measured": row["consommation_mw"] is not None,
                "known": True,
                **{name: float(value) if isinstance(value, Decimal) else value for name, value in values.items()},
            }


@pytest.fixture
def store(stream_store: str, home: Path) -> Iterator[Store]:
    """One that says what the marts say, and has a row of tomorrow in which nothing is known yet."""
    with closing(Store(stream_store)) as opened:
        opened.upsert(documents(home))
        tomorrow = datetime(2026, 10, 26, 23, tzinfo=UTC)
        last = document(opened, "FR", tomorrow - timedelta(minutes=15))
        opened.upsert([moved(last, tomorrow) | {"consommation_mw": None, "known": False, "measured": False}])
        opened.settle([(NATIONAL, "FR"), (REGIONAL, "11"), (REGIONAL, "24")])
        yield opened


def document(store: Store, region: str, instant: datetime) -> Document:
    """The document of a slot."""
    found = store.slots(dataset_of(region), instant, instant + timedelta(minutes=15))
    (of_region,) = (each for each in found if each["region"] == region)
    return of_region


def moved(document: Document, instant: datetime, region: str = "") -> Document:
    """The same about another slot."""
    region = region or document["region"]
    return document | {"_id": key_of(document["dataset"], region, instant), "instant": instant, "region": region}


def check(home: Path, url: str, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return watthouse(home, "stream", "check", *words, env={"WATTHOUSE_STREAM_STORE": url, **env})


def lines(done: "subprocess.CompletedProcess[str]", code: int) -> dict[str, dict[str, Any]]:
    """What it found, by dataset."""
    assert done.returncode == code, done.stderr
    return {line["dataset"]: line for line in json.loads(done.stdout)}


def test_a_store_that_says_what_the_marts_say_agrees(home: Path, stream_store: str, store: Store) -> None:
    done = check(home, stream_store)
    assert done.returncode == 0, done.stdout
    assert done.stdout.strip().splitlines()[-1] == "the store and the marts agree from 2026-10-24 to 2026-10-26"
    found = lines(check(home, stream_store, "--json"), 0)
    # real time of France stands from noon of the first day: the marts take 24 half hours before from settled data
    assert found[NATIONAL] | {"compared": 96 + 96 + 48, "settled": 0} == found[NATIONAL]
    assert found[REGIONAL] | {"compared": 2 * 3 * 96, "settled": 0} == found[REGIONAL]


def test_documents_of_settled_half_hours_are_counted_and_not_compared(
    home: Path, stream_store: str, store: Store
) -> None:
    noon = datetime(2026, 10, 24, 10, tzinfo=UTC)
    real_time = document(store, "FR", noon)
    before = [noon - timedelta(minutes=minutes) for minutes in (15, 30, 45)]
    store.upsert(moved(real_time, instant) for instant in before)
    found = lines(check(home, stream_store, "--json"), 0)[NATIONAL]
    assert (found["settled"], found["compared"]) == (3, 240)


@pytest.mark.parametrize(
    ("region", "field", "value"),
    [
        ("FR", "consommation_mw", 0),
        ("FR", "consommation_mw", None),
        ("FR", "charbon_mw", 0),
        ("FR", "production_mw", None),
        ("FR", "mix_known", False),
        ("FR", "heure", "12:01"),
        ("11", "balance_residual_mw", 1),
        ("11", "tch_eolien_pct", 0.30000000000000004),
        ("11", "tch_eolien_pct", None),
        ("11", "date", "2026-10-24"),
    ],
)
def test_one_value_of_one_slot_is_found(
    region: str, field: str, value: object, home: Path, stream_store: str, store: Store
) -> None:
    instant = datetime(2026, 10, 25, 11, 15, tzinfo=UTC)
    before = document(store, region, instant)
    assert before[field] != value
    store.upsert([before | {field: value}])
    found = lines(check(home, stream_store, "--json"), 1)
    mine, other = (NATIONAL, REGIONAL) if region == "FR" else (REGIONAL, NATIONAL)
    assert found[mine]["different"] == 1
    assert found[mine]["first"] == [
        f"{region} 2026-10-25T11:15Z: {field} is {value} in the store, {before[field]} in the marts"
    ]
    assert found[other]["different"] == found[other]["only_in_store"] == found[other]["only_in_marts"] == 0


def test_slots_that_one_side_lacks_are_found(home: Path, stream_store: str, store: Store) -> None:
    instant = datetime(2026, 10, 25, 11, 15, tzinfo=UTC)
    stray = document(store, "11", instant)
    store.upsert([moved(stray, instant, "44")])
    store.upsert([document(store, "FR", instant) | {"known": False}])
    done = check(home, stream_store)
    assert done.returncode == 1
    said = done.stdout.splitlines()
    assert re.split(r"\s{2,}", said[1].strip()) == [NATIONAL, "239", "0", "1", "0", "0"]
    assert re.split(r"\s{2,}", said[2].strip()) == [REGIONAL, "576", "1", "0", "0", "0"]
    assert f"{NATIONAL} FR 2026-10-25T11:15Z: only in the marts" in said
    assert f"{REGIONAL} 44 2026-10-25T11:15Z: only in the store" in said
    assert said[-1].startswith("the store and the marts differ from")


def test_only_the_days_asked_for_and_kept_are_compared(home: Path, stream_store: str, store: Store) -> None:
    store.forget(datetime(2026, 10, 24, 22, tzinfo=UTC))
    assert lines(check(home, stream_store, "--json"), 1)[REGIONAL]["only_in_marts"] == 2 * 96
    kept = lines(check(home, stream_store, "--json", WATTHOUSE_STREAM_DAYS="1"), 0)
    assert kept[REGIONAL]["compared"] == 2 * 2 * 96
    asked = lines(check(home, stream_store, "--json", "--since", "2026-10-25", "--until", "2026-10-25"), 0)
    assert asked[REGIONAL]["compared"] == 2 * 96
    none = check(home, stream_store, "--since", "2026-10-27")
    assert none.returncode == 0
    assert "neither the store nor the marts have a slot of these days" in none.stdout


def test_what_cannot_be_checked_is_one_line(home: Path, stream_store: str, tmp_path: Path) -> None:
    def line(done: "subprocess.CompletedProcess[str]", code: int) -> str:
        assert done.returncode == code
        (said,) = done.stderr.strip().splitlines()
        return said

    host = re.sub(r"^mongodb://(.*@)?|/.*$", "", stream_store)
    assert line(check(home, stream_store), 1) == (
        f"watthouse: the stream's store at {host} holds no slot: run `watthouse stream process`"
    )
    assert line(check(home, ""), 2).startswith("watthouse: no store is named: set WATTHOUSE_STREAM_STORE to mongodb://")
    assert "--since 2026-10-26 is later than" in line(
        check(home, stream_store, "--since", "2026-10-26", "--until", "2026-10-25"), 2
    )
    with closing(Store(stream_store)) as store:
        store.upsert(documents(home))
        store.settle([(NATIONAL, "FR")])
    assert "no warehouse" in line(check(tmp_path, stream_store), 1)
