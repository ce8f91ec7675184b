"""A column as its publisher names it, and what it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from types import MappingProxyType
from typing import Final

import pyarrow as pa


class Kind(Enum):
    """What a column holds, and the Arrow type it is kept as."""

    TEXT = "text"
    CATEGORY = "category"
    INSTANT = "instant"
    DATE = "date"
    CLOCK = "clock"
    REGION = "region code"
    REGION_NAME = "region name"
    WHOLE = "whole number"
    RATE = "rate"
    TEMPERATURE = "temperature"
    STOCK = "stock"

    @property
    def arrow(self) -> pa.DataType:
        return _ARROW[self]


_ARROW: Final[Mapping[Kind, pa.DataType]] = {
    Kind.TEXT: pa.string(),
    # one of the values that are declared: any other is refused
    Kind.CATEGORY: pa.string(),
    Kind.INSTANT: pa.timestamp("us", tz="UTC"),
    Kind.DATE: pa.date32(),
    Kind.CLOCK: pa.string(),
    # the code is text in CSV and an integer in Parquet: as a key it has to be one of them
    Kind.REGION: pa.string(),
    Kind.REGION_NAME: pa.string(),
    # RTE publishes whole MW: a file with fractions is refused, never rounded
    Kind.WHOLE: pa.int32(),
    # TCO and TCH exceed 100 in real data
    Kind.RATE: pa.float64(),
    Kind.TEMPERATURE: pa.decimal128(9, 3),
    Kind.STOCK: pa.decimal128(18, 6),
}


@dataclass(frozen=True)
class Column:
    """One column as its publisher names it.

    ``labels`` are the other headers it goes by, in any vintage; case, accents, punctuation and a trailing unit do not
    matter. ``values`` are the only spellings kept, whatever accents or case a vintage uses; where the column is
    ``closed``, a row that says anything else is about another place, and no row of the dataset; in a column of
    :attr:`Kind.CATEGORY` anything else is an error. ``steps`` are the
    distances at which its values have been published, the usual one first; which one holds on a civil day is read from
    its data: commercial exchanges stood on half hours inside quarter-hour rows in vintages of 2020 to 2023.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    labels: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    closed: bool = False
    steps: tuple[timedelta, ...] = ()


_POWER_OR_ENERGY: Final = frozenset({"kW", "MW", "GW", "TW", "kWh", "MWh", "GWh", "TWh"})

OTHER_UNITS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        **{unit: _POWER_OR_ENERGY - {unit} | {"%"} for unit in _POWER_OR_ENERGY},
        "GWh PCS 0 °C": frozenset({"kWh", "MWh", "TWh", "m3", "%"}),
        "°C": frozenset({"°F", "K"}),
    }
)
"""Unit → units in which the same words in a header mean another quantity."""


def power(name: str, meaning: str, *labels: str) -> Column:
    """Whole MW."""
    return Column(name, Kind.WHOLE, meaning, "MW", labels)


def rate(name: str, meaning: str, *labels: str) -> Column:
    """A rate in %."""
    return Column(name, Kind.RATE, meaning, "%", labels)


# shared, so that both publishers' exports are read alike
REGION_CODE: Final = Column(
    "code_insee_region",
    Kind.REGION,
    "INSEE code of the region",
    # labels change between vintages, technical names do not
    labels=("Code INSEE région", "Code INSEE", "Code région"),
)
"""As éCO2mix and the temperatures publish it."""
