"""Small files whose columns have another step than their rows, and one with a hole: the right values in the marts."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.integration.serving import served
from tests.support import mart, watthouse

pytestmark = [pytest.mark.slow, pytest.mark.real]

EXCHANGED, CONSOLIDATED, HOLED = date(2021, 12, 14), date(2025, 1, 2), date(2025, 3, 29)


@pytest.fixture(scope="module")
def home(cases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("cases")
    names = ("half-hourly-exchanges-real-time.csv", "quarter-hourly-exchanges-consolidated.xls", "nuclear-hole.csv")
    ran = watthouse(home, "refresh", "--from", *(str(cases / name) for name in names))
    assert ran.returncode == 0, ran.stderr
    return home


def of_day(home: Path, name: str, day: date) -> list[dict[str, Any]]:
    return [row for row in mart(home, name) if row["civil_date"] == day]


def test_exchanges_on_the_half_hour_of_quarter_hour_rows(home: Path) -> None:
    (day,), (merged,) = of_day(home, "exchanges_daily", EXCHANGED), of_day(home, "daily_merged", EXCHANGED)
    (hour,) = of_day(home, "hourly_national", EXCHANGED)
    for row in (day, merged, hour):
        assert row["ech_comm_italie_mwh"] == -3_000
        assert row["ech_comm_angleterre_mwh"] == 1_000
        assert row["ech_physiques_mwh"] == -2_000
    assert (day["ech_comm_italie_export_mwh"], day["ech_comm_italie_slots"]) == (3_000, 4)
    for row in (merged, hour):
        assert (row["consommation_mwh"], row["measured_slots"]) == (70_000, 4)
    assert hour["heure"] == "10:00"


def test_exchanges_on_the_quarter_beside_load_on_the_half_hour(home: Path) -> None:
    (day,), (merged,) = of_day(home, "exchanges_daily", CONSOLIDATED), of_day(home, "daily_merged", CONSOLIDATED)
    assert day["ech_comm_espagne_mwh"] == merged["ech_comm_espagne_mwh"] == -2_200
    assert merged["consommation_mwh"] == 60_500
    hours = of_day(home, "hourly_national", CONSOLIDATED)
    assert [row["ech_comm_espagne_mwh"] for row in hours] == [-1_000, -1_200]
    assert [row["consommation_mwh"] for row in hours] == [30_000, 30_500]


def test_now_shows_exchanges_on_the_quarter_beside_load_on_the_half_hour(home: Path, tmp_path: Path) -> None:
    with served(home, tmp_path, sample=False) as api:
        rows = api.get(f"/now?day={CONSOLIDATED}").json()["rows"]
    assert [row["ech_comm_espagne_mw"] for row in rows] == [-3_000, -1_000, -2_000, -2_800]
    assert [(row["consommation_mw"], row["slot_minutes"]) for row in rows] == [
        (60_000, 30), (None, None), (61_000, 30), (None, None)
    ]  # fmt: skip


def test_a_hole_in_one_source_takes_its_slot_out_of_the_mix(home: Path) -> None:
    (row,) = of_day(home, "daily_merged", HOLED)
    assert (row["nucleaire_mwh"], row["consommation_mwh"]) == (10_000, 22_500)
    assert round(row["nucleaire_share"], 4) == 0.8889
    assert (row["measured_slots"], row["mix_slots"]) == (2, 1)
    assert row["production_mwh"] == Decimal(45_000) / 4
    assert row["top_source"] == "nucleaire"
