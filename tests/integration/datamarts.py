"""Datamarts for tests: a small home, what it would ship by the eyes of DuckDB alone, and what a datamart holds."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
import psycopg

from benchmarks import generate
from tests.support import begun, clock, watthouse, write_csv
from watthouse.catalog import BORDERS, NATIONAL_SOURCES, STORAGE, parts_of

SPRING: Final = date(2024, 3, 31)
AUTUMN: Final = date(2024, 10, 27)
REAL_TIME: Final = date(2024, 11, 2)
"""A day in quarter hours, with holes, whose exchanges stand on half hours."""
LAST: Final = date(2024, 11, 3)
SQL: Final = Path(__file__).parents[2] / "src" / "watthouse" / "datamart"


def built(home: Path) -> Path:
    """A home with days around both changes of the clocks, and one of real time."""
    exports = home.parent / f"{home.name}-exports"
    generate.exports(exports / "spring", SPRING - timedelta(days=3), 6)
    generate.exports(exports / "autumn", AUTUMN - timedelta(days=3), 6)
    real_time(exports, REAL_TIME)
    done = watthouse(begun(home), "refresh", "--from", exports)
    assert done.returncode == 0, done.stderr
    return home


def real_time(folder: Path, day: date, load_mw: int = 3000) -> Path:
    """A day of two regions and of France as real time has it: quarter hours, negative values, holes."""
    clocks = list(enumerate(clock(day, 15)))
    nature = {"nature": "Données temps réel", "date": day.isoformat()}
    regional = [
        {
            "code_insee_region": code,
            "libelle_region": name,
            **nature,
            "heure": heure,
            "date_heure": instant,
            "consommation": None if number == 7 else load_mw + number,
            "thermique": -5,
            "nucleaire": "ND" if code == "11" else 900 + number,
            "eolien": number,
            "solaire": 0,
            "hydraulique": None if number == 9 else 100,
            "pompage": -40,
            "bioenergies": 30,
            "ech_physiques": -200 + number,
        }
        for code, name in (("11", "Île-de-France"), ("53", "Bretagne"))
        for number, (heure, instant) in clocks
    ]
    national = [
        {
            "perimetre": "France",
            **nature,
            "heure": heure,
            "date_heure": instant,
            "consommation": 50_000 + load_mw + number,
            **dict.fromkeys(NATIONAL_SOURCES, 1000 + number),
            "pompage": -100,
            "ech_physiques": -3000,
            "taux_co2": 30,
            **{border.column.name: number - 48 if number % 2 == 0 else None for border in BORDERS.values()},
        }
        for number, (heure, instant) in clocks
    ]
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / f"eco2mix-regional-tr_{day}.csv", regional)
    write_csv(folder / f"eco2mix-national-tr_{day}.csv", national)
    return folder


def gas(folder: Path, stocks: Mapping[date, Mapping[tuple[str, str], float]]) -> Path:
    """Stocks [GWh] by day, operator and storage point."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {"date": day.isoformat(), "stock_fin_de_journee": stock, "source": operator, "pits": pits}
        for day, points in stocks.items()
        for (operator, pits), stock in points.items()
    ]
    write_csv(folder / "stock-quotidien-stockages-gaz.csv", rows)
    return folder


