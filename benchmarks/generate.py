"""Exports in ODRÉ's own shape, made up: 13 years of half hours × 12 regions, national rows, gas and temperature.

Every clock slot is there, the phantom spring hour and the junk column too; loads follow the year and the day, so that
the numbers compress about as the real ones do. The same call always makes the same bytes.
"""

import math
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from watthouse.catalog import CONSOLIDATED, DEFINITIVE, MAINLAND, NATIONAL_SOURCES, REGIONS, STORAGE, find
from watthouse.clock import ZONE

FIRST: Final = date(2013, 1, 1)
_MAINLAND: Final = {code: REGIONS[code] for code in MAINLAND}
_MEAN_LOAD_MW: Final = dict(
    zip(_MAINLAND, (8200, 2200, 2500, 3100, 5500, 5000, 3100, 2500, 4700, 4200, 7300, 4500), strict=True)
)
_KEY: Final = ("date", "heure")
_REGION_KEY: Final = (*_KEY, "code_insee_region")
_SHARE: Final = {
    "thermique": 0.08,
    "nucleaire": 0.62,
    "eolien": 0.1,
    "solaire": 0.04,
    "hydraulique": 0.12,
    "bioenergies": 0.02,
}


def slots(first: date, days: int, minutes: int) -> pl.LazyFrame:
    """Every clock slot of ``days`` days: ``date``, ``heure``, ``date_heure``; the phantom hour repeats an instant."""
    wall = pl.datetime_range(first, first + timedelta(days=days), f"{minutes}m", closed="left", eager=True).alias(
        "wall"
    )
    zoned = {"ambiguous": "latest", "non_existent": "null"}
    instant = pl.col("wall").dt.replace_time_zone(ZONE, **zoned)
    phantom = pl.col("wall").dt.offset_by("1h").dt.replace_time_zone(ZONE, **zoned)
    return (
        wall.to_frame()
        .lazy()
        .select(
            pl.col("wall").dt.strftime("%Y-%m-%d").alias("date"),
            pl.col("wall").dt.strftime("%H:%M").alias("heure"),
            pl.coalesce(instant, phantom).alias("date_heure"),
            _season().alias("season"),
        )
    )


def regional(first: date, days: int) -> pl.DataFrame:
    """``eco2mix-regional-cons-def``: half hours × 12 regions."""
    names = find("eco2mix-regional-cons-def").names
    regions = pl.LazyFrame(
        {
            "code_insee_region": list(_MAINLAND),
            "libelle_region": list(_MAINLAND.values()),
            "mean": list(_MEAN_LOAD_MW.values()),
        }
    )
    rows = (
        slots(first, days, 30)
        .join(regions, how="cross")
        .with_columns(
            (pl.col("mean") * pl.col("season") * _noise("load", 0.1, _REGION_KEY))
            .round()
            .cast(pl.Int64)
            .alias("consommation"),
            _nature(),
        )
    )
    rows = rows.with_columns(_produced(name, share) for name, share in _SHARE.items())
    rows = rows.with_columns(
        (pl.col("consommation") - pl.sum_horizontal(list(_SHARE))).alias("ech_physiques"),
        *(_rate(f"tco_{name}", pl.col(name)) for name in _SHARE),
        *(_rate(f"tch_{name}", pl.col(name)) for name in _SHARE),
        pl.lit(None, pl.String).alias("column_30"),
        *(pl.lit(0, pl.Int64).alias(name) for name in STORAGE),
        pl.col("eolien").alias("eolien_terrestre"),
        pl.lit(0, pl.Int64).alias("eolien_offshore"),
    )
    return rows.select(*names, "column_30").collect()


def national(first: date, days: int) -> pl.DataFrame:
    """``eco2mix-national-cons-def``: quarter-hour rows, measured on the half hour."""
    dataset = find("eco2mix-national-cons-def")
    on_the_half_hour = pl.col("heure").str.ends_with("00") | pl.col("heure").str.ends_with("30")
    rows = slots(first, days, 15).with_columns(
        (54_000 * pl.col("season") * _noise("load", 0.05)).round().cast(pl.Int64).alias("consommation"), _nature()
    )
    forecasts = ("prevision_j1", "prevision_j")
    measured = [name for name in dataset.names[8:] if name not in forecasts]
    rows = rows.with_columns(
        pl.lit("France").alias("perimetre"),
        *((pl.col("consommation") * _noise(name, 0.02)).round().cast(pl.Int64).alias(name) for name in forecasts),
        *((_noise(name, 1.0) * 900).round().cast(pl.Int64).alias(name) for name in measured),
    )
    supply = (*NATIONAL_SOURCES, "pompage")
    rows = rows.with_columns((40_000 * _noise("nucleaire", 0.1)).cast(pl.Int64).alias("nucleaire"), -pl.col("pompage"))
    rows = rows.with_columns((pl.col("consommation") - pl.sum_horizontal(supply)).alias("ech_physiques"))
    masked = ("consommation", *measured)
    rows = rows.with_columns(pl.when(on_the_half_hour).then(pl.col(name)).alias(name) for name in masked)
    return rows.select(dataset.names).collect()


