"""The marts over real exports, against sums made straight from the files with nothing of watthouse between.

Expectations are plain Python over ``csv`` and Polars' own Parquet reader: exact integers, divided last.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.support import PARIS, mart, watthouse
from watthouse.serve.analysis.answers import answer
from watthouse.serve.queries.mix import mix_of
from watthouse.serve.queries.params import EnergyAsOf
from watthouse.serve.queries.temperature import TemperatureParams, temperature_of
from watthouse.serve.queries.units import Interval, Unit
from watthouse.serve.service import Service
from watthouse.settings import Settings

pytestmark = [pytest.mark.real, pytest.mark.slow]

SOURCES = ("fioul", "charbon", "gaz", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies")
BORDERS = ("angleterre", "espagne", "italie", "suisse", "allemagne_belgique")
WINTER = date(2025, 1, 15)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Path:
    home = tmp_path_factory.mktemp("real")
    done = watthouse(home, "refresh", "--from", *(real_data / name for name in ("odre", "rte", "odre-api")))
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture(scope="module")
def real_time(real_data: Path) -> pl.DataFrame:
    return pl.read_parquet(real_data / "odre" / "eco2mix-national-tr_2025-q1.parquet")


def one(home: Path, name: str, where: str) -> dict[str, object]:
    (row,) = mart(home, name, where)
    return row


def quarter_hours(rows: pl.DataFrame, column: str) -> list[int | None]:
    return [None if value is None else int(value) for value in rows[column].to_list()]


def mwh(powers: list[int | None], minutes: int = 15) -> Decimal | None:
    known = [power for power in powers if power is not None]
    return Decimal(sum(known) * minutes) / 60 if known else None


def test_every_dataset_is_taken_and_what_is_left_is_said(home: Path, real_data: Path) -> None:
    done = watthouse(home, "refresh", "--from", *(real_data / name for name in ("odre", "rte", "odre-api")))
    assert done.returncode == 0, done.stderr
    *_, last = done.stdout.strip().splitlines()
    assert last.endswith(" dropped")
    assert ", 0 new, 0 revised, " in last
    left = [line for line in done.stdout.splitlines() if line.startswith("left")]
    assert len(left) == 1
    assert "error_bodies.json" in left[0]
    assert "phantom" in done.stdout


def test_every_day_of_the_tempo_calendar_has_its_colour(home: Path, real_data: Path) -> None:
    lines = (real_data / "rte" / "eCO2mix_RTE_tempo_2025-2026.xls").read_text().splitlines()
    expected = dict(line.split("\t") for line in lines if line.startswith("20"))
    assert {str(row["civil_date"]): row["tempo_colour"] for row in mart(home, "tempo_days", "true")} == expected
    assert Counter(expected.values()) == {"BLEU": 221, "BLANC": 43, "ROUGE": 22}


def test_a_winter_day_of_real_time(home: Path, real_time: pl.DataFrame) -> None:
    day = real_time.filter(pl.col("date") == WINTER.isoformat())
    row = one(home, "daily_merged", f"civil_date = '{WINTER}'")
    assert (row["measured_slots"], row["expected_slots"], row["nature"]) == (96, 96, "Données temps réel")
    skipped = {"perimetre", "nature", "date", "heure", "date_heure", "taux_co2"}
    for column in set(day.columns) - skipped:
        assert row[f"{column}_mwh"] == mwh(quarter_hours(day, column)), column
    produced = sum((mwh(quarter_hours(day, name)) or Decimal(0) for name in SOURCES), Decimal(0))
    assert row["production_mwh"] == produced
    for name in (*SOURCES, "gaz_ccg", "hydraulique_lacs", "bioenergies_biogaz", "eolien_offshore"):
        assert row[f"{name}_share"] == pytest.approx(float(row[f"{name}_mwh"] / produced), rel=1e-12), name
    assert row["top_source"] == max(SOURCES, key=lambda name: mwh(quarter_hours(day, name)) or 0)
    weights = [sum(int(slot[name]) for name in SOURCES) for slot in day.to_dicts()]
    rate = Fraction(sum(w * int(r) for w, r in zip(weights, day["taux_co2"], strict=True)), sum(weights))
    assert row["taux_co2_g_kwh"] == pytest.approx(float(rate), rel=1e-12)
    assert row["net_export_mwh"] == -(mwh(quarter_hours(day, "ech_physiques")) or 0)
    sums = {border: mwh(quarter_hours(day, f"ech_comm_{border}")) or Decimal(0) for border in BORDERS}
    assert row["top_foreign_buyer"] == (min(sums, key=sums.__getitem__) if min(sums.values()) < 0 else None)
    assert row["top_foreign_seller"] == (max(sums, key=sums.__getitem__) if max(sums.values()) > 0 else None)
    for name in ("prevision_j1", "prevision_j"):
        gap = [int(f) - int(c) for f, c in zip(day[name], day["consommation"], strict=True)]
        assert row[f"{name}_error_mwh"] == mwh(list(gap)), name


def test_the_day_temperature_is_the_mean_of_the_mainland_where_no_regional_load_is_known(
    home: Path, real_data: Path
) -> None:
    rows = pl.read_parquet(real_data / "odre" / "temperature-quotidienne-regionale_2016-2025.parquet")
    day = rows.filter((pl.col("date") == WINTER) & (pl.col("code_insee_region") != 94))
    row = one(home, "daily_merged", f"civil_date = '{WINTER}'")
    assert day.height == 12
    for name in ("tmin", "tmoy", "tmax"):
        assert float(row[f"{name}_c"]) == pytest.approx(sum(day[name]) / 12, abs=1e-9)
    assert row["temperature_category"] == "cold"
    assert row["temperature_weighted"] is False


@pytest.mark.parametrize(("day", "slots"), [(date(2014, 3, 30), 46), (date(2014, 10, 26), 48), (date(2014, 6, 1), 48)])
def test_half_hour_days_of_every_region(home: Path, real_data: Path, day: date, slots: int) -> None:
    rows = pl.read_parquet(real_data / "odre" / "eco2mix-regional-cons-def_2014.parquet")
    rows = rows.filter(pl.col("date") == day.isoformat())
    local = rows["date_heure"].dt.convert_time_zone("Europe/Paris").dt.strftime("%H:%M")
    rows = rows.filter(local == rows["heure"])
    found = {row["code_insee_region"]: row for row in mart(home, "daily_regional", f"civil_date = '{day}'")}
    assert len(found) == 12
    for (code,), part in rows.group_by("code_insee_region"):
        row = found[str(code)]
        assert (row["measured_slots"], row["expected_slots"]) == (slots, slots)
        for name in ("consommation", "thermique", "nucleaire", "hydraulique", "pompage", "ech_physiques", "eolien"):
            assert row[f"{name}_mwh"] == mwh(quarter_hours(part, name), 30), (code, name)
    if day == date(2014, 6, 1):
        assert any(row["nucleaire_mwh"] is None for row in found.values())


def csv_rows(path: Path, day: date) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig") as file:
        yield from (row for row in csv.DictReader(file, delimiter=";") if row["Date"] == day.isoformat())


@pytest.mark.parametrize(("day", "slots"), [(date(2024, 3, 31), 46), (date(2024, 10, 27), 48), (date(2024, 1, 17), 48)])
def test_half_hour_days_of_a_labelled_csv(home: Path, real_data: Path, day: date, slots: int) -> None:
    seen: dict[datetime, dict[str, str]] = {}
    for row in csv_rows(real_data / "odre" / "eco2mix-regional-cons-def_hauts-de-france_2024.csv", day):
        instant = datetime.fromisoformat(row["Date - Heure"]).astimezone(UTC)
        if instant.astimezone(PARIS).strftime("%H:%M") == row["Heure"]:
            assert instant not in seen
            seen[instant] = row
    assert len(seen) == slots
    row = one(home, "daily_regional", f"civil_date = '{day}' and code_insee_region = '32'")
    assert (row["measured_slots"], row["expected_slots"], row["nature"]) == (slots, slots, "Données consolidées")
    for label, name in {
        "Consommation (MW)": "consommation",
        "Eolien (MW)": "eolien",
        "Thermique (MW)": "thermique",
    }.items():
        assert row[f"{name}_mwh"] == mwh([int(one[label]) for one in seen.values()], 30)


def true_slots(path: Path, day: date) -> list[dict[str, str]]:
    """The rows of a day whose clock is the one Paris showed."""
    return [
        row
        for row in csv_rows(path, day)
        if datetime.fromisoformat(row["Date - Heure"]).astimezone(PARIS).strftime("%H:%M") == row["Heure"]
    ]


def test_load_factors_are_the_means_of_the_published_ones(home: Path, real_data: Path) -> None:
    labels = {"eolien": "Eolien", "nucleaire": "Nucléaire", "solaire": "Solaire", "bioenergies": "Bioénergies"}
    path = real_data / "odre" / "eco2mix-regional-cons-def_hauts-de-france_2024.csv"
    for day in (date(2024, 1, 17), date(2024, 3, 31), date(2024, 6, 21)):
        row = one(home, "daily_regional", f"civil_date = '{day}' and code_insee_region = '32'")
        for name, label in labels.items():
            rates = [Decimal(slot[f"TCH {label} (%)"]) for slot in true_slots(path, day)]
            assert row[f"tch_{name}_pct"] == pytest.approx(sum(rates) / len(rates), abs=Decimal("0.00005")), name
    assert {row["tch_eolien_pct"] for row in mart(home, "yearly_regional", "civil_year = 2014")} == {None}


def test_a_storage_point_is_held_against_its_highest_stock(home: Path, real_data: Path) -> None:
    highest: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    day = {}
    with (real_data / "odre" / "stock-quotidien-stockages-gaz_2010-2022.csv").open() as file:
        for row in csv.DictReader(file, delimiter=";"):
            stock, point = Decimal(row["stock_fin_de_journee"]), (row["source"], row["pits"])
            highest[point] = max(highest[point], stock)
            if row["date"] == "2022-01-31":
                day[point] = stock
    rows = mart(home, "gas_points_daily", "civil_date = '2022-01-31'")
    assert {(row["source"], row["pits"]): row["stock_gwh"] for row in rows} == day
    for row in rows:
        most = highest[row["source"], row["pits"]]
        assert row["highest_gwh"] == most
        assert row["fill_of_highest"] == (float(row["stock_gwh"]) / float(most) if most else None)


def test_the_days_that_temperatures_lack_are_in_the_calendar(home: Path, real_data: Path) -> None:
    rows = pl.read_parquet(real_data / "odre" / "temperature-quotidienne-regionale_2016-2025.parquet")
    held = dict(rows.filter(pl.col("tmoy").is_not_null()).group_by("date").len().iter_rows())
    calendar = mart(home, "completeness_daily", "dataset = 'temperature-quotidienne-regionale'")
    assert len(calendar) == (max(held) - min(held)).days + 1
    assert {row["civil_date"]: row["measured"] for row in calendar if row["measured"]} == held
    assert all(row["complete"] == (held.get(row["civil_date"]) == 13) for row in calendar)


def test_completeness_counts_what_each_dataset_measured(home: Path, real_time: pl.DataFrame) -> None:
    measured = dict(real_time.filter(pl.col("consommation").is_not_null()).group_by("date").len().iter_rows())
    where = "dataset = 'eco2mix-national-tr' and civil_date between '2025-01-01' and '2025-03-28'"
    days = {row["civil_date"].isoformat(): row["measured"] for row in mart(home, "completeness_daily", where)}
    assert days == {day: slots for day, slots in measured.items() if "2025-01-01" <= day <= "2025-03-28"}
    settled = "dataset = 'eco2mix-regional-cons-def' and civil_date between '2014-03-29' and '2014-03-31'"
    spring = [(row["measured"], row["expected"], row["complete"]) for row in mart(home, "completeness_daily", settled)]
    assert spring == [(576, 576, True), (552, 552, True), (576, 576, True)]


def test_a_record_is_the_highest_day_so_far(home: Path) -> None:
    whole = [row for row in mart(home, "daily_mix") if row["measured_slots"] == row["expected_slots"]]
    best, expected = Decimal("-inf"), []
    for row in sorted(whole, key=lambda row: row["civil_date"]):
        if row["eolien_mwh"] is not None and row["eolien_mwh"] > best:
            best = row["eolien_mwh"]
            expected.append((row["civil_date"], float(best)))
    rows = mart(home, "records_daily", "measure = 'eolien' and span = 'day'")
    assert [(row["civil_date"], row["value"]) for row in rows] == expected
    assert len(expected) > 1


def test_the_2020_vintage_counts_measured_slots_only(home: Path, real_data: Path) -> None:
    path = real_data / "odre" / "eco2mix-regional-tr_paca_2020-05.csv"
    for day in (date(2020, 5, 3), date(2020, 5, 10), date(2020, 6, 5)):
        measured = [row for row in csv_rows(path, day) if row["Consommation (MW)"] not in {"", "-", "ND"}]
        found = mart(home, "daily_regional", f"civil_date = '{day}' and code_insee_region = '93'")
        assert len(found) == bool(measured)
        if measured:
            assert found[0]["measured_slots"] == len(measured)
            assert found[0]["expected_slots"] == 96
            assert found[0]["consommation_mwh"] == mwh([int(row["Consommation (MW)"]) for row in measured])


def test_rte_and_odre_files_of_the_same_year_agree_to_the_last_row(home: Path) -> None:
    done = watthouse(home, "revisions", "eco2mix-regional-cons-def", "--format", "csv")
    assert done.returncode == 0
    assert done.stdout.strip().splitlines() == ["code_insee_region,date_heure,column,from,to,seen"]


def test_a_national_rte_file_of_real_time(home: Path, real_data: Path) -> None:
    day = date(2026, 2, 10)
    text = (real_data / "rte" / "eCO2mix_RTE_En-cours-TR_2026-02.xls").read_bytes().decode("cp1252")
    rows = [line.split("\t") for line in text.splitlines() if line.startswith(f"France\tDonnées temps réel\t{day}")]
    assert len(rows) == 96
    row = one(home, "daily_merged", f"civil_date = '{day}'")
    for index, name in {4: "consommation", 11: "eolien", 7: "fioul", 10: "nucleaire", 28: "gaz_ccg"}.items():
        assert row[f"{name}_mwh"] == mwh([int(cells[index]) for cells in rows]), name
    assert row["stockage_batterie_mwh"] == mwh([int(cells[36]) for cells in rows])


def test_gas_is_summed_over_storage_points_with_its_daily_change(home: Path, real_data: Path) -> None:
    stocks: dict[str, Decimal] = defaultdict(Decimal)
    with (real_data / "odre" / "stock-quotidien-stockages-gaz_2010-2022.csv").open() as file:
        for row in csv.DictReader(file, delimiter=";"):
            stocks[row["date"]] += Decimal(row["stock_fin_de_journee"])
    rows = {row["civil_date"].isoformat(): row for row in mart(home, "gas_daily")}
    assert rows.keys() == stocks.keys()
    for day, stock in stocks.items():
        assert rows[day]["stock_gaz_gwh"] == stock
        assert rows[day]["stock_gaz_complete"] is True
        before = stocks.get((date.fromisoformat(day) - timedelta(days=1)).isoformat())
        assert rows[day]["stock_gaz_change_gwh"] == (None if before is None else stock - before)


def test_a_day_with_forecasts_only_is_in_the_forecasts_and_not_in_the_mix(home: Path, real_time: pl.DataFrame) -> None:
    measured = real_time.filter(pl.col("consommation").is_not_null())["date"].max()
    days = (
        real_time.filter((pl.col("date") > measured) & pl.col("prevision_j1").is_not_null())["date"].unique().to_list()
    )
    assert days
    for day in days:
        part = real_time.filter(pl.col("date") == day)
        assert mart(home, "daily_merged", f"civil_date = '{day}'") == []
        row = one(home, "forecast_daily", f"civil_date = '{day}'")
        assert row["consommation_mwh"] is None
        assert row["prevision_j1_error_mwh"] is None
        assert row["measured_slots"] == 0
        assert row["prevision_j1_mwh"] == mwh(quarter_hours(part, "prevision_j1"))


def test_a_half_reported_day_is_there_and_marked(home: Path, real_time: pl.DataFrame) -> None:
    part = real_time.filter((pl.col("date") == "2025-03-28") & pl.col("consommation").is_not_null())
    row = one(home, "daily_merged", "civil_date = '2025-03-28'")
    assert 0 < part.height < 96
    assert (row["measured_slots"], row["expected_slots"]) == (part.height, 96)
    assert row["consommation_mwh"] == mwh(quarter_hours(part, "consommation"))


def test_consolidated_half_hours_last_thirty_minutes(home: Path) -> None:
    row = one(home, "daily_merged", "civil_date = '2024-01-01'")
    assert row["consommation_mwh"] == Decimal(52770 + 50560 + 51863) / 2
    assert (row["measured_slots"], row["expected_slots"], row["nature"]) == (3, 48, "Données consolidées")
    assert row["eolien_terrestre_mwh"] is None


def test_months_and_years_are_the_days_they_hold(home: Path) -> None:
    days = mart(home, "daily_regional", "year(civil_date) = 2014 and code_insee_region = '53'")
    row = one(home, "yearly_regional", "civil_year = 2014 and code_insee_region = '53'")
    assert row["consommation_mwh"] == sum(day["consommation_mwh"] for day in days)
    assert row["measured_days"] == 365
    months = mart(home, "monthly_regional", "year(civil_month) = 2014 and code_insee_region = '53'")
    assert [month["civil_month"].month for month in months] == list(range(1, 13))
    assert sum(month["consommation_mwh"] for month in months) == row["consommation_mwh"]


PERIODS = ((None, None), (date(2025, 1, 1), date(2025, 3, 31)), (date(2025, 1, 2), date(2025, 3, 12)))


@pytest.mark.parametrize("period", PERIODS)
def test_months_of_the_mix_are_the_days_of_the_period(home: Path, period: tuple[date | None, date | None]) -> None:
    held = [row["civil_date"] for row in mart(home, "daily_mix", "true")]
    since, until = (chosen or end for chosen, end in zip(period, (min(held), max(held)), strict=True))
    days = mart(home, "daily_mix", f"civil_date between '{since}' and '{until}'")
    by_month: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for day in days:
        by_month[day["civil_date"].replace(day=1)].append(day)
    assert len(by_month) >= 3
    service = Service(Settings(home=home))
    with service.snapshots.lease() as snapshot:
        asked = {
            unit: {
                row["starts"]: row
                for row in snapshot.rows(
                    mix_of(snapshot, EnergyAsOf(since=since, until=until, interval=Interval.MONTH, unit=unit)).rows
                ).to_pylist()
            }
            for unit in (Unit.MWH, Unit.MW, Unit.SHARE)
        }
    service.close()
    assert [list(rows) for rows in asked.values()] == [sorted(by_month)] * 3
    for month, rows in by_month.items():
        energy, power, share = (asked[unit][month] for unit in (Unit.MWH, Unit.MW, Unit.SHARE))
        lasts = {row["civil_date"]: 2 if row["expected_slots"] <= 48 else 1 for row in rows}
        for name in ("consommation", "nucleaire", "gaz_ccg", "pompage", "production"):
            known = [row[f"{name}_mwh"] for row in rows if row[f"{name}_mwh"] is not None]
            count = {"consommation": "measured_slots", "production": "mix_slots"}.get(name, f"{name}_slots")
            hours = sum(lasts[row["civil_date"]] * row[count] for row in rows) / 4
            assert energy[f"{name}_mwh"] == (sum(known) if known else None), (month, name)
            assert power[f"{name}_mw"] == pytest.approx(float(sum(known)) / hours if hours else None), (month, name)
        mixed = [row for row in rows if row["nucleaire_share"] is not None]
        produced = float(sum(row["production_mwh"] for row in mixed))
        nuclear = sum(row["nucleaire_share"] * float(row["production_mwh"]) for row in mixed)
        assert share["nucleaire_share"] == pytest.approx(nuclear / produced if produced else None, abs=1e-8), month
        end = (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        emitting = [row for row in rows if row["taux_co2_g_kwh"] is not None]
        emitted = sum(row["taux_co2_g_kwh"] * float(row["production_mwh"]) for row in emitting)
        weight = float(sum(row["production_mwh"] for row in emitting))
        assert energy["taux_co2_g_kwh"] == pytest.approx(emitted / weight if weight else None, abs=1e-6), month
        within = (min(end, until) - max(month, since)).days + 1
        whole = [row for row in rows if row["measured_slots"] == row["mix_slots"] == row["expected_slots"]]
        assert energy["complete"] is (len(whole) == within), month
        assert energy["measured_hours"] == sum(lasts[row["civil_date"]] * row["measured_slots"] for row in rows) / 4


def test_hours_add_up_to_the_day(home: Path) -> None:
    hours = mart(home, "hourly_national", f"civil_date = '{WINTER}'")
    assert [row["heure"] for row in hours] == [f"{hour:02}:00" for hour in range(24)]
    row = one(home, "daily_merged", f"civil_date = '{WINTER}'")
    assert sum(hour["consommation_mwh"] for hour in hours) == row["consommation_mwh"]


def test_gas_and_temperature_are_known_on_days_without_national_power(home: Path, real_data: Path) -> None:
    regional = pl.read_parquet(real_data / "odre" / "temperature-quotidienne-regionale_2016-2025.parquet")
    mainland = regional.filter(pl.col("code_insee_region").cast(pl.String) != "94")
    summer = mainland.filter(pl.col("date").cast(pl.Date) == date(2019, 7, 25))
    service = Service(Settings(home=home))
    with service.snapshots.lease() as snapshot:
        asked = TemperatureParams(since=date(2019, 7, 25), until=date(2019, 7, 25))
        (warm,) = snapshot.rows(temperature_of(snapshot, asked).rows).to_pylist()
        answered = answer(snapshot, 2, date(2016, 1, 1), date(2020, 12, 31))
    service.close()
    assert warm["tmoy_c"] == pytest.approx(float(summer["tmoy"].cast(pl.Float64).mean()))  # type: ignore[arg-type]
    assert not mart(home, "daily_mix", "civil_date = '2019-07-25'")
    assert {figure.days for figure in answered.figures} == {5 * 365 + 2}
