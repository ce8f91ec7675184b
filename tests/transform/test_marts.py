"""What each mart says on days made to be awkward, against sums in plain Python."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.transform.lab import (
    GAS,
    NATIONAL,
    REGIONAL,
    SOURCES,
    TEMPERATURE,
    Lab,
    Row,
    best_series,
    gas,
    half_hours,
    known_slots,
    mwh,
    power,
    regional,
    slots,
    temperature,
)
from watthouse.catalog import CONSOLIDATED, DEFINITIVE, REAL_TIME

pytestmark = [pytest.mark.slow]

REAL, SETTLED = NATIONAL
SPRING_HALF, AUTUMN_HALF = date(2023, 3, 26), date(2023, 10, 29)
SPRING, AUTUMN = date(2024, 3, 31), date(2024, 10, 27)
SPRING_EARLIEST, SUNDAY_BEFORE = date(2018, 3, 25), date(2024, 3, 24)
QUARTERLY, MIXED, HOLED, BLANKED = date(2024, 2, 1), date(2024, 2, 2), date(2024, 2, 3), date(2024, 2, 4)
RANKED, REVISED, TRADED, QUIET = date(2024, 2, 5), date(2024, 2, 6), date(2024, 2, 7), date(2024, 2, 8)
FORECAST_QUARTERS, FORECAST_HALVES = date(2024, 2, 10), date(2024, 2, 11)
FORECAST_HOLES, FORECAST_COARSE, TOMORROW = date(2024, 2, 12), date(2024, 2, 13), date(2024, 2, 14)
WEIGHED, UNWEIGHED, COLD = date(2023, 3, 1), date(2023, 3, 2), date(2023, 3, 3)


def with_forecast(rows: Sequence[Row], first: int | None, second: int | None) -> list[Row]:
    """``prevision_j1`` on the first and the second quarter of every half hour."""
    return [{**row, "prevision_j1": second if row["heure"][3:] in {"15", "45"} else first} for row in rows]


def on_the_half_hour(rows: Sequence[Row]) -> list[Row]:
    """Rows every quarter hour, measured on the half hour only, as consolidated files have them."""
    return [row if row["heure"][3:] in {"00", "30"} else {**row, "consommation": None} for row in rows]


def national_rows() -> tuple[list[Row], list[Row]]:
    real = [
        *power(SPRING, REAL_TIME, 50_000),
        *power(AUTUMN, REAL_TIME, 40_000),
        *power(MIXED, REAL_TIME, 30_000),
        *[row for row in power(HOLED, REAL_TIME, 30_000) if row["heure"] not in {"05:15", "06:00", "06:15"}],
        *power(BLANKED, REAL_TIME, 20_000),
        *power(RANKED, REAL_TIME, 10_000),
        *power(REVISED, REAL_TIME, 10_000, nucleaire=5, taux_co2=40),
        *(
            {
                **row,
                "ech_physiques": -8 if hour < 12 else 4,
                "ech_comm_angleterre": -20,
                "ech_comm_suisse": 10 if hour < 12 else -14,
                "ech_comm_italie": 3,
                "ech_comm_espagne": 3,
                "fioul": -1,
                "gaz": 30 if hour < 12 else None,
                "nucleaire": 70,
                "taux_co2": 10 if hour < 6 else 50 if hour < 12 else None,
            }
            for row in power(TRADED, REAL_TIME, 10_000)
            for hour in [int(row["heure"][:2])]
        ),
        *power(QUIET, REAL_TIME, 10_000, ech_comm_suisse=0),
        *power(FORECAST_COARSE, REAL_TIME, 1_000),
        *with_forecast(power(TOMORROW, REAL_TIME, None), 100, 200),
    ]
    settled = [
        *half_hours(SPRING_HALF, 50_000, DEFINITIVE),
        *half_hours(AUTUMN_HALF, 40_000, DEFINITIVE),
        *half_hours(SPRING_EARLIEST, 50_000, DEFINITIVE),
        *half_hours(SUNDAY_BEFORE, 50_000, DEFINITIVE),
        *power(QUARTERLY, CONSOLIDATED, 60_000),
        *half_hours(MIXED, 31_000)[:10],
        *half_hours(BLANKED, None, DEFINITIVE),
        *half_hours(RANKED, 11_000),
        *half_hours(RANKED, 12_000, DEFINITIVE)[:24],
        *half_hours(RANKED, None, DEFINITIVE)[24:],
        *with_forecast(on_the_half_hour(power(FORECAST_QUARTERS, CONSOLIDATED, 1_000)), 1_100, 900),
        *with_forecast(half_hours(FORECAST_HALVES, 1_000), 1_100, None),
        *with_forecast(on_the_half_hour(power(FORECAST_HOLES, CONSOLIDATED, 1_000)), 1_100, 900)[:8],
        *with_forecast(on_the_half_hour(power(FORECAST_HOLES, CONSOLIDATED, 1_000)), None, 900)[8:],
        *with_forecast(half_hours(FORECAST_COARSE, None), 1_200, None),
    ]
    return real, settled


POINTS = {("Storengy", "Saline"): "10.5", ("Storengy", "Centre"): "1", ("Teréga", "Lussagnet"): "4.25"}
FIRST, LAST = date(2024, 1, 1), date(2024, 3, 20)


def gas_rows() -> list[Row]:
    """A closed point, a point late on the last day, an operator that starts late, a day of one operator only."""
    rows = []
    for number in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=number)
        stocks = dict(POINTS)
        if day > date(2024, 1, 10):
            del stocks["Storengy", "Centre"]
        if day >= date(2024, 2, 1):
            stocks["Géométhane", "Manosque"] = "2"
        if day == date(2024, 2, 5):
            del stocks["Teréga", "Lussagnet"], stocks["Géométhane", "Manosque"]
        if day == LAST:
            del stocks["Storengy", "Saline"]
            stocks["Storengy", "Etrez"] = "3"
        if day == LAST - timedelta(days=1):
            stocks["Storengy", "Etrez"] = "3"
        rows += gas(day, stocks)
    return rows


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = Lab(tmp_path_factory.mktemp("marts"))
    real, settled = national_rows()
    lab.observe(REAL, real)
    lab.observe(SETTLED, settled)
    lab.observe(REAL, power(REVISED, REAL_TIME, 70_000, nucleaire=6)[:48])
    lab.observe(REAL, power(REVISED, REAL_TIME, None)[24:72])
    march = [date(2023, 3, 1) + timedelta(days=number) for number in range(31)]
    lab.observe(REGIONAL[1], regional("53", [row for day in march for row in half_hours(day, 100, thermique=7)]))
    lab.observe(REGIONAL[0], regional("11", power(WEIGHED, REAL_TIME, 900, nucleaire=1, eolien=3)))
    lab.observe(TEMPERATURE, temperature(WEIGHED, {"53": "4", "11": "25.5", "94": "40"}))
    lab.observe(TEMPERATURE, temperature(UNWEIGHED, {"53": "10", "11": "30", "94": "40"}))
    lab.observe(TEMPERATURE, temperature(COLD, {"53": "9.999", "94": "40"}))
    lab.observe(SETTLED, [row for day in (WEIGHED, UNWEIGHED, COLD) for row in half_hours(day, 1)])
    lab.observe(GAS, gas_rows())
    lab.build_everything()
    return lab


def series(lab: Lab, day: date) -> list[Row]:
    return best_series(row for table in NATIONAL for row in lab.seen[table] if row["date"] == day)


@pytest.mark.parametrize(
    ("day", "measured", "expected"),
    [
        (SPRING_HALF, 46, 46),
        (AUTUMN_HALF, 48, 48),
        (SPRING_EARLIEST, 46, 46),
        (SUNDAY_BEFORE, 48, 48),
        (SPRING, 92, 92),
        (AUTUMN, 96, 96),
        (QUARTERLY, 96, 96),
        (MIXED, 96, 96),
        (HOLED, 93, 96),
        (BLANKED, 96, 96),
        (RANKED, 48, 48),
    ],
)
def test_a_day_of_load_counts_every_minute_once(lab: Lab, day: date, measured: int, expected: int) -> None:
    rows = series(lab, day)
    row = lab.day("daily_merged", day)
    assert row["consommation_mwh"] == mwh(rows, "consommation")
    assert (row["measured_slots"], row["expected_slots"]) == (known_slots(rows), expected) == (measured, expected)
    hours = lab.rows("marts.hourly_national", f"civil_date = '{day}'")
    assert sum(hour["consommation_mwh"] for hour in hours) == row["consommation_mwh"]
    assert sum(hour["measured_slots"] for hour in hours) == measured
    assert sum(hour["expected_slots"] for hour in hours) == expected


@pytest.mark.parametrize(
    ("day", "nature"),
    [(MIXED, REAL_TIME), (BLANKED, REAL_TIME), (RANKED, CONSOLIDATED), (AUTUMN_HALF, DEFINITIVE)],
)
def test_the_nature_of_a_day_is_the_least_settled_that_counts(lab: Lab, day: date, nature: str) -> None:
    assert lab.day("daily_mix", day)["nature"] == nature


def test_no_half_hour_holds_two_natures(lab: Lab) -> None:
    blocks = lab.rows(
        "(select time_bucket(interval '30 minutes', date_heure) as block, count(distinct nature) as natures,"
        " sum(slot_minutes) as minutes from core.core_national_power group by all)"
    )
    assert {block["natures"] for block in blocks} == {1}
    assert {int(block["minutes"]) for block in blocks} == {15, 30}


def test_what_the_publisher_took_back_is_not_measured(lab: Lab) -> None:
    row = lab.day("daily_mix", REVISED)
    assert row["consommation_mwh"] == mwh(series(lab, REVISED), "consommation")
    assert (row["measured_slots"], row["expected_slots"]) == (48, 96)
    assert row["nucleaire_mwh"] == Decimal(24 * 6 + 24 * 5) / 4
    assert row["taux_co2_g_kwh"] == 40.0


def test_production_and_shares_are_over_slots_that_know_the_whole_mix(lab: Lab) -> None:
    """Gas is not known in the afternoon: no afternoon has less production for it, nor more nuclear in it."""
    rows = series(lab, TRADED)
    row = lab.day("daily_merged", TRADED)
    assert {source: row[f"{source}_mwh"] for source in SOURCES} == {source: mwh(rows, source) for source in SOURCES}
    assert row["nucleaire_mwh"] == 24 * 70
    assert row["production_mwh"] == 12 * (70 + 30 - 1)
    assert (row["mix_slots"], row["measured_slots"]) == (48, 96)
    assert sum(row[f"{source}_share"] or 0 for source in SOURCES) == pytest.approx(1, abs=1e-12)
    assert row["gaz_share"] == 30 / 99
    assert row["nucleaire_share"] == 70 / 99
    assert row["solaire_mwh"] is None
    assert row["solaire_share"] is None
    assert row["top_source"] == "nucleaire"
    assert lab.day("daily_mix", QUIET)["production_mwh"] is None
    assert lab.day("daily_mix", QUIET)["top_source"] is None


def test_the_co2_rate_is_weighted_by_production_where_both_are_known(lab: Lab) -> None:
    assert lab.day("daily_merged", TRADED)["taux_co2_g_kwh"] == 30.0
    hours = lab.rows("marts.hourly_national", f"civil_date = '{TRADED}'")
    assert [hour["taux_co2_g_kwh"] for hour in hours] == [10.0] * 6 + [50.0] * 6 + [None] * 12


def test_exchanges_net_and_gross(lab: Lab) -> None:
    row = lab.day("exchanges_daily", TRADED)
    assert row["net_export_mwh"] == -row["ech_physiques_mwh"] == Decimal(12 * 8 - 12 * 4)
    assert row["ech_comm_suisse_mwh"] == 12 * 10 - 12 * 14
    assert (row["ech_comm_suisse_import_mwh"], row["ech_comm_suisse_export_mwh"]) == (12 * 10, 12 * 14)
    assert (row["ech_comm_angleterre_import_mwh"], row["ech_comm_angleterre_export_mwh"]) == (0, 480)
    assert row["ech_comm_allemagne_belgique_import_mwh"] is None
    assert (row["top_foreign_buyer"], row["top_foreign_seller"]) == ("angleterre", "espagne")
    merged = lab.day("daily_merged", TRADED)
    assert {name: merged[name] for name in ("net_export_mwh", "top_foreign_buyer", "top_foreign_seller")} == {
        name: row[name] for name in ("net_export_mwh", "top_foreign_buyer", "top_foreign_seller")
    }


@pytest.mark.parametrize("day", [QUIET, SPRING])
def test_no_buyer_and_no_seller_where_nothing_is_traded(lab: Lab, day: date) -> None:
    row = lab.day("daily_merged", day)
    assert row["top_foreign_buyer"] is None
    assert row["top_foreign_seller"] is None


@pytest.mark.parametrize(
    ("day", "covered", "forecast", "error"),
    [
        (FORECAST_QUARTERS, 96, Decimal(24_000), Decimal(24_000)),
        (FORECAST_HALVES, 96, Decimal(26_400), Decimal(26_400)),
        (FORECAST_HOLES, 8 + 44, Decimal(2 * 1_000 + 44 * 225), Decimal(2_000)),
        (FORECAST_COARSE, 96, Decimal(28_800), Decimal(28_800)),
    ],
)
def test_a_forecast_is_held_against_the_load_it_covers(
    lab: Lab, day: date, covered: int, forecast: Decimal, error: Decimal
) -> None:
    row = lab.day("forecast_daily", day)
    assert (row["prevision_j1_slots"], row["prevision_j1_mwh"]) == (covered, forecast)
    rows = series(lab, day)[:4] if day == FORECAST_HOLES else series(lab, day)
    assert row["prevision_j1_error_mwh"] == error - (mwh(sorted_by_instant(rows), "consommation") or 0)
    assert row["prevision_j_mwh"] is None
    assert row["prevision_j_error_mwh"] is None
    assert row["prevision_j_slots"] == 0
    assert lab.day("daily_merged", day)["prevision_j1_error_mwh"] == row["prevision_j1_error_mwh"]


def sorted_by_instant(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row["date_heure"])


def test_the_mean_absolute_percentage_error(lab: Lab) -> None:
    loads = [row["consommation"] for row in series(lab, FORECAST_HALVES)]
    expected = 100 * sum(abs(1_100 - load) / load for load in loads) / len(loads)
    assert lab.day("forecast_daily", FORECAST_HALVES)["prevision_j1_mape_pct"] == pytest.approx(expected, abs=1e-6)


def test_a_day_of_forecasts_only_is_a_forecast_day_and_no_other(lab: Lab) -> None:
    row = lab.day("forecast_daily", TOMORROW)
    assert row["prevision_j1_mwh"] == 24 * 150
    assert (row["consommation_mwh"], row["prevision_j1_error_mwh"], row["prevision_j1_mape_pct"]) == (None, None, None)
    assert (row["measured_slots"], row["expected_slots"]) == (0, 96)
    for mart in ("daily_merged", "daily_mix", "exchanges_daily", "hourly_national"):
        assert lab.rows(f"marts.{mart}", f"civil_date = '{TOMORROW}'") == []
    assert lab.rows("marts.forecast_daily", f"civil_date = '{SPRING}'") == []
    assert lab.day("daily_merged", SPRING)["prevision_j1_mwh"] is None


def test_temperature_is_weighted_by_load_where_every_region_has_one(lab: Lab) -> None:
    loads = {
        code: row["consommation_mwh"]
        for code in ("53", "11")
        for row in lab.rows("marts.daily_regional", f"civil_date = '{WEIGHED}' and code_insee_region = '{code}'")
    }
    row = lab.day("daily_merged", WEIGHED)
    weighed = (4 * loads["53"] + Decimal("25.5") * loads["11"]) / sum(loads.values())
    assert row["temperature_weighted"] is True
    assert row["tmoy_c"] == pytest.approx(float(weighed), rel=1e-14)
    assert row["tmin_c"] == pytest.approx(float(weighed) - 5, rel=1e-14)
    assert row["temperature_category"] == "hot"
    plain = lab.day("daily_merged", UNWEIGHED)
    assert (plain["temperature_weighted"], plain["tmoy_c"], plain["temperature_category"]) == (False, 20.0, "average")
    assert lab.day("daily_merged", COLD)["temperature_category"] == "cold"
    unknown = lab.day("daily_merged", SPRING)
    assert (unknown["temperature_weighted"], unknown["tmoy_c"], unknown["temperature_category"]) == (None, None, None)


def test_every_region_has_its_temperature_corsica_too(lab: Lab) -> None:
    rows = lab.rows("marts.temperature_daily", f"civil_date = '{COLD}'")
    assert [(row["code_insee_region"], row["tmoy_c"]) for row in rows] == [
        ("53", Decimal("9.999")),
        ("94", Decimal(40)),
    ]
    assert [row["temperature_category"] for row in rows] == ["cold", "hot"]


def test_a_month_and_a_year_of_a_region(lab: Lab) -> None:
    days = lab.rows("marts.daily_regional", "code_insee_region = '53'")
    month = lab.one("marts.monthly_regional", "code_insee_region = '53'")
    year = lab.one("marts.yearly_regional", "code_insee_region = '53'")
    assert (month["civil_month"], year["civil_year"]) == (date(2023, 3, 1), 2023)
    for row in (month, year):
        assert row["consommation_mwh"] == sum(day["consommation_mwh"] for day in days)
        assert row["thermique_share"] == 1.0
        assert (row["measured_days"], row["measured_slots"]) == (31, 31 * 96 - 4)
        assert row["nucleaire_mwh"] is None
    assert (month["expected_slots"], month["complete"]) == (31 * 96 - 4, True)
    assert (year["expected_slots"], year["complete"]) == (365 * 96 - 4, False)


def test_a_month_of_france(lab: Lab) -> None:
    days = [
        row for row in lab.rows("marts.daily_mix") if (row["civil_date"].year, row["civil_date"].month) == (2024, 2)
    ]
    month = lab.one("marts.monthly_national", "civil_month = '2024-02-01'")
    assert len(days) > 5
    for name in ("consommation", "production", "nucleaire", "gaz_ccg", "pompage"):
        known = [day[f"{name}_mwh"] for day in days if day[f"{name}_mwh"] is not None]
        assert month[f"{name}_mwh"] == (sum(known) if known else None), name
    quarters = [(2 if day["expected_slots"] in {46, 48} else 1, day) for day in days]
    assert {lasts for lasts, _ in quarters} == {1, 2}
    for name in ("measured", "mix", "nucleaire"):
        assert month[f"{name}_slots"] == sum(lasts * day[f"{name}_slots"] for lasts, day in quarters), name
    whole = [day for day in days if day["measured_slots"] == day["mix_slots"] == day["expected_slots"]]
    measured = sum(day["measured_slots"] > 0 for day in days)
    assert (month["complete_days"], month["measured_days"]) == (len(whole), measured)
    assert month["expected_slots"] == 29 * 96


def test_gas_is_complete_when_every_operator_and_open_point_reports(lab: Lab) -> None:
    rows = {row["civil_date"]: row for row in lab.rows("marts.gas_daily")}
    incomplete = [day for day, row in rows.items() if not row["stock_gaz_complete"]]
    assert incomplete == [date(2024, 2, 5), LAST]
    lonely, last = rows[date(2024, 2, 5)], rows[LAST]
    assert (lonely["stock_gaz_gwh"], lonely["stock_reported_gwh"]) == (None, Decimal("10.5"))
    assert lonely["missing_operators"] == "Géométhane, Teréga"
    assert (lonely["stock_gaz_operators"], lonely["stock_gaz_operators_expected"]) == (1, 3)
    assert (last["missing_operators"], last["pits_reporting"], last["pits_expected"]) == (None, 3, 4)
    assert rows[date(2024, 1, 11)]["pits_expected"] == 2
    assert rows[date(2024, 1, 11)]["stock_gaz_change_gwh"] == -1
    assert rows[FIRST]["stock_gaz_change_gwh"] is None
    for after in (date(2024, 2, 5), date(2024, 2, 6)):
        assert rows[after]["stock_gaz_change_gwh"] is None
    merged = lab.day("daily_merged", date(2024, 2, 5))
    assert (merged["stock_gaz_operators"], merged["stock_gaz_complete"], merged["stock_gaz_gwh"]) == (1, False, None)
    assert lab.day("daily_merged", SPRING)["stock_gaz_operators"] == 0
    assert lab.day("daily_merged", SPRING)["stock_gaz_complete"] is False


def test_hours_begin_on_the_hour_even_where_its_first_slot_is_missing(lab: Lab) -> None:
    hours = lab.rows("marts.hourly_national", f"civil_date = '{HOLED}'")
    assert [(hour["heure"], hour["measured_slots"]) for hour in hours[5:7]] == [("05:00", 3), ("06:00", 2)]
    assert [hour["date_heure"] for hour in hours[:2]] == [at for _, at in slots(HOLED, 60)[:2]]
