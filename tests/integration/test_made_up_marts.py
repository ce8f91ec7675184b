"""The marts on days that the real files lack: quarter-hour clock changes, late operators, vintages that disagree."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support import PARIS, Rows, clock, mart, watthouse, write_csv

pytestmark = [pytest.mark.slow]

SPRING, AUTUMN, DISPUTED, MIXED = date(2025, 3, 30), date(2025, 10, 26), date(2024, 5, 6), date(2024, 5, 7)
BLANKED, GAS = date(2024, 5, 8), date(2024, 5, 9)


def national(day: date, nature: str, load: int, *, minutes: int = 15, measured: bool = True, **more: object) -> Rows:
    """A day of national rows; each slot's load is ``load`` plus its number, so that no two are alike."""
    return [
        {
            "perimetre": "France",
            "nature": nature,
            "date": day,
            "heure": heure,
            "date_heure": instant,
            "consommation": load + number if measured else None,
            "nucleaire": 2 * number if measured else None,
            "gaz": 1 if measured else None,
            "fioul": 0 if measured else None,
            **more,
        }
        for number, (heure, instant) in enumerate(clock(day, minutes))
    ]


def true_loads(rows: Rows) -> dict[datetime, int]:
    """Load by instant, of the rows whose clock is the one Paris showed."""
    return {
        row["date_heure"]: row["consommation"]  # type: ignore[dict-item, misc]
        for row in rows
        if row["date_heure"].astimezone(PARIS).strftime("%H:%M") == row["heure"]  # type: ignore[attr-defined]
    }


def gas(day: date, stocks: Mapping[str, str]) -> Rows:
    sources = {"Teréga": "Teréga"}
    return [
        {"date": day, "stock_fin_de_journee": stock, "source": sources.get(pits, "Storengy"), "pits": pits}
        for pits, stock in stocks.items()
    ]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    real_time, settled = "Données temps réel", ("Données consolidées", "Données définitives")
    write_csv(
        folder / "tr.csv",
        [
            *national(SPRING, real_time, 50_000),
            *national(AUTUMN, real_time, 40_000),
            *national(DISPUTED, real_time, 30_000),
            *national(MIXED, real_time, 20_000),
            *national(BLANKED, real_time, 10_000),
        ],
    )
    write_csv(
        folder / "def.csv",
        [
            *national(DISPUTED, settled[0], 31_000, minutes=30),
            *national(MIXED, settled[0], 21_000, minutes=30)[:10],
            *national(BLANKED, settled[1], 11_000, minutes=30, measured=False),
        ],
    )
    write_csv(folder / "def-later.csv", national(DISPUTED, settled[1], 32_000, minutes=30)[:24])
    write_csv(
        folder / "gas.csv",
        [
            *gas(GAS, {"Saline": "10.5", "Centre": "1", "Teréga": "4.25"}),
            *gas(date(2024, 5, 10), {"Saline": "11", "Centre": "1"}),
            *gas(date(2024, 5, 11), {"Saline": "12", "Teréga": "5"}),
            *gas(date(2024, 5, 12), {"Saline": "12", "Centre": "2", "Teréga": "5"}),
            *gas(date(2024, 5, 13), {"Saline": "13", "Centre": "2", "Teréga": "6"}),
            *gas(date(2024, 5, 14), {"Saline": "13", "Centre": "2"}),
        ],
    )
    return folder


@pytest.fixture(scope="module")
def home(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made-up")
    done = watthouse(home, "refresh", "--from", files)
    assert done.returncode == 0, done.stderr + done.stdout
    return home


def one(home: Path, name: str, day: date) -> dict[str, object]:
    (row,) = mart(home, name, f"civil_date = '{day}'")
    return row


@pytest.mark.parametrize(("day", "load", "slots"), [(SPRING, 50_000, 92), (AUTUMN, 40_000, 96)])
def test_quarter_hours_of_the_days_the_clocks_change(home: Path, day: date, load: int, slots: int) -> None:
    loads = true_loads(national(day, "", load))
    assert len(loads) == slots
    row = one(home, "daily_merged", day)
    assert row["consommation_mwh"] == Decimal(sum(loads.values())) / 4
    assert (row["measured_slots"], row["expected_slots"]) == (slots, slots)
    hours = mart(home, "hourly_national", f"civil_date = '{day}'")
    assert len(hours) == slots // 4
    assert sum(hour["consommation_mwh"] for hour in hours) == row["consommation_mwh"]
    midnight = datetime(day.year, day.month, day.day, tzinfo=PARIS).astimezone(UTC)
    assert hours[0]["date_heure"].astimezone(UTC) == midnight


def test_where_vintages_disagree_the_most_settled_wins_block_by_block(home: Path) -> None:
    definitive = [row["consommation"] for row in national(DISPUTED, "", 32_000, minutes=30)[:24]]
    consolidated = [row["consommation"] for row in national(DISPUTED, "", 31_000, minutes=30)[24:]]
    row = one(home, "daily_merged", DISPUTED)
    assert row["consommation_mwh"] == Decimal(sum(definitive) + sum(consolidated)) / 2
    assert (row["measured_slots"], row["expected_slots"], row["nature"]) == (48, 48, "Données consolidées")


def test_a_day_settled_in_part_counts_no_minute_twice(home: Path) -> None:
    settled = [row["consommation"] for row in national(MIXED, "", 21_000, minutes=30)[:10]]
    live = [row["consommation"] for row in national(MIXED, "", 20_000)[20:]]
    row = one(home, "daily_merged", MIXED)
    assert row["consommation_mwh"] == Decimal(2 * sum(settled) + sum(live)) / 4
    assert (row["measured_slots"], row["expected_slots"], row["nature"]) == (96, 96, "Données temps réel")


def test_a_row_with_no_measured_value_never_beats_one_with(home: Path) -> None:
    live = [row["consommation"] for row in national(BLANKED, "", 10_000)]
    row = one(home, "daily_merged", BLANKED)
    assert row["consommation_mwh"] == Decimal(sum(live)) / 4
    assert row["nature"] == "Données temps réel"


def test_a_column_no_vintage_has_is_null(home: Path) -> None:
    row = one(home, "daily_merged", DISPUTED)
    assert row["eolien_offshore_mwh"] is None
    assert row["eolien_mwh"] is None
    assert row["fioul_mwh"] == 0
    assert row["tmoy_c"] is None
    assert row["temperature_category"] is None


def test_a_day_without_an_operator_is_marked_and_not_summed_short(home: Path) -> None:
    rows = {row["civil_date"].day: row for row in mart(home, "gas_daily")}
    complete = {day: row["stock_gaz_complete"] for day, row in rows.items()}
    assert complete == {9: True, 10: False, 11: False, 12: True, 13: True, 14: False}
    assert rows[9]["stock_gaz_gwh"] == Decimal("15.75")
    assert rows[10]["stock_gaz_gwh"] is None
    assert rows[10]["missing_operators"] == "Teréga"
    assert (rows[10]["stock_gaz_operators"], rows[10]["stock_gaz_operators_expected"]) == (1, 2)
    assert rows[11]["missing_operators"] is None
    assert rows[13]["stock_gaz_change_gwh"] == Decimal(2)
    assert rows[12]["stock_gaz_change_gwh"] is None
    assert rows[14]["stock_reported_gwh"] == Decimal(15)
    merged = mart(home, "daily_merged", f"civil_date = '{GAS}'")
    assert merged == []
