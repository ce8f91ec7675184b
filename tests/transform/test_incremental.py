"""A build of what changed gives what a build of everything gives, to the bit, whatever comes in whatever order."""

import random
from collections.abc import Callable
from datetime import date, timedelta
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
    known_slots,
    mwh,
    power,
    regional,
    temperature,
    tempo,
)
from watthouse.catalog import CONSOLIDATED, DEFINITIVE, REAL_TIME

pytestmark = [pytest.mark.slow]

DAYS = [date(2024, 3, 29) + timedelta(days=number) for number in range(5)]
"""The spring change among them."""

Draw = random.Random


def some_power(draw: Draw, day: date, nature: str) -> list[Row]:
    """Part of a day: blanks, holes, forecasts, quarter hours or half hours."""
    grain = 15 if nature == REAL_TIME else draw.choice([15, 30, 30])
    columns = (
        "consommation",
        "prevision_j1",
        "prevision_j",
        "nucleaire",
        "gaz",
        "taux_co2",
        "ech_physiques",
        "pompage",
    )
    rows = draw.sample(whole := power(day, nature, None, grain), draw.randint(1, len(whole)))
    return [{**row, **{name: draw.choice([None, draw.randint(-90, 900)]) for name in columns}} for row in rows]


def national(draw: Draw) -> tuple[str, list[Row]]:
    nature = draw.choice([REAL_TIME, REAL_TIME, CONSOLIDATED, DEFINITIVE])
    return NATIONAL[nature != REAL_TIME], some_power(draw, draw.choice(DAYS), nature)


def of_regions(draw: Draw) -> tuple[str, list[Row]]:
    nature = draw.choice([REAL_TIME, CONSOLIDATED, DEFINITIVE])
    day = draw.choice(DAYS)
    names = {
        "consommation",
        "nucleaire",
        "ech_physiques",
        "pompage",
        "perimetre",
        "nature",
        "date",
        "heure",
        "date_heure",
    }
    rows = [{k: v for k, v in row.items() if k in names} for row in some_power(draw, day, nature)]
    rows = [{**row, "tch_eolien": draw.choice([None, draw.randint(0, 12_000) / 100])} for row in rows]
    return REGIONAL[nature != REAL_TIME], [row for code in ("11", "53") for row in regional(code, rows)]


def of_gas(draw: Draw) -> tuple[str, list[Row]]:
    points = [("Storengy", "Saline"), ("Storengy", "Centre"), ("Teréga", "Lussagnet"), ("Géométhane", "Manosque")]
    stocks = {point: str(draw.randint(1, 99)) for point in draw.sample(points, draw.randint(1, 4))}
    return GAS, gas(draw.choice(DAYS), stocks)


def of_temperature(draw: Draw) -> tuple[str, list[Row]]:
    codes = draw.sample(["11", "53", "94"], draw.randint(1, 3))
    return TEMPERATURE, temperature(draw.choice(DAYS), {code: str(draw.randint(-5, 30)) for code in codes})


def of_tempo(draw: Draw) -> tuple[str, list[Row]]:
    return TEMPO, tempo({draw.choice(DAYS): draw.choice([None, "BLEU", "BLANC", "ROUGE"])})


KINDS: list[Callable[[Draw], tuple[str, list[Row]]]] = [
    national,
    national,
    of_regions,
    of_gas,
    of_temperature,
    of_tempo,
]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_building_what_changed_equals_building_everything(blank: Lab, tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    lab = blank.copy(tmp_path)
    for _ in range(12):
        for kind in draw.sample(KINDS, draw.randint(1, 4)):
            lab.observe(*kind(draw))
        lab.build_what_changed()
    step_by_step = lab.everything()
    lab.build_everything()
    at_once = lab.everything()
    for table, rows in at_once.items():
        assert step_by_step[table] == rows, table
    for table in ("daily_merged", "records_daily", "completeness_daily", "gas_points_daily"):
        assert at_once[f"marts.{table}"], table
    assert_days_agree(lab)


def assert_days_agree(lab: Lab) -> None:
    """The days of load as plain Python has them."""
    for row in lab.rows("marts.daily_mix"):
        rows = [r for table in NATIONAL for r in lab.seen[table] if r["date"] == row["civil_date"]]
        series = best_series(rows)
        assert row["measured_slots"] == known_slots(series)
        for column in ("consommation", "nucleaire", "gaz", "pompage"):
            assert row[f"{column}_mwh"] == mwh(series, column), column
    for row in lab.rows("marts.daily_regional"):
        key = {"date": row["civil_date"], "code_insee_region": row["code_insee_region"]}
        rows = [r for table in REGIONAL for r in lab.seen[table] if key.items() <= r.items()]
        assert row["consommation_mwh"] == mwh(best_series(rows), "consommation")


def test_a_gas_day_that_arrives_late_changes_the_day_after_and_what_was_complete_before(
    blank: Lab, tmp_path: Path
) -> None:
    lab = blank.copy(tmp_path)
    storengy, late = {("Storengy", "Saline"): "10"}, {("Storengy", "Centre"): "5"}
    terega = {("Teréga", "Lussagnet"): "1"}
    for day in DAYS:
        lab.observe(NATIONAL[0], power(day, REAL_TIME, 1_000))
        if day != DAYS[2]:
            lab.observe(GAS, gas(day, {**storengy, **terega}))
    lab.build_what_changed()

    def stocks() -> list[tuple[object, ...]]:
        names = ("stock_gaz_gwh", "stock_gaz_change_gwh", "stock_gaz_operators", "stock_gaz_complete")
        return [tuple(row[name] for name in names) for row in lab.rows("marts.daily_merged")]

    assert stocks() == [
        (11, None, 2, True),
        (11, 0, 2, True),
        (None, None, 0, False),
        (11, None, 2, True),
        (11, 0, 2, True),
    ]
    lab.observe(GAS, gas(DAYS[2], {**storengy, **terega}))
    lab.build_what_changed()
    assert stocks()[2:] == [(11, 0, 2, True)] * 3
    lab.observe(GAS, gas(DAYS[0], late) + gas(DAYS[4], late))
    lab.build_what_changed()
    hole = (None, None, 2, False)
    assert stocks() == [(16, None, 2, True), hole, hole, hole, (16, None, 2, True)]


def test_days_that_did_not_change_are_left_alone(blank: Lab, tmp_path: Path) -> None:
    lab = blank.copy(tmp_path)
    for day in DAYS:
        lab.observe(NATIONAL[0], power(day, REAL_TIME, 1_000))
    lab.build_what_changed()
    for table in ("marts.daily_merged", "marts.daily_mix", "core.core_national_power"):
        lab.run(f"update {table} set nature = 'untouched'")
    for day in (DAYS[1], DAYS[3]):
        lab.observe(NATIONAL[0], power(day, REAL_TIME, 2_000))
    lab.build_what_changed()
    for table in ("marts.daily_merged", "marts.daily_mix", "core.core_national_power"):
        untouched = {row["civil_date"] for row in lab.rows(table, "nature = 'untouched'")}
        assert untouched == {DAYS[0], DAYS[2], DAYS[4]}, table
