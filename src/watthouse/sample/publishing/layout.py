"""The columns of ODRÉ's exports as they come: their order and types, junk and numbers typed as text included.

Orders and types are those of the Parquet exports of 2025 (national real time, temperature) and of the regional exports;
the types that differ between datasets are as seen there.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

INSTANT: Final = pl.Datetime("ms", "UTC")
CO2: Final = "taux_co2"
SPLIT: Final = ("eolien_terrestre", "eolien_offshore")
BATTERY: Final = ("stockage_batterie", "destockage_batterie")
BORDERS: Final = ("angleterre", "espagne", "italie", "suisse", "allemagne_belgique")
RATED: Final = ("thermique", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies")

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "fioul": ("fioul_tac", "fioul_cogen", "fioul_autres"),
    "gaz": ("gaz_tac", "gaz_cogen", "gaz_ccg", "gaz_autres"),
    "hydraulique": ("hydraulique_fil_eau_eclusee", "hydraulique_lacs", "hydraulique_step_turbinage"),
    "bioenergies": ("bioenergies_dechets", "bioenergies_biomasse", "bioenergies_biogaz"),
}
"""National sources and what they are the sum of."""

COMMERCIAL: Final = tuple(f"ech_comm_{border}" for border in BORDERS)
FORECASTS: Final = ("prevision_j1", "prevision_j")

NATIONAL_MEASURES: Final = (
    "consommation", "fioul", "charbon", "gaz", "nucleaire", "eolien", *SPLIT, "solaire", "hydraulique", "pompage",
    "bioenergies", "ech_physiques", CO2, *PARTS["fioul"], *PARTS["gaz"], *PARTS["hydraulique"], *PARTS["bioenergies"],
    *BATTERY,
)  # fmt: skip
"""What is measured in national rows: all but forecasts and the commercial exchanges, which are known ahead."""

REGIONAL_POWER: Final = (
    "consommation", "thermique", "nucleaire", "eolien", "solaire", "hydraulique", "pompage", "bioenergies",
    "ech_physiques",
)  # fmt: skip
RATES: Final = tuple(f"{kind}_{source}" for source in RATED for kind in ("tco", "tch"))
REGIONAL_MEASURES: Final = (*REGIONAL_POWER, *BATTERY, *SPLIT, *RATES)

_CLOCK: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "nature": pl.String,
    "date": pl.String,
    "heure": pl.String,
    "date_heure": INSTANT,
}
_NATIONAL_ORDER: Final = (
    "consommation", *FORECASTS, "fioul", "charbon", "gaz", "nucleaire", "eolien", *SPLIT, "solaire", "hydraulique",
    "pompage", "bioenergies", "ech_physiques", CO2, *COMMERCIAL, *PARTS["fioul"], *PARTS["gaz"], *PARTS["hydraulique"],
    *PARTS["bioenergies"], *BATTERY,
)  # fmt: skip


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
