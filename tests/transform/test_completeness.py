"""How much of its day each dataset measured, counted in plain Python; storage points and load factors beside it."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from tests.transform.lab import (
    GAS,
    NATIONAL,
    REGIONAL,
    TEMPERATURE,
    TEMPO,
    Lab,
    Row,
    best_series,
    gas,
    half_hours,
    power,
    regional,
    temperature,
    tempo,
)
from watthouse.catalog import CATALOG, CONSOLIDATED, DEFINITIVE, REAL_TIME, REGIONS

pytestmark = [pytest.mark.slow]

SPRING = date(2024, 3, 31)
DAYS = [SPRING + timedelta(days=number) for number in range(-1, 4)]
MAINLAND = sorted(REGIONS.keys() - {"94"})
POINTS = {("Storengy", "Saline"): "10", ("Storengy", "Centre"): "0", ("Teréga", "Lussagnet"): "5"}


def rates(rows: list[Row], **first: float) -> list[Row]:
    """Load factors that rise by a hundredth a slot."""
    return [
        {**row, **{name: round(value + number / 100, 2) for name, value in first.items()}}
        for number, row in enumerate(rows)
    ]


def fill(lab: Lab) -> None:
    """Days that are whole, half, repeated, withdrawn, settled twice, and a day without anything."""
    lab.observe(NATIONAL[0], [row for day in (DAYS[0], SPRING, DAYS[4]) for row in power(day, REAL_TIME, 1_000)])
    lab.observe(NATIONAL[0], power(DAYS[0], REAL_TIME, 2_000)[:30])
    lab.observe(NATIONAL[0], power(DAYS[4], REAL_TIME, None)[90:])
    lab.observe(NATIONAL[1], [*half_hours(DAYS[0], 1_000), *half_hours(DAYS[0], 1_100, DEFINITIVE)[:20]])
    lab.observe(NATIONAL[1], power(SPRING, CONSOLIDATED, 1_000))
    lab.observe(NATIONAL[1], half_hours(DAYS[2], None))
    for code in MAINLAND:
        lab.observe(REGIONAL[1], regional(code, half_hours(DAYS[0], 100)))
    lab.observe(REGIONAL[1], regional("53", rates(half_hours(SPRING, 100), tch_eolien=99.5, tch_solaire=0)))
    lab.observe(REGIONAL[0], regional("53", rates(power(DAYS[2], REAL_TIME, 100)[:77], tch_eolien=20.25)))
    lab.observe(REGIONAL[0], regional("11", rates(power(DAYS[2], REAL_TIME, 100), tch_eolien=1)))
    lab.observe(REGIONAL[1], regional("11", rates(half_hours(DAYS[2], 100), tch_eolien=50)[:5]))
    lab.observe(REGIONAL[0], regional("11", power(DAYS[3], REAL_TIME, 100)[:50]))
    lab.observe(GAS, [*gas(DAYS[0], POINTS), *gas(SPRING, {("Storengy", "Saline"): "12", ("Storengy", "Centre"): "0"})])
    lab.observe(GAS, gas(DAYS[4], {**POINTS, ("Storengy", "Saline"): "9.5"}))
    lab.observe(TEMPERATURE, temperature(DAYS[0], dict.fromkeys(REGIONS, "10")))
    lab.observe(TEMPO, tempo({DAYS[0]: "BLEU", SPRING: "ROUGE", DAYS[2]: "BLANC", DAYS[3]: "BLEU"}))
    lab.observe(TEMPO, tempo({SPRING: None, DAYS[2]: "ROUGE"}))
    lab.observe(TEMPERATURE, temperature(DAYS[3], {**dict.fromkeys(MAINLAND, "10"), "94": None}))


@pytest.fixture(scope="module")
def lab(blank: Lab, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = blank.copy(tmp_path_factory.mktemp("completeness"))
    fill(lab)
    lab.build_what_changed()
    return lab


def told(lab: Lab, dataset: str) -> dict[date, int]:
    """What the dataset measured, real time only of days that settled data do not measure."""
    settled = measured(lab, dataset.replace("-tr", "-cons-def")) if dataset.endswith("-tr") else {}
    return {day: count for day, count in measured(lab, dataset).items() if day not in settled}


def measured(lab: Lab, dataset: str) -> dict[date, int]:
    """Slots of the dataset by day: the newest word on each, on the dataset's own step, known in any nature."""
    declared = CATALOG[dataset]
    newest = {}
    for row in sorted(lab.seen[declared.table], key=lambda row: row["observed_at"]):
        newest[tuple(row[name] for name in declared.identity)] = row
    slots = defaultdict(set)
    for row in newest.values():
        on_the_step = "heure" not in row or int(row["heure"][3:]) % (declared.step.total_seconds() / 60) == 0
        if row[declared.measured] is not None and on_the_step:
            slots[row["date"]].add(tuple(row[name] for name in declared.key))
    return {day: len(found) for day, found in slots.items()}


