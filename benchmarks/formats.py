"""The same regional rows in every format that people have them in: written, never read."""

import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import openpyxl
import polars as pl
import pyarrow.parquet as pq

from benchmarks.generate import regional
from watthouse.catalog import find

DATASET: Final = find("eco2mix-regional-cons-def")
_DISCLAIMER: Final = (
    "RTE ne pourra être tenu responsable de l'usage qui pourrait être fait des données mises à disposition.\n"
)
_OF_RTE: Final = ("libelle_region", "nature", "date", "heure", "consommation", "thermique", "nucleaire", "eolien")
_OF_RTE_TOO: Final = ("solaire", "hydraulique", "bioenergies", "ech_physiques")


def parts(first: date, days: int) -> Iterator[pl.DataFrame]:
    """The rows of some days, at most a year of them at a time."""
    for start in range(0, days, 365):
        yield regional(first + timedelta(days=start), min(365, days - start))


def parquet(path: Path, first: date, days: int) -> Path:
    """As ODRÉ exports it, one file."""
    writer = None
    for part in parts(first, days):
        rows = part.to_arrow()
        writer = writer or pq.ParquetWriter(path, rows.schema, compression="zstd")
        writer.write_table(rows, row_group_size=200_000)
    if writer:
        writer.close()
    return path


def csv_with_labels(path: Path, first: date, days: int) -> Path:
    """As ODRÉ exports it where its labels are asked for."""
    with path.open("wb") as file:
        for number, part in enumerate(parts(first, days)):
            labelled = part.rename({name: label for name, label in labels().items() if name in part.columns})
            labelled.write_csv(
                file,
                include_bom=not number,
                include_header=not number,
                separator=";",
                datetime_format="%Y-%m-%dT%H:%M:%S%:z",
            )
    return path


def json_lines(path: Path, first: date, days: int) -> Path:
    """As ODRÉ exports it as `jsonl`."""
    with path.open("wb") as file:
        for part in parts(first, days):
            instants = pl.col("date_heure").dt.strftime("%Y-%m-%dT%H:%M:%S%:z")
            part.with_columns(instants).write_ndjson(file)
    return path


def rte_in_a_zip(path: Path, first: date, days: int) -> Path:
    """RTE's tab-separated text in cp1252, called `.xls`, in a zip; all regions in one."""
    columns = [*_OF_RTE, *_OF_RTE_TOO]
    named = {**labels(), "libelle_region": "Périmètre", "heure": "Heures"}
    name = "eCO2mix_RTE_Annuel-Definitif.xls"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w", force_zip64=True) as member,
    ):
        member.write(("\t".join(named[name] for name in columns) + "\n").encode("cp1252"))
        for part in parts(first, days):
            rows = part.select(*columns, pl.lit(None, pl.String).alias("end"))
            member.write(rows.write_csv(separator="\t", include_header=False).encode("cp1252"))
        member.write(_DISCLAIMER.encode("cp1252"))
    return path


def workbook(path: Path, first: date, days: int) -> Path:
    """As somebody saves an export with a spreadsheet program."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("export")
    for number, part in enumerate(parts(first, days)):
        rows = part.with_columns(pl.col("date_heure").dt.strftime("%Y-%m-%dT%H:%M:%S%:z"))
        if not number:
            sheet.append(rows.columns)
        for row in rows.iter_rows():
            sheet.append(row)
    book.save(path)
    return path


def labels() -> Mapping[str, str]:
    """Technical name → the first heading that ODRÉ or RTE has for it."""
    return {column.name: column.labels[0] if column.labels else column.name for column in DATASET.columns}


Format = Callable[[Path, date, int], Path]
FORMATS: Final[Mapping[str, tuple[str, Format, int]]] = {
    "Parquet": ("parquet", parquet, 1461),
    "CSV with labels": ("csv", csv_with_labels, 1461),
    "JSON lines": ("jsonl", json_lines, 365),
    "RTE's text in a zip": ("zip", rte_in_a_zip, 730),
    "XLSX": ("xlsx", workbook, 31),
}
"""Format → the ending of its file, what writes it, and the days of the smaller of two files."""
