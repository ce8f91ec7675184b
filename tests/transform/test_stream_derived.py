"""What Spark derives from observations, against the slots marts that dbt builds on DuckDB from the same ones."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.spark import order
from tests.support import watthouse
from tests.transform.lab import Lab, Row, power, regional
from watthouse.catalog import CATALOG, REAL_TIME
from watthouse.home import Home
from watthouse.settings import Settings
from watthouse.stream.derive import schema
from watthouse.stream.documents import FRANCE, LAYOUTS, NATIONAL, REGIONAL, Document, key_of, rev_of

pytestmark = [pytest.mark.slow]

MARTS: Final = {NATIONAL: "national_slots", REGIONAL: "regional_slots"}
SPRING, AUTUMN, DAY = date(2024, 3, 31), date(2024, 10, 27), date(2024, 6, 4)


def observations(dataset: str, rows: Iterable[Row]) -> pa.Table:
    """Rows of raw as the derivation takes them."""
    layout = LAYOUTS[dataset]
    taken = []
    for row in rows:
        region, at = row.get("code_insee_region", FRANCE), row["date_heure"]
        heads = {"_id": key_of(dataset, region, at), "region": region, "instant": at, "date": str(row["date"])}
        values = {name: row.get(name) for name in (*layout.published, *layout.forecasts)}
        taken.append({**row, **values, **heads, "rev": rev_of(row["observed_at"]), "stored": False})
    return pa.Table.from_pylist(taken, schema(layout))


def derived(spark: str, folder: Path, dataset: str, rows: pa.Table) -> dict[str, Document]:
    """What Spark makes of them, by key."""
    paths = [str(folder / name) for name in ("in.parquet", "out.parquet")]
    pq.write_table(rows, paths[0])
    order(spark, "derive", dataset=dataset, observations=paths[0], out=paths[1])
    found = pq.read_table(paths[1]).to_pylist()
    assert len({row["_id"] for row in found}) == len(found)
    return {row["_id"]: row for row in found}


def compare(documents: dict[str, Document], dataset: str, slots: Sequence[Row]) -> None:
    """Every slot of the mart and no other, every value of it, and what the mart does not have from these."""
    layout = LAYOUTS[dataset]
    known = {key: row for key, row in documents.items() if row["known"]}
    expected = {key_of(dataset, row.get("code_insee_region", FRANCE), row["date_heure"]): row for row in slots}
    assert known.keys() == expected.keys()
    columns = [*layout.published.values(), "production_mw", "balance_residual_mw", "mix_known"]
    for key, slot in expected.items():
        found = known[key]
        assert [found["date"], found["heure"], found["instant"]] == [
            str(slot["civil_date"]),
            slot["heure"],
            slot["date_heure"],
        ]
        for name in columns:
            assert _plain(slot[name]) == found[name], (key, name)
            assert type(found[name]) in {int, bool, float, type(None)}
        production, load = slot["production_mw"], slot["consommation_mw"]
        assert found["measured"] is (load is not None)
        assert found["difference_mw"] == (None if None in {production, load} else production - load)
        for source, share in layout.shares.items():
            part = slot[f"{source}_mw"]
            assert found[share] == (100 * part / production if production and part is not None else None), (key, share)


def _plain(value: Any) -> Any:
    return float(value) if type(value).__name__ == "Decimal" else value


def whole(dataset: str) -> list[str]:
    """Every numeric column, forecasts included."""
    return [*LAYOUTS[dataset].published, *LAYOUTS[dataset].forecasts]


def drawn(draw: Random, dataset: str, day: date) -> list[Row]:
    """A day of rows with holes, zeros, negative values and rates over 100."""

    def value(name: str) -> Any:
        if draw.random() < 0.03:
            return None
        if name in LAYOUTS[dataset].rates:
            return draw.randint(0, 15_000) / 100
        return draw.choice([0, draw.randint(-500, 9000)])

    return [{**row, **{name: value(name) for name in whole(dataset)}} for row in power(day, REAL_TIME, None)]


def without(rows: Iterable[Row], *names: str) -> list[Row]:
    return [{**row, **dict.fromkeys(names)} for row in rows]


def trapped(dataset: str, draw: Random) -> Iterable[tuple[str, list[Row]]]:
    """What each day is about, and its rows."""
    sources = LAYOUTS[dataset].sources
    day = drawn(draw, dataset, DAY)
    yield "a source that is not published all day", without(day, sources[0])
    yield "a source withdrawn in one slot", [*without(day[:1], sources[1]), *day[1:]]
    yield "no source at all", without(day, *sources)
    yield "no load all day", without(day, "consommation")
    yield "nothing but forecasts", without(day, *LAYOUTS[dataset].published)
    yield "rows of which nothing is known", without(day, *whole(dataset))
    yield "a production of 0", [{**row, **dict.fromkeys(sources, 0)} for row in day]
    yield (
        "sources that cancel out",
        [{**row, **dict.fromkeys(sources, 0), sources[0]: 7, sources[1]: -7} for row in day],
    )
    yield "a day under way", [*day[:40], *without(day[40:], *LAYOUTS[dataset].published)]


@pytest.mark.parametrize("dataset", [NATIONAL, REGIONAL])
def test_made_up_days_with_every_trap_are_as_in_the_marts(blank: Lab, tmp_path: Path, spark: str, dataset: str) -> None:
    lab, draw, table = blank.copy(tmp_path), Random(11), CATALOG[dataset].table

    def placed(rows: list[Row], region: str) -> list[Row]:
        return regional(region, rows) if dataset == REGIONAL else rows

    # France has one place, so there each trap has a day of its own; the regions have one day for all of them
    for number, (_, rows) in enumerate(trapped(dataset, draw)):
        shifted = rows if dataset == REGIONAL else _moved(rows, 1 + number)
        lab.observe(table, placed(shifted, f"{number:02}"))
    for day in (SPRING, AUTUMN):
        lab.observe(table, placed(drawn(draw, dataset, day), "53"))
    first = placed(drawn(draw, dataset, date(2024, 7, 1)), "75")
    lab.observe(table, first)
    revised = [{**first[5], LAYOUTS[dataset].sources[0]: None}, {**first[6], "consommation": 1}]
    lab.observe(table, revised)
    lab.observe(table, [without(first[7:8], *whole(dataset))[0]])
    lab.build_what_changed()
    slots = lab.rows(f"marts.{MARTS[dataset]}")
    assert {row["mix_known"] for row in slots} == {True, False}
    found = derived(spark, tmp_path, dataset, observations(dataset, lab.seen[table]))
    assert len(found) == len({(row.get("code_insee_region"), row["date_heure"]) for row in lab.seen[table]})
    compare(found, dataset, slots)


def _moved(rows: list[Row], days: int) -> list[Row]:
    fresh = {row["heure"]: row for row in power(date(2024, 6, 4 + days), REAL_TIME, None)}
    return [{**row, **{name: fresh[row["heure"]][name] for name in ("date", "date_heure")}} for row in rows]


def test_only_what_another_row_of_the_day_changed_is_given_back_of_the_store(tmp_path: Path, spark: str) -> None:
    sources = LAYOUTS[REGIONAL].sources
    rows = [{**row, **dict.fromkeys(sources, 10), "observed_at": _at(9)} for row in power(DAY, REAL_TIME, 100)[:4]]
    # the store knows three slots, for which nobody publishes the first source
    stored = observations(REGIONAL, regional("11", without(rows[:3], sources[0]))).to_pylist()
    before = [{**row, "stored": True, "stored_production_mw": 50} for row in stored]
    late = observations(REGIONAL, regional("11", rows[3:])).to_pylist()

    def given(*incoming: dict[str, Any]) -> dict[str, Any]:
        table = pa.Table.from_pylist([*before, *incoming], schema(LAYOUTS[REGIONAL]))
        return {row["heure"]: row["production_mw"] for row in derived(spark, tmp_path, REGIONAL, table).values()}

    assert given(stored[0]) == {}, "the same message again"
    assert given({**stored[0], "rev": stored[0]["rev"] - 1, "nucleaire": 99}) == {}, "an older one, late"
    assert given({**late[0], sources[0]: None}) == {"00:45": 50}
    # now the first source is published on that day: the three others lack it
    assert given(late[0]) == {"00:00": None, "00:15": None, "00:30": None, "00:45": 60}


def _at(hour: int) -> datetime:
    return datetime.fromisoformat(f"2024-06-05T{hour:02}:00:00.000001+00:00")


@pytest.mark.real
@pytest.mark.parametrize(
    ("dataset", "file"),
    [(NATIONAL, "eco2mix-national-tr_2025-q1.parquet"), (REGIONAL, "eco2mix-regional-tr_paca_2020-05.csv")],
)
def test_real_exports_are_as_in_the_marts(
    tmp_path: Path, real_data: Path, spark: str, dataset: str, file: str, blank: Lab
) -> None:
    lab = blank.copy(tmp_path)
    home = tmp_path / "home"
    done = watthouse(home, "fetch", "--from", real_data / "odre" / file)
    assert done.returncode == 0, done.stderr
    lab.observe(CATALOG[dataset].table, _lake(home, dataset))
    lab.build_what_changed()
    slots = lab.rows(f"marts.{MARTS[dataset]}")
    assert len(slots) > 2_000
    found = derived(spark, tmp_path, dataset, observations(dataset, lab.seen[CATALOG[dataset].table]))
    compare(found, dataset, slots)


def _lake(home: Path, dataset: str) -> list[Row]:
    """What the lake of that home holds."""
    rows = Home(Settings(home=home)).lake.rows(CATALOG[dataset]).read_all().to_pylist()
    return [{name: row[name] for name in CATALOG[dataset].names} for row in rows]