def found(lab: Lab, dataset: str) -> dict[date, tuple[int, int, bool]]:
    rows = lab.rows("marts.completeness_daily", f"dataset = '{dataset}'")
    return {row["civil_date"]: (row["measured"], row["expected"], row["complete"]) for row in rows}


@pytest.mark.parametrize("dataset", list(CATALOG))
def test_a_dataset_has_every_day_from_its_first_to_its_last_holes_too(lab: Lab, dataset: str) -> None:
    expected = told(lab, dataset)
    days = found(lab, dataset)
    first, last = min(expected), max(expected)
    assert sorted(days) == [first + timedelta(days=number) for number in range((last - first).days + 1)]
    assert {day: count for day, (count, _, _) in days.items() if count} == expected


def test_what_a_complete_day_has(lab: Lab) -> None:
    assert found(lab, "eco2mix-national-tr") == {DAYS[4]: (90, 96, False)}
    assert found(lab, "eco2mix-national-cons-def") == {DAYS[0]: (48, 48, True), SPRING: (46, 46, True)}
    assert found(lab, "eco2mix-regional-cons-def") == {
        DAYS[0]: (12 * 48, 12 * 48, True),
        SPRING: (46, 12 * 46, False),
        DAYS[2]: (5, 12 * 48, False),
    }
    assert found(lab, "eco2mix-regional-tr") == {DAYS[3]: (50, 12 * 96, False)}


def test_gas_and_temperature_count_points_and_regions(lab: Lab) -> None:
    hole = (0, 3, False)
    assert found(lab, "stock-quotidien-stockages-gaz") == {
        DAYS[0]: (3, 3, True),
        SPRING: (2, 3, False),
        DAYS[2]: hole,
        DAYS[3]: hole,
        DAYS[4]: (3, 3, True),
    }
    assert found(lab, "temperature-quotidienne-regionale") == {
        DAYS[0]: (13, 13, True),
        SPRING: (0, 13, False),
        DAYS[2]: (0, 13, False),
        DAYS[3]: (12, 13, False),
    }


def test_a_tempo_calendar_lacks_the_days_whose_colour_was_taken_back(lab: Lab) -> None:
    here, hole = (1, 1, True), (0, 1, False)
    assert found(lab, "eco2mix-tempo") == {DAYS[0]: here, SPRING: hole, DAYS[2]: here, DAYS[3]: here}


def test_a_tempo_day_has_the_colour_that_was_published_last(lab: Lab) -> None:
    colours = {row["civil_date"]: row["tempo_colour"] for row in lab.rows("marts.tempo_days")}
    assert colours == {DAYS[0]: "BLEU", DAYS[2]: "ROUGE", DAYS[3]: "BLEU"}


def test_gas_of_one_operator_only_is_not_complete(blank: Lab, tmp_path: Path) -> None:
    lab = blank.copy(tmp_path)
    lab.observe(GAS, gas(SPRING, {("Storengy", "Saline"): "10"}))
    lab.build_what_changed()
    assert found(lab, "stock-quotidien-stockages-gaz") == {SPRING: (1, 1, False)}


