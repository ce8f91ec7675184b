"""The real exports, read whole, against counts made without watthouse."""

import csv
import gzip
import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow.parquet as pq
import pytest

from tests.unit.sources.reading import dropped, put, read, rows_of
from watthouse.errors import UnrecognisedError
from watthouse.settings import Settings
from watthouse.sources.contract import HALF_HOURS, PHANTOM
from watthouse.sources.files import FileSource

pytestmark = [pytest.mark.real]

HDF = "odre/eco2mix-regional-cons-def_hauts-de-france_2024.csv"
PACA_TR = "odre/eco2mix-regional-tr_paca_2020-05.csv"
GAS = "odre/stock-quotidien-stockages-gaz_2010-2022.csv"
NATIONAL = "odre/eco2mix-national-tr_2025-q1.parquet"
TEMPERATURE = "odre/temperature-quotidienne-regionale_2016-2025.parquet"
PACA_2014 = "rte/eCO2mix_RTE_PACA_Annuel-Definitif_2014.xls"
FRANCE_2026 = "rte/eCO2mix_RTE_En-cours-TR_2026-02.xls"


def lines(path: Path, delimiter: str = ";", encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as file:
        return [row for row in csv.DictReader(file, delimiter=delimiter) if row.get("Nature") or row.get("pits")]


def is_phantom(day: str, clock: str) -> bool:
    there = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZoneInfo("Europe/Paris"))
    return there.astimezone(UTC).astimezone(there.tzinfo).strftime("%H:%M") != clock


@pytest.mark.parametrize(
    ("file", "dataset", "rows", "without"),
    [
        ("odre/eco2mix-national-cons-def_2024-01_6-rows.csv", "eco2mix-national-cons-def", 6, {}),
        (NATIONAL, "eco2mix-national-tr", 8_544, {PHANTOM: 4}),
        ("odre/eco2mix-regional-cons-def_2014.parquet", "eco2mix-regional-cons-def", 210_240, {PHANTOM: 24}),
        (HDF, "eco2mix-regional-cons-def", 17_568, {PHANTOM: 2}),
        (PACA_TR, "eco2mix-regional-tr", 3_456, {}),
        (GAS, "stock-quotidien-stockages-gaz", 26_298, {}),
        (TEMPERATURE, "temperature-quotidienne-regionale", 46_332, {}),
        ("odre-api/eco2mix-national-tr_2025-08-22_records.json", "eco2mix-national-tr", 96, {}),
        ("odre-api/exports_json_regional_cons_def_2026-06-30_partial.json", "eco2mix-regional-cons-def", 1, {}),
        ("odre-api/records_v21_regional_tr_2026-03-25_partial.json", "eco2mix-regional-tr", 1, {}),
        (PACA_2014, "eco2mix-regional-cons-def", 35_040, {PHANTOM: 4, HALF_HOURS: 17_518}),
        (FRANCE_2026, "eco2mix-national-tr", 4_128, {}),
        ("rte/eCO2mix_RTE_tempo_2025-2026.xls", "eco2mix-tempo", 286, {}),
    ],
)
def test_every_export_is_read_whole(
    file: str, dataset: str, rows: int, without: dict[str, int], real_data: Path
) -> None:
    pieces = read(real_data / file)
    assert {piece.dataset.id for piece in pieces} == {dataset}
    assert sum(piece.read for piece in pieces) == rows
    assert dropped(pieces) == without
    table = rows_of(pieces)
    assert table.num_rows == rows - sum(without.values())
    key = pieces[0].dataset.identity
    assert not pl.DataFrame(table).select(pl.struct(key).is_duplicated().any()).item()
    assert pieces[-1].position == (real_data / file).stat().st_size


@pytest.mark.parametrize(
    ("file", "delimiter", "encoding", "clock"),
    [(HDF, ";", "utf-8-sig", "Heure"), (PACA_TR, ";", "utf-8", "Heure"), (PACA_2014, "\t", "cp1252", "Heures")],
)
def test_sums_are_those_the_csv_module_gives(
    file: str, delimiter: str, encoding: str, clock: str, real_data: Path
) -> None:
    table = rows_of(read(real_data / file))
    kept = [row for row in lines(real_data / file, delimiter, encoding) if not is_phantom(row["Date"], row[clock])]
    for name in ("Consommation", "Thermique", "Nucléaire", "Eolien", "Solaire", "Hydraulique", "Ech. physiques"):
        values = [row.get(f"{name} (MW)", row.get(name, "")) or "" for row in kept]
        numbers = [int(value) for value in values if value not in ("", "-", "ND")]
        column = {"Nucléaire": "nucleaire", "Ech. physiques": "ech_physiques"}.get(name, name.lower())
        got = [value for value in table.column(column).to_pylist() if value is not None]
        assert (len(got), sum(got)) == (len(numbers), sum(numbers)), name