def expected(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that the views of a datamart must have, from the marts of the home's file."""
    with duckdb.connect(home / "warehouse.duckdb", read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")

        def rows(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query).fetchall()

        mix = []
        parts = [part.name for part in parts_of(NATIONAL_SOURCES)]
        for name in (*NATIONAL_SOURCES, *parts):
            mix += rows(
                f"select civil_date, '{name}', {name}_mwh, {name}_share, {name}_slots, nature from marts.daily_mix"
            )
        for name in STORAGE:
            mix += rows(f"select civil_date, '{name}', {name}_mwh, null, {name}_slots, nature from marts.daily_mix")
        exchanges = []
        for name, border in BORDERS.items():
            column = border.column.name
            values = f"{column}_mwh, {column}_import_mwh, {column}_export_mwh, {column}_slots, nature"
            exchanges += rows(f"select civil_date, '{name}', {values} from marts.exchanges_daily")
        return {
            "power": sorted(rows(f"select {POWER} from marts.regional_slots"), key=str),
            "balance": sorted(
                rows(
                    "select daily_mix.civil_date, daily_mix.consommation_mwh, production_mwh, ech_physiques_mwh,"
                    " taux_co2_g_kwh, daily_mix.measured_slots, mix_slots, daily_mix.expected_slots, daily_mix.nature"
                    " from marts.daily_mix left join marts.exchanges_daily using (civil_date)"
                ),
                key=str,
            ),
            "mix": sorted(mix, key=str),
            "exchange": sorted(exchanges, key=str),
            "gas": sorted(
                rows(
                    "select civil_date, pits, source, stock_gwh, stock_gaz_complete"
                    " from marts.gas_points_daily join marts.gas_daily using (civil_date)"
                ),
                key=str,
            ),
            "temperature": sorted(
                rows(
                    "select civil_date, code_insee_region, region, tmin_c, tmoy_c, tmax_c from marts.temperature_daily"
                ),
                key=str,
            ),
        }


POWER: Final = (
    "civil_date, date_heure, heure, code_insee_region, libelle_region, nature, slot_minutes, consommation_mw,"
    " production_mw, thermique_mw, nucleaire_mw, eolien_mw, solaire_mw, hydraulique_mw, bioenergies_mw,"
    " eolien_terrestre_mw, eolien_offshore_mw, pompage_mw, stockage_batterie_mw, destockage_batterie_mw,"
    " ech_physiques_mw"
)
_VIEWS: Final = {
    "power": f"select {POWER} from datamart.v_power",
    "balance": "select civil_date, consommation_mwh, production_mwh, ech_physiques_mwh, taux_co2_g_kwh, measured_slots,"
    " mix_slots, expected_slots, nature from datamart.v_daily_balance",
    "mix": "select civil_date, source, energy_mwh, production_share, known_slots, nature from datamart.v_daily_mix"
    " union all select civil_date, part, energy_mwh, production_share, known_slots, nature"
    " from datamart.v_daily_mix_parts"
    " union all select civil_date, storage, energy_mwh, null, known_slots, nature from datamart.v_daily_storage",
    "exchange": "select civil_date, border, net_mwh, import_mwh, export_mwh, known_slots, nature"
    " from datamart.v_exchange",
    "gas": "select civil_date, pits, operator, stock_gwh, is_complete_day from datamart.v_gas_stock",
    "temperature": "select civil_date, code_insee_region, libelle_region, tmin_c, tmoy_c, tmax_c"
    " from datamart.v_temperature",
}


def held(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the views of a datamart."""
    with psycopg.connect(url) as connection:
        connection.execute("set time zone 'UTC'")
        return {name: sorted(connection.execute(query).fetchall(), key=str) for name, query in _VIEWS.items()}  # type: ignore[call-overload]


def assert_equal(home: Path, url: str) -> None:
    """Every fact is as the warehouse has it: nothing lacks, nothing is there twice, no member is unknown."""
    there, here = expected(home), held(url)
    for name, rows in there.items():
        assert _plain(here[name]) == _plain(rows), name


def _plain(rows: Iterable[tuple[Any, ...]]) -> list[tuple[str, ...]]:
    """Rows without what differs between drivers: instants as of UTC, numbers without trailing zeros."""
    return sorted(tuple(_text(value) for value in row) for row in rows)


def _text(value: Any) -> str:
    if hasattr(value, "astimezone"):
        return value.isoformat()[:19]
    return f"{value:.12g}" if hasattr(value, "as_integer_ratio") and not isinstance(value, bool) else str(value)


def row(url: str, query: str) -> tuple[Any, ...]:
    """The first row of a query."""
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchone() or ()


def run(url: str, *statements: str) -> None:
    """Statements in one transaction."""
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def psql(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Plain psql, as a person would call it."""
    call = ["psql", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", url, *words]
    return subprocess.run(call, capture_output=True, text=True, check=False)


def status(home: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """What `watthouse datamart status --json` says."""
    done = watthouse(home, "datamart", "status", "--json", env=variables)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
