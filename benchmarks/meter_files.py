"""Load profiles of made-up meters, in the layout of LP files: four data types, every quarter hour."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

ZONE: Final = "Etc/UTC"
FIRST: Final = date(2015, 1, 1)
QUARTERS: Final = 25_000
"""Quarter hours of one meter: about nine months."""
_HEADER: Final = "MeterPoint Code,Serial Number,Plant Code,Date/Time,Data Type,Data Value,Units,Status"
_TYPES: Final = {"Import Wh Total": "kwh", "Export Wh Total": "kwh", "Import varh Total": "kvarh", "Voltage Total": "V"}


def written(path: Path, rows: int) -> Path:
    """A file of so many rows, one meter after the other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(f"{_HEADER}\n".encode())
        meter, left = 0, rows
        while left:
            lines = _meter(meter).head(left)
            lines.write_csv(file, include_header=False, quote_style="never")
            meter, left = meter + 1, left - lines.height
    return path


def days(meters: int, count: int) -> list[tuple[str, date]]:
    """Meters and days of such a file, spread over it."""
    return [(code(number % meters), FIRST + timedelta(days=number * 7 % 250)) for number in range(count)]


def code(meter: int) -> str:
    return f"{210_000_000 + meter}"


def _meter(number: int) -> pl.DataFrame:
    begin = datetime(FIRST.year, FIRST.month, FIRST.day)  # noqa: DTZ001 - as the meter's clock shows it
    stamps = pl.datetime_range(begin, begin + timedelta(minutes=15 * (QUARTERS - 1)), "15m", eager=True)
    types = pl.DataFrame({"type": [*_TYPES], "unit": [*_TYPES.values()]})
    times = pl.DataFrame({"at": stamps.dt.strftime("%d/%m/%Y %H:%M:%S"), "number": range(QUARTERS)})
    value = (pl.col("number") * 7 + number) % 500 / 100
    return times.join(types, how="cross").select(
        pl.lit(code(number)).alias("meter"),
        pl.lit(code(number)).alias("serial"),
        pl.lit("ED000000001").alias("plant"),
        "at",
        "type",
        value.alias("value"),
        "unit",
        pl.lit("").alias("status"),
    )