def test_gas_is_exact_to_the_last_digit(real_data: Path) -> None:
    table = rows_of(read(real_data / GAS))
    said = Counter(
        (row["date"], row["source"], row["pits"], float(row["stock_fin_de_journee"])) for row in lines(real_data / GAS)
    )
    got = Counter(
        (row["date"].isoformat(), row["source"], row["pits"], float(row["stock_fin_de_journee"]))
        for row in table.to_pylist()
    )
    assert got == said


def test_a_national_year_keeps_its_text_numbers_and_instants(real_data: Path) -> None:
    source = pl.DataFrame(pq.read_table(real_data / NATIONAL)).filter(
        (pl.col("date") != "2025-03-30") | ~pl.col("heure").str.starts_with("02:")
    )
    got = pl.DataFrame(rows_of(read(real_data / NATIONAL)))
    assert got["date_heure"].to_list() == source["date_heure"].dt.convert_time_zone("UTC").to_list()
    assert got["eolien_terrestre"].to_list() == [value and int(value) for value in source["eolien_terrestre"]]
    assert got["consommation"].null_count() == source["consommation"].null_count()


def test_temperatures_keep_their_codes_and_hundredths(real_data: Path) -> None:
    source = pl.DataFrame(pq.read_table(real_data / TEMPERATURE))
    got = pl.DataFrame(rows_of(read(real_data / TEMPERATURE)))
    assert got["code_insee_region"].to_list() == [str(code) for code in source["code_insee_region"]]
    assert got["tmoy"].cast(pl.Float64).to_list() == source["tmoy"].to_list()
    assert got["date"].to_list() == source["date"].to_list()


def test_rtes_file_and_odres_export_of_a_region_agree(real_data: Path) -> None:
    both = ["date_heure", "consommation", "thermique", "eolien", "solaire", "hydraulique", "ech_physiques"]
    rte = pl.DataFrame(rows_of(read(real_data / PACA_2014))).select(both).sort("date_heure")
    odre = pl.DataFrame(rows_of(read(real_data / "odre/eco2mix-regional-cons-def_2014.parquet")))
    assert rte.equals(odre.filter(pl.col("code_insee_region") == "93").select(both).sort("date_heure"))


def test_the_old_vintage_says_in_one_note_what_it_left_out(real_data: Path) -> None:
    (piece,) = read(real_data / PACA_TR)
    (note,) = piece.notes
    assert "Import Grand-Est" in note
    assert note.endswith("and 33 more")
    assert "eolien_terrestre" not in piece.present
    assert {"tco_thermique", "libelle_region"} <= piece.present


@pytest.mark.parametrize("file", ["odre-api/error_bodies.json", "README.md", "meters"])
def test_what_is_no_export_is_left(file: str, real_data: Path) -> None:
    documents = list(FileSource([real_data / file], Settings()).documents())
    assert documents
    for document in documents:
        with pytest.raises(UnrecognisedError):
            list(document.pieces())


def records(path: Path) -> list[dict[str, object]]:
    """Rows as ODRÉ's API would give them: technical names, values of the same types."""
    rows = pl.DataFrame(rows_of(read(path))).with_columns(
        pl.col("date_heure").dt.strftime("%Y-%m-%dT%H:%M:%S%:z"), pl.col("date").dt.to_string()
    )
    return rows.head(2_000).to_dicts()


def as_parquet(rows: list[dict[str, object]]) -> bytes:
    written = io.BytesIO()
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(written)
    return written.getvalue()


def as_csv(rows: list[dict[str, object]]) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def as_zip(rows: list[dict[str, object]]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", as_csv(rows))
    return written.getvalue()


FORMATS: dict[str, Callable[[list[dict[str, object]]], str | bytes]] = {
    "json": json.dumps,
    "v1": lambda rows: json.dumps(
        {"records": [{"fields": {k: v for k, v in row.items() if v is not None}} for row in rows]}
    ),
    "json lines": lambda rows: "\n".join(map(json.dumps, rows)),
    "parquet": as_parquet,
    "csv": as_csv,
    "cp1252": lambda rows: as_csv(rows).encode("cp1252"),
    "gzip": lambda rows: gzip.compress(as_csv(rows).encode()),
    "zip": as_zip,
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("file", [HDF, NATIONAL])
def test_real_rows_in_any_format_give_identical_tables(name: str, file: str, real_data: Path, tmp_path: Path) -> None:
    expected = rows_of(read(real_data / file)).slice(0, 2_000)
    path = put(tmp_path, FORMATS[name](records(real_data / file)), "download")
    assert rows_of(read(path)).equals(expected)


def test_a_half_hourly_year_has_all_its_instants(real_data: Path) -> None:
    instants = sorted(rows_of(read(real_data / HDF)).column("date_heure").to_pylist())
    autumn = {datetime(2024, 10, 27, 0, tzinfo=UTC) + timedelta(minutes=minutes) for minutes in (0, 30)}
    days = (date(2025, 1, 1) - date(2024, 1, 1)).days
    start = datetime(2023, 12, 31, 23, tzinfo=UTC)
    assert set(instants) == {start + timedelta(minutes=30 * slot) for slot in range(days * 48)} - autumn
