"""The datasets, declared. What differs between them stands here; the code reads it.

A new dataset is one more :class:`Dataset` in :data:`CATALOG`, and what ``python -m tools.staging`` makes of it.
"""

from typing import Final

from watthouse.catalog.columns import OTHER_UNITS, Column, Kind
from watthouse.catalog.dataset import LICENCE, LICENCE_URL, PORTAL, PORTAL_URL, Dataset
from watthouse.catalog.eco2mix import CONSOLIDATED, DEFINITIVE, ECO2MIX, HALF_HOUR, NATURES, QUARTER_HOUR, REAL_TIME
from watthouse.catalog.gas import GAS, GAS_OPERATORS
from watthouse.catalog.grid import (
    BATTERIES,
    BORDERS,
    COMMERCIAL,
    CORSE,
    FORECASTS,
    MAINLAND,
    NATIONAL_SOURCES,
    PUMPING,
    REGION_ALIASES,
    REGIONAL_SOURCES,
    REGIONS,
    STORAGE,
    Border,
    Family,
    PowerSource,
    Storage,
    SubSource,
    parts_of,
)
from watthouse.catalog.siblings import SIBLINGS, Sibling
from watthouse.catalog.temperature import TEMPERATURE
from watthouse.catalog.tempo import TEMPO, TEMPO_COLOURS
from watthouse.errors import UsageError

__all__ = [
    "BATTERIES",
    "BORDERS",
    "CATALOG",
    "COMMERCIAL",
    "CONSOLIDATED",
    "CORSE",
    "DEFINITIVE",
    "ECO2MIX",
    "FORECASTS",
    "GAS",
    "GAS_OPERATORS",
    "HALF_HOUR",
    "LICENCE",
    "LICENCE_URL",
    "MAINLAND",
    "NATIONAL_SOURCES",
    "NATURES",
    "OTHER_UNITS",
    "PORTAL",
    "PORTAL_URL",
    "PUMPING",
    "QUARTER_HOUR",
    "REAL_TIME",
    "REGIONAL_SOURCES",
    "REGIONS",
    "REGION_ALIASES",
    "SIBLINGS",
    "STORAGE",
    "TEMPERATURE",
    "TEMPO",
    "TEMPO_COLOURS",
    "Border",
    "Column",
    "Dataset",
    "Family",
    "Kind",
    "PowerSource",
    "Sibling",
    "Storage",
    "SubSource",
    "find",
    "live",
    "parts_of",
]

# its order is that of `watthouse datasets`, of attributions and of the page Data
CATALOG: Final[dict[str, Dataset]] = {dataset.id: dataset for dataset in (*ECO2MIX, GAS, TEMPERATURE, TEMPO)}


def find(dataset_id: str) -> Dataset:
    """The dataset of that id; raises :class:`UsageError` with the ids there are."""
    try:
        return CATALOG[dataset_id]
    except KeyError:
        raise UsageError(
            f"unknown dataset '{dataset_id}': the catalog has {', '.join(CATALOG)} (see `watthouse datasets`)"
        ) from None


def live() -> dict[str, Dataset]:
    """Those that the service publishes, by id; the others come by files alone."""
    return {name: dataset for name, dataset in CATALOG.items() if dataset.live}