def temperature(first: date, days: int) -> pl.DataFrame:
    """``temperature-quotidienne-regionale``: day × 13 regions."""
    rows = _days(first, days).join(
        pl.LazyFrame({"code_insee_region": [int(code) for code in REGIONS], "region": list(REGIONS.values())}),
        how="cross",
    )
    mean = (
        12
        - 9 * (2 * math.pi * pl.col("date").dt.ordinal_day() / 365.25).cos()
        + 3 * (_noise("t", 1.0, ("date", "code_insee_region")) - 1)
    )
    return rows.select(
        (pl.col("date").dt.strftime("%Y-%m-%d") + "T00:00:00-" + pl.col("code_insee_region").cast(pl.String)).alias(
            "id"
        ),
        "date",
        "code_insee_region",
        "region",
        (mean - 4).round(2).alias("tmin"),
        (mean + 5).round(2).alias("tmax"),
        mean.round(2).alias("tmoy"),
    ).collect()


def gas(first: date, days: int) -> pl.DataFrame:
    """``stock-quotidien-stockages-gaz``: day × 6 storage points."""
    points = {"Saline": "Storengy", "Sediane": "Storengy", "Sediane B": "Storengy", "Centre": "Storengy"}
    points |= {"Serene": "Storengy", "Teréga": "Teréga"}
    rows = _days(first, days).join(pl.LazyFrame({"pits": list(points), "source": list(points.values())}), how="cross")
    stock = 15_000 - 9_000 * (2 * math.pi * (pl.col("date").dt.ordinal_day() - 90) / 365.25).cos()
    return rows.select("date", stock.round(6).alias("stock_fin_de_journee"), "source", "pits").collect()


def exports(folder: Path, first: date, days: int) -> Path:
    """A folder of exports: Parquet, a file a dataset and year."""
    folder.mkdir(parents=True, exist_ok=True)
    for year in range(first.year, (first + timedelta(days=days - 1)).year + 1):
        start = max(first, date(year, 1, 1))
        length = (min(first + timedelta(days=days), date(year + 1, 1, 1)) - start).days
        for name, make in _MAKERS.items():
            make(start, length).write_parquet(folder / f"{name}_{year}.parquet")
    return folder


def one_day(folder: Path, day: date) -> Path:
    """What an hourly or daily download brings: one day of everything, as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in _MAKERS.items():
        make(day, 1).write_csv(folder / f"{name}_{day}.csv", separator=";", datetime_format="%Y-%m-%dT%H:%M:%S%:z")
    return folder


_MAKERS: Final = {"regional": regional, "national": national, "temperature": temperature, "gas": gas}


def _days(first: date, days: int) -> pl.LazyFrame:
    return pl.LazyFrame({"date": [first + timedelta(days=n) for n in range(days)]})


def _season() -> pl.Expr:
    year = (2 * math.pi * pl.col("wall").dt.ordinal_day() / 365.25).cos()
    day = (2 * math.pi * (pl.col("wall").dt.hour() - 13) / 24).cos()
    return 1 + 0.25 * year + 0.15 * day


def _noise(name: str, width: float, key: tuple[str, ...] = _KEY) -> pl.Expr:
    """Between 1 − ``width`` and 1 + ``width``, from the row's own key: no random state."""
    seed = sum(name.encode())
    return 1 + width * ((pl.struct(key).hash(seed) % 2001).cast(pl.Float64) / 1000 - 1)


def _nature() -> pl.Expr:
    settled = pl.col("date") < "2025-01-01"
    return pl.when(settled).then(pl.lit(DEFINITIVE)).otherwise(pl.lit(CONSOLIDATED)).alias("nature")


def _produced(name: str, share: float) -> pl.Expr:
    return (pl.col("mean") * share * _noise(name, 0.3, _REGION_KEY)).round().cast(pl.Int64).alias(name)


def _rate(name: str, produced: pl.Expr) -> pl.Expr:
    return (100 * produced / pl.col("consommation")).round(2).alias(name)
