"""The marts by slot against the best series in plain Python: every row, every value in the row it was published in."""

from collections import defaultdict
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from tests.transform.lab import NATIONAL, REGIONAL, SOURCES, Lab, Row, best_series, power, regional
from watthouse.catalog import CATALOG, CONSOLIDATED, REAL_TIME

pytestmark = [pytest.mark.slow]

SPRING, AUTUMN, SETTLED = date(2024, 3, 31), date(2024, 10, 27), date(2025, 1, 2)
REGIONS_SOURCES: Final = ("thermique", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies")
COMMERCIAL: Final = tuple(name for name in CATALOG["eco2mix-national-tr"].names if name.startswith("ech_comm_"))


def powers(dataset: str) -> list[str]:
    """The columns in MW, forecasts apart."""
    return [one.name for one in CATALOG[dataset].columns if one.unit == "MW" and not one.name.startswith("prevision_")]


def drawn(draw: Random, day: date, nature: str, columns: list[str], coarse: set[str]) -> list[Row]:
    """A day of quarter-hour rows with holes; ``coarse`` columns stand on half hours."""

    def value(name: str, at: datetime) -> int | None:
        if (name in coarse and at.minute % 30) or draw.random() < 0.05:
            return None
        return draw.randint(1, 900)

    return [{**row, **{name: value(name, row["date_heure"]) for name in columns}} for row in power(day, nature, None)]


MIX: Final = {
    "national_slots": {*powers("eco2mix-national-tr"), "taux_co2"} - {*COMMERCIAL, "ech_physiques"},
    "regional_slots": powers("eco2mix-regional-tr"),
}
"""What ``slot_minutes`` is about."""


@pytest.fixture(scope="module")
def lab(blank: Lab, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Real time with half-hourly exchanges, settled load on half hours beside exchanges and wind on quarters."""
    lab, draw = blank.copy(tmp_path_factory.mktemp("slots")), Random(5)
    national, of_regions = powers("eco2mix-national-tr"), powers("eco2mix-regional-tr")
    for day in (SPRING, AUTUMN):
        lab.observe(NATIONAL[0], drawn(draw, day, REAL_TIME, [*national, "taux_co2"], set(COMMERCIAL)))
        lab.observe(REGIONAL[0], regional("53", drawn(draw, day, REAL_TIME, [*of_regions, "tch_eolien"], set())))
    settled = drawn(draw, AUTUMN, CONSOLIDATED, national, set(national) - {*COMMERCIAL, "eolien"})
    lab.observe(NATIONAL[1], settled[:40])
    whole = set(national) - set(COMMERCIAL)
    lab.observe(NATIONAL[1], drawn(draw, SETTLED, CONSOLIDATED, national, whole))
    lab.observe(REGIONAL[1], regional("11", drawn(draw, SETTLED, CONSOLIDATED, of_regions, set(of_regions))))
    lab.build_what_changed()
    return lab


@pytest.mark.parametrize("mart", ["national_slots", "regional_slots"])
def test_a_row_is_a_slot_of_the_best_series_as_published(lab: Lab, mart: str) -> None:
    tables, dataset, sources = {
        "national_slots": (NATIONAL, "eco2mix-national-tr", SOURCES),
        "regional_slots": (REGIONAL, "eco2mix-regional-tr", REGIONS_SOURCES),
    }[mart]
    series = best_series(row for table in tables for row in lab.seen[table])
    expected = {(row["date_heure"], row.get("code_insee_region")): row for row in series}
    built = {(row["date_heure"], row.get("code_insee_region")): row for row in lab.rows(f"marts.{mart}")}
    assert built.keys() == expected.keys()
    assert len({row["civil_date"] for row in built.values()}) == 3
    carried = carried_sources(series, sources)
    for key, row in built.items():
        one = expected[key]
        assert [row["civil_date"], row["heure"], row["nature"]] == [one["date"], one["heure"], one["nature"]]
        for name in powers(dataset):
            assert row[f"{name}_mw"] == one.get(name), (key, name)
        assert row["slot_minutes"] == (one["minutes"] or lasting(one, MIX[mart]))
        if mart == "national_slots":
            assert row["taux_co2_g_kwh"] == one.get("taux_co2")
            assert row["commercial_minutes"] == lasting(one, COMMERCIAL)
        else:
            assert row["tch_eolien_pct"] == one.get("tch_eolien")
        known = {name: one.get(name, None) if one.get(name) is not None else carried[key].get(name) for name in sources}
        whole = bool(one["published"]) and all(known[name] is not None for name in one["published"])
        assert row["mix_known"] is whole
        assert row["production_mw"] == (sum(value for value in known.values() if value is not None) if whole else None)
        assert row["balance_residual_mw"] == residual(one, row["production_mw"])


def lasting(row: Row, names: Any) -> int | None:
    return min((row["steps"][name] for name in names if row.get(name) is not None), default=None)


def carried_sources(series: list[Row], sources: tuple[str, ...]) -> dict[Any, dict[str, int]]:
    """What lasts into each second quarter where the sources of its day stand on different steps."""
    rows = {(row["date_heure"], row.get("code_insee_region")): row for row in series}
    carried: dict[Any, dict[str, int]] = defaultdict(dict)
    for (at, region), row in rows.items():
        before = rows.get((at.replace(minute=at.minute // 30 * 30), region))
        mixed = len({row["steps"][name] for name in sources}) > 1
        if at.minute % 30 and before is not None and mixed:
            carried[at, region] = {
                name: before[name] for name in sources if row["steps"][name] == 30 and before.get(name) is not None
            }
    return carried


def residual(row: Row, production: int | None) -> int | None:
    terms = [production, row.get("ech_physiques"), row.get("consommation")]
    pumped = row.get("pompage")
    if any(term is None for term in terms):
        return None
    if pumped is None and row["date_heure"].minute % 30 and row["nature"] != REAL_TIME:
        return None  # it may last from the half hour before
    return production + (pumped or 0) + row["ech_physiques"] - row["consommation"]  # type: ignore[operator]


def test_both_clock_changes_have_the_slots_that_their_days_have(lab: Lab) -> None:
    spring, autumn = (list(lab.rows("marts.regional_slots", f"civil_date = '{day}'")) for day in (SPRING, AUTUMN))
    assert (len(spring), len({row["date_heure"] for row in spring})) == (92, 92)
    assert len(autumn) == 96
    assert not {"02:00", "02:15", "02:30", "02:45"} & {row["heure"] for row in spring}


def test_a_row_that_holds_exchanges_alone_has_no_slot_of_the_mix(lab: Lab) -> None:
    between = [
        row for row in lab.rows("marts.national_slots", f"civil_date = '{SETTLED}'") if row["date_heure"].minute % 30
    ]
    assert between
    for row in between:
        assert (row["slot_minutes"], row["commercial_minutes"]) == (None, 15)
        assert (row["consommation_mw"], row["mix_known"], row["balance_residual_mw"]) == (None, False, None)


def test_forecasts_are_a_row_an_instant_days_to_come_included(blank: Lab, tmp_path: Path) -> None:
    lab = blank.copy(tmp_path)
    rows = power(SETTLED, CONSOLIDATED, None, prevision_j1=1_100, prevision_j=None)
    lab.observe(
        NATIONAL[1], [{**row, "prevision_j": 1_000 if row["date_heure"].minute % 30 == 0 else None} for row in rows]
    )
    lab.build_what_changed()
    assert lab.rows("marts.national_slots") == []
    built = lab.rows("marts.forecast_slots")
    assert [row["date_heure"] for row in built] == [row["date_heure"] for row in rows]
    names = ("prevision_j1_mw", "prevision_j1_minutes", "prevision_j_mw", "prevision_j_minutes", "nature")
    assert {tuple(row[name] for name in names) for row in built if row["date_heure"].minute % 30 == 0} == {
        (1_100, 15, 1_000, 30, CONSOLIDATED)
    }
    assert {tuple(row[name] for name in names) for row in built if row["date_heure"].minute % 30} == {
        (1_100, 15, None, None, CONSOLIDATED)
    }


def test_the_marts_by_slot_copy_nothing(lab: Lab) -> None:
    kinds = {
        row["table_name"]: row["table_type"] for row in lab.rows("information_schema.tables", "table_schema = 'marts'")
    }
    assert {name for name, kind in kinds.items() if kind == "VIEW"} == {
        "national_slots",
        "regional_slots",
        "forecast_slots",
    }
