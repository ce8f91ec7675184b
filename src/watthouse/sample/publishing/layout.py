"""The columns of ODRÉ's exports as they come: their order and types, junk and numbers typed as text included.

Orders and types are those of the Parquet exports of 2025 (national real time, temperature) and of the regional exports;
the types that differ between datasets are as seen there.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from watthouse.catalog import BATTERIES, COMMERCIAL, NATIONAL_SOURCES, PUMPING, REGIONAL_SOURCES, Family, PowerSource
from watthouse.catalog import FORECASTS as FORECAST_COLUMNS

INSTANT: Final = pl.Datetime("ms", "UTC")
CO2: Final = "taux_co2"
RATED: Final = tuple(REGIONAL_SOURCES)
BATTERY: Final = tuple(one.name for one in BATTERIES)
FORECASTS: Final = tuple(column.name for column in FORECAST_COLUMNS)
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    name: tuple(part.name for part in source.parts) for name, source in NATIONAL_SOURCES.items() if source.parts
}
"""National sources and what they are the sum of."""

SPLIT: Final = PARTS["eolien"]


def _exported(sources: Mapping[str, PowerSource], parts_of_wind: tuple[str, ...] = ()) -> Iterator[str]:
    """Sources in the order of an export: the parts of wind and pumping stand among them."""
    for name, source in sources.items():
        yield name
        if source.family is Family.WIND:
            yield from parts_of_wind
        if source.family is Family.HYDRO:
            yield PUMPING.name


_NATIONAL_POWER: Final = (*_exported(NATIONAL_SOURCES, SPLIT), "ech_physiques", CO2)
_NATIONAL_PARTS: Final = (*(part for parts in PARTS.values() if parts is not SPLIT for part in parts), *BATTERY)
NATIONAL_MEASURES: Final = ("consommation", *_NATIONAL_POWER, *_NATIONAL_PARTS)
"""What is measured in national rows: all but forecasts and the commercial exchanges, which are known ahead."""

REGIONAL_POWER: Final = ("consommation", *_exported(REGIONAL_SOURCES), "ech_physiques")
RATES: Final = tuple(f"{kind}_{source}" for source in RATED for kind in ("tco", "tch"))
REGIONAL_MEASURES: Final = (*REGIONAL_POWER, *BATTERY, *SPLIT, *RATES)

_CLOCK: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "nature": pl.String,
    "date": pl.String,
    "heure": pl.String,
    "date_heure": INSTANT,
}
_NATIONAL_ORDER: Final = ("consommation", *FORECASTS, *_NATIONAL_POWER, *COMMERCIAL, *_NATIONAL_PARTS)


def _typed(names: tuple[str, ...], text: tuple[str, ...]) -> Mapping[str, pl.DataType | type[pl.DataType]]:
    return {name: pl.String if name in text else pl.Float64 if name in RATES else pl.Int64 for name in names}


Layout = Mapping[str, pl.DataType | type[pl.DataType]]

_NATIONAL: Final[Layout] = {"perimetre": pl.String, **_CLOCK, **_typed(_NATIONAL_ORDER, (*SPLIT, *BATTERY))}
_REGION: Final[Layout] = {"code_insee_region": pl.String, "libelle_region": pl.String, **_CLOCK}

LAYOUTS: Final[Mapping[str, Layout]] = {
    "eco2mix-national-tr": _NATIONAL,
    "eco2mix-national-cons-def": _NATIONAL,
    "eco2mix-regional-tr": {
        **_REGION,
        **_typed(REGIONAL_MEASURES, ("pompage", *BATTERY)),
        "column_68": pl.String,
    },
    "eco2mix-regional-cons-def": {**_REGION, **_typed(REGIONAL_MEASURES, ("eolien",)), "column_30": pl.String},
    "stock-quotidien-stockages-gaz": {
        "date": pl.Date,
        "stock_fin_de_journee": pl.Float64,
        "source": pl.String,
        "pits": pl.String,
    },
    "temperature-quotidienne-regionale": {
        "id": pl.String,
        "date": pl.Date,
        "code_insee_region": pl.Int64,
        "region": pl.String,
        "tmin": pl.Float64,
        "tmax": pl.Float64,
        "tmoy": pl.Float64,
    },
}
"""Dataset → column → type, in the order of the export."""