def test_a_storage_point_is_held_against_the_highest_it_ever_had(lab: Lab) -> None:
    rows = lab.rows("marts.gas_points_daily", "pits = 'Saline'")
    shown = [(row["civil_date"], row["stock_gwh"], row["highest_gwh"], row["fill_of_highest"]) for row in rows]
    assert shown == [(DAYS[0], 10, 12, 10 / 12), (SPRING, 12, 12, 1.0), (DAYS[4], Decimal("9.5"), 12, 9.5 / 12)]
    empty = lab.rows("marts.gas_points_daily", "pits = 'Centre'")
    assert {(row["source"], row["stock_gwh"], row["fill_of_highest"]) for row in empty} == {("Storengy", 0, None)}
    assert len(lab.rows("marts.gas_points_daily")) == 8


def mean(rows: list[Row], column: str) -> float:
    """Over the time measured, exactly."""
    known = [(Fraction(str(row[column])), row["minutes"]) for row in rows if row.get(column) is not None]
    return float(sum(rate * minutes for rate, minutes in known) / sum(minutes for _, minutes in known))


@pytest.mark.parametrize(("day", "code"), [(SPRING, "53"), (DAYS[2], "53"), (DAYS[2], "11")])
def test_a_load_factor_of_a_day_is_the_mean_of_what_was_published(lab: Lab, day: date, code: str) -> None:
    key = {"date": day, "code_insee_region": code}
    rows = best_series(row for table in REGIONAL for row in lab.seen[table] if key.items() <= row.items())
    row = lab.one("marts.daily_regional", f"civil_date = '{day}' and code_insee_region = '{code}'")
    assert float(row["tch_eolien_pct"]) == pytest.approx(mean(rows, "tch_eolien"), abs=5e-5)
    assert row["tch_nucleaire_pct"] is None


def test_a_load_factor_half_way_between_two_is_the_farther_from_zero(blank: Lab, tmp_path: Path) -> None:
    lab = blank.copy(tmp_path)
    tied = {"32": [2.84] * 47 + [2.78], "53": [-2.84] * 47 + [-2.78]}  # 136.26 / 48 = 2.83875, as a float a little less
    for code, rates in tied.items():
        rows = zip(half_hours(DAYS[0], 10_000), rates, strict=True)
        lab.observe(REGIONAL[1], regional(code, [{**row, "tch_solaire": rate} for row, rate in rows]))
    lab.build_what_changed()
    for mart in ("daily_regional", *MONTH_AND_YEAR):
        found = {row["code_insee_region"]: row["tch_solaire_pct"] for row in lab.rows(f"marts.{mart}")}
        assert found == {"32": Decimal("2.8388"), "53": Decimal("-2.8388")}, mart


def test_a_load_factor_of_a_month_is_that_of_its_measured_time(lab: Lab) -> None:
    month, year = (lab.rows(f"marts.{name}", "code_insee_region = '53'") for name in MONTH_AND_YEAR)
    days = {row["civil_date"]: row for row in lab.rows("marts.daily_regional", "code_insee_region = '53'")}
    assert [row["civil_month"] for row in month] == [date(2024, 3, 1), date(2024, 4, 1)]
    assert month[0]["tch_eolien_pct"] == days[SPRING]["tch_eolien_pct"]
    quarters = {SPRING: 92, DAYS[2]: 77}
    weighed = sum(days[day]["tch_eolien_pct"] * weight for day, weight in quarters.items()) / sum(quarters.values())
    assert year[0]["tch_eolien_pct"] == pytest.approx(weighed, abs=Decimal("0.00005"))
    assert year[0]["tch_eolien_pct"] < days[SPRING]["tch_eolien_pct"]
    assert year[0]["tch_solaire_pct"] == days[SPRING]["tch_solaire_pct"]


MONTH_AND_YEAR = ("monthly_regional", "yearly_regional")


def test_in_one_go_it_comes_out_the_same(lab: Lab) -> None:
    step_by_step = lab.everything()
    lab.build_everything()
    assert lab.everything() == step_by_step
