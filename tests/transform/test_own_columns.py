"""Every column is integrated by its own steps: made-up days of any mixture, against plain Python."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.transform.lab import (
    COARSE_IN_REAL_TIME,
    NATIONAL,
    REGIONAL,
    SOURCES,
    Lab,
    Row,
    best_series,
    known_slots,
    mwh,
    power,
    regional,
    slot_of,
    whole_mix,
)
from watthouse.catalog import CONSOLIDATED, DEFINITIVE, NATURES, REAL_TIME

pytestmark = [pytest.mark.slow]

DAYS: Final = [date(2024, 3, 31), date(2024, 10, 27), date(2021, 12, 14), date(2025, 1, 2)]
"""Both clock changes among them."""
BORDERS: Final = ("ech_comm_italie", "ech_comm_espagne")
MIX: Final = ("consommation", "nucleaire", "eolien", "hydraulique", "pompage", "gaz_ccg")
DRAWN: Final = (*MIX, "taux_co2", "ech_physiques", *BORDERS, "prevision_j1")
REGIONS_SOURCES: Final = ("thermique", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies")

Shape = Mapping[str, Any]

STEPS: Final = {
    REAL_TIME: st.fixed_dictionaries(
        {name: st.sampled_from([15, 15, None] if name not in BORDERS else [15, 30, 30, None]) for name in DRAWN}
    ),
    CONSOLIDATED: st.fixed_dictionaries({name: st.sampled_from([15, 30, 30, None]) for name in DRAWN}),
}
STEPS[DEFINITIVE] = STEPS[CONSOLIDATED]


@st.composite
def published(draw: st.DrawFn) -> list[tuple[date, str, Shape, float, Random]]:
    """For each day: natures, the steps that their columns stand on (none: not published), the part that is missing."""
    days = []
    for day in DAYS:
        for nature in draw(st.lists(st.sampled_from(NATURES), min_size=1, max_size=3, unique=True)):
            holes = draw(st.sampled_from([0.0, 0.0, 0.05, 0.6]))
            days.append((day, nature, draw(STEPS[nature]), holes, Random(draw(st.integers(0, 2**32)))))
    return days


def rows_of(day: date, nature: str, steps: Shape, holes: float, draw: Random) -> list[Row]:
    def value(name: str, at: datetime) -> int | None:
        step = steps[name]
        if step is None or at.minute % step or draw.random() < holes:
            return None
        return draw.randint(1, 900) if name in {"consommation", "taux_co2"} else draw.randint(-90, 900)

    blank = power(day, nature, None)
    rows = [{**row, **{name: value(name, row["date_heure"]) for name in DRAWN}} for row in blank]
    return [row for row in rows if draw.random() >= holes / 4]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True)
@given(published())
def test_every_mart_integrates_each_column_by_itself(
    blank: Lab, tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[date, str, Shape, float, Random]]
) -> None:
    lab = blank.copy(tmp_path_factory.mktemp("columns"))
    for day, nature, steps, holes, draw in drawn:
        rows = rows_of(day, nature, steps, holes, draw)
        lab.observe(NATIONAL[nature != REAL_TIME], rows)
        of_a_region = [{k: v for k, v in row.items() if k in REGIONAL_COLUMNS} for row in rows]
        lab.observe(REGIONAL[nature != REAL_TIME], regional("11", of_a_region))
    lab.build_what_changed()
    assert_national(lab)
    assert_regional(lab)


REGIONAL_COLUMNS: Final = {
    *("nature", "date", "heure", "date_heure", "perimetre"),
    *("consommation", "nucleaire", "eolien", "hydraulique", "pompage", "ech_physiques"),
}


def seen(lab: Lab, tables: Iterable[str]) -> dict[date, list[Row]]:
    """The best series of every day of which anything is known."""
    days: dict[date, list[Row]] = {}
    for row in best_series(row for table in tables for row in lab.seen[table]):
        days.setdefault(row["date"], []).append(row)
    return days


def knows(rows: Iterable[Row], names: Iterable[str]) -> bool:
    return any(row.get(name) is not None for row in rows for name in names)


def assert_national(lab: Lab) -> None:
    days = seen(lab, NATIONAL)
    mixes = {row["civil_date"]: row for row in lab.rows("marts.daily_mix")}
    exchanges = {row["civil_date"]: row for row in lab.rows("marts.exchanges_daily")}
    merged = {row["civil_date"]: row for row in lab.rows("marts.daily_merged")}
    assert set(mixes) == set(merged) == {day for day, rows in days.items() if knows(rows, [*MIX, "taux_co2"])}
    assert set(exchanges) == {day for day, rows in days.items() if knows(rows, ["ech_physiques", *BORDERS])}
    for day, row in mixes.items():
        assert_mix(row, days[day], days[day], SOURCES)
        assert merged[day].items() >= {k: v for k, v in row.items() if k in merged[day]}.items()
    for day, row in exchanges.items():
        assert_exchanges(row, days[day])
        if day in merged:
            shared = ("ech_physiques_mwh", "ech_comm_italie_mwh", "net_export_mwh", "top_foreign_buyer")
            assert [merged[day][name] for name in shared] == [row[name] for name in shared]
            assert merged[day]["exchange_slots"] == row["measured_slots"]
    hours: dict[datetime, list[Row]] = {}
    for row in (row for rows in days.values() for row in rows):
        hours.setdefault(row["date_heure"].replace(minute=0), []).append(row)
    built = {row["date_heure"]: row for row in lab.rows("marts.hourly_national")}
    assert built.keys() == hours.keys()
    for instant, row in built.items():
        assert_mix(row, hours[instant], days[row["civil_date"]], SOURCES)
        for column in ("ech_physiques", *BORDERS):
            assert row[f"{column}_mwh"] == mwh(hours[instant], column), column


def assert_mix(row: Row, rows: list[Row], day: list[Row], sources: Iterable[str]) -> None:
    unit = slot_of(day)
    for column in (name for name in MIX if f"{name}_mwh" in row):
        assert row[f"{column}_mwh"] == mwh(rows, column), column
        slots = "measured_slots" if column == "consommation" else f"{column}_slots"
        minutes = sum(one["steps"][column] for one in rows if one.get(column) is not None)
        assert row[slots] == minutes // unit, column
    whole = whole_mix(rows)
    assert row["mix_slots"] == len(whole) * 15 // unit
    produced = sum(sum(known.values()) for known in whole)
    assert row["production_mwh"] == (Decimal(produced) / 4 if whole else None)
    for source in sources:
        part = [known[source] for known in whole if source in known]
        share = sum(part) / produced if part and produced else None
        assert row[f"{source}_share"] == (share if share is None else pytest.approx(share, rel=1e-13)), source
    if "top_source" in row:
        energies = {source: mwh(rows, source) for source in sources}
        known = {source: energy for source, energy in energies.items() if energy is not None}
        assert row["top_source"] == (max(sorted(known), key=known.__getitem__) if known else None)


def assert_exchanges(row: Row, rows: list[Row]) -> None:
    for column in ("ech_physiques", *BORDERS):
        assert row[f"{column}_mwh"] == mwh(rows, column), column
        assert row[f"{column}_slots"] == known_slots(rows, column), column
    for border in BORDERS:
        flows = [(one[border], one["steps"][border]) for one in rows if one.get(border) is not None]
        gross = [sum(flow * step for flow, step in flows if flow * sign > 0) * sign for sign in (1, -1)]
        expected = [Decimal(energy) / 60 if flows else None for energy in gross]
        assert [row[f"{border}_import_mwh"], row[f"{border}_export_mwh"]] == expected
    balance = "ech_physiques" if knows(rows, ["ech_physiques"]) else "consommation"
    known = [known_slots(rows, name) for name in COARSE_IN_REAL_TIME if knows(rows, [name])]
    assert row["measured_slots"] == min([known_slots(rows, balance), *known])


def assert_regional(lab: Lab) -> None:
    days = seen(lab, REGIONAL)
    built = lab.rows("marts.daily_regional")
    assert {row["civil_date"] for row in built} == days.keys()
    for row in built:
        assert_mix(row, days[row["civil_date"]], days[row["civil_date"]], REGIONS_SOURCES)
        assert row["ech_physiques_mwh"] == mwh(days[row["civil_date"]], "ech_physiques")


def test_exchanges_on_half_hours_inside_quarter_hour_rows_last_half_an_hour(blank: Lab, tmp_path: Path) -> None:
    lab = blank.copy(tmp_path)
    rows = power(DAYS[2], REAL_TIME, 70_000, ech_comm_italie=-3_000, ech_comm_suisse=-100)
    halved = [row if row["heure"][3:] in {"00", "30"} else {**row, "ech_comm_italie": None} for row in rows]
    lab.observe(NATIONAL[0], [row for row in halved if row["heure"] != "10:15"])
    lab.build_what_changed()
    row = lab.day("exchanges_daily", DAYS[2])
    assert (row["ech_comm_italie_mwh"], row["ech_comm_italie_slots"]) == (-72_000, 96)
    assert (row["ech_comm_suisse_mwh"], row["ech_comm_suisse_slots"]) == (-2_375, 95)
    assert row["measured_slots"] == 95


def test_a_forecast_lasts_until_the_next_forecast_of_its_day(blank: Lab, tmp_path: Path) -> None:
    lab = blank.copy(tmp_path)
    quarters = power(DAYS[3], REAL_TIME, 1_000, prevision_j1=1_100)
    lab.observe(NATIONAL[0], [{**row, "prevision_j1": None} if row["heure"] == "09:45" else row for row in quarters])
    halves = power(DAYS[2], CONSOLIDATED, 1_000, prevision_j1=1_100)
    lab.observe(
        NATIONAL[1], [row if row["heure"][3:] in {"00", "30"} else {**row, "prevision_j1": None} for row in halves]
    )
    lab.build_what_changed()
    holed, coarse = lab.day("forecast_daily", DAYS[3]), lab.day("forecast_daily", DAYS[2])
    assert (holed["prevision_j1_slots"], holed["prevision_j1_compared_slots"]) == (95, 95)
    assert holed["prevision_j1_mwh"] == Decimal(95 * 1_100) / 4
    assert (coarse["prevision_j1_slots"], coarse["prevision_j1_compared_slots"]) == (96, 96)
    assert coarse["prevision_j1_mwh"] == 24 * 1_100


def test_a_schedule_alone_is_no_measurement_and_a_row_of_wind_alone_no_mix(blank: Lab, tmp_path: Path) -> None:
    lab = blank.copy(tmp_path)
    ahead = power(DAYS[3], REAL_TIME, None, ech_comm_espagne=-1_000)
    lab.observe(NATIONAL[0], [{**ahead[0], "eolien": 5_000}, *ahead[1:]])
    lab.build_what_changed()
    row = lab.day("exchanges_daily", DAYS[3])
    assert (row["ech_comm_espagne_slots"], row["measured_slots"], row["expected_slots"]) == (96, 0, 96)
    mix = lab.day("daily_mix", DAYS[3])
    assert (mix["eolien_mwh"], mix["production_mwh"], mix["mix_slots"], mix["eolien_share"]) == (1_250, None, 0, None)


def test_the_schedule_of_a_day_under_way_counts_though_its_load_is_not_known(blank: Lab, tmp_path: Path) -> None:
    lab = blank.copy(tmp_path)
    rows = power(DAYS[3], REAL_TIME, 60_000, ech_comm_espagne=-1_000, ech_physiques=-900, nucleaire=50_000)
    ahead = {"consommation": None, "ech_physiques": None, "nucleaire": None}
    lab.observe(NATIONAL[0], [*rows[:6], *({**row, **ahead} for row in rows[6:])])
    lab.build_what_changed()
    row = lab.day("exchanges_daily", DAYS[3])
    assert (row["ech_comm_espagne_mwh"], row["ech_comm_espagne_slots"]) == (-24_000, 96)
    assert (row["ech_physiques_mwh"], row["measured_slots"], row["expected_slots"]) == (-1_350, 6, 96)
    assert lab.day("daily_mix", DAYS[3])["measured_slots"] == 6
    hours = lab.rows("marts.hourly_national", f"civil_date = '{DAYS[3]}'")
    assert [(hour["measured_slots"], hour["consommation_mwh"] is None) for hour in hours[1:3]] == [
        (2, False),
        (0, True),
    ]
