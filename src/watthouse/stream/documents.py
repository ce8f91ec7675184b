"""What a document of the stream's store holds: a slot of France or of a region, under the names of the slots marts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from watthouse.catalog import CATALOG, FORECASTS, NATIONAL_SOURCES, REGIONAL_SOURCES, REGIONS, Kind, PowerSource

Document: TypeAlias = dict[str, Any]
"""What pymongo takes and gives: field → value."""

NATIONAL: Final = "eco2mix-national-tr"
REGIONAL: Final = "eco2mix-regional-tr"
FRANCE: Final = "FR"
"""The region of the national dataset, where an INSEE code stands otherwise."""
NAMES: Final[Mapping[str, str]] = {FRANCE: "France", **REGIONS}
"""Region → its name."""

LOAD: Final = "consommation_mw"
PRODUCTION: Final = "production_mw"
DIFFERENCE: Final = "difference_mw"
"""Production − consumption: positive where a place makes more than it uses."""
CO2: Final = "taux_co2_g_kwh"
"""Of France alone: there is no regional rate."""

HEADS: Final = ("_id", "dataset", "region", "name", "instant", "date", "heure", "nature", "rev", "observed_at")
"""What a document says of its slot: ``instant`` and ``observed_at`` are BSON dates (UTC, ms), ``date`` and ``heure``
the civil clock as text, ``rev`` the observation in µs since 1970 (int64), which decides between two of them."""
STATES: Final = ("measured", "known", "mix_known")
"""Booleans: load is known; anything that the slots marts have is known; production is known."""

MIXED: Final = "mixed"
"""Of a document of ``latest``: :func:`mix_of` the newest slot whose mix is known, up to :data:`MIX_LAG` before its own,
or None. RTE publishes a newest row in parts: its load is known before the last of its sources."""
MIX_LAG: Final = timedelta(days=1)

_FORECASTS: Final = frozenset(column.name for column in FORECASTS)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Layout:
    """The fields of the documents of a dataset.

    ``published`` and ``forecasts`` map the publisher's column to its field [MW, g/kWh or %], as the slots marts name
    it; only the former make a slot ``known``. ``rates`` are those of ``published`` that are no whole numbers (load
    factors).
    """

    dataset: str
    sources: tuple[str, ...]
    published: Mapping[str, str]
    forecasts: Mapping[str, str]
    rates: frozenset[str]

    @property
    def shares(self) -> Mapping[str, str]:
        """Source → the field of its share of production, % (double; null where production is unknown or 0)."""
        return {source: f"pct_{source}" for source in self.sources}

    @property
    def derived(self) -> tuple[str, ...]:
        """Fields that nobody publishes; all but the shares are whole MW."""
        return (PRODUCTION, "balance_residual_mw", DIFFERENCE, *self.shares.values())

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field, in its order."""
        return (*HEADS, *STATES, *self.published.values(), *self.forecasts.values(), *self.derived)


def _layout(dataset: str, sources: Mapping[str, PowerSource]) -> Layout:
    columns = [column for column in CATALOG[dataset].columns if column.kind in {Kind.WHOLE, Kind.RATE}]
    # coverage rates are no column of the slots marts: they follow from load and production
    kept = [column for column in columns if not column.name.startswith("tco_")]
    named = {column.name: f"{column.name}_{_UNITS[column.unit]}" for column in kept}
    return Layout(
        dataset,
        tuple(sources),
        {name: field for name, field in named.items() if name not in _FORECASTS},
        {name: field for name, field in named.items() if name in _FORECASTS},
        frozenset(column.name for column in kept if column.kind is Kind.RATE),
    )


_UNITS: Final = {"MW": "mw", "g/kWh": "g_kwh", "%": "pct"}

LAYOUTS: Final[Mapping[str, Layout]] = {
    NATIONAL: _layout(NATIONAL, NATIONAL_SOURCES),
    REGIONAL: _layout(REGIONAL, REGIONAL_SOURCES),
}
"""The datasets that are streamed, and what their documents hold."""


def key_of(dataset: str, region: str, instant: datetime) -> str:
    """The ``_id`` of a document, and the key of its messages: ``eco2mix-regional-tr|11|2026-11-30T11:15:00Z``."""
    return f"{dataset}|{region}|{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def rev_of(observed_at: datetime) -> int:
    """The ``rev`` of an observation: µs since 1970. BSON's dates have only milliseconds, too few to tell two apart."""
    return (observed_at - _EPOCH) // _MICROSECOND


def mix_of(document: Document) -> Document:
    """When a slot is and what its place makes in it: sources, production and what follows from it."""
    layout = LAYOUTS[document["dataset"]]
    fields = ("instant", "date", "heure", *(f"{source}_mw" for source in layout.sources), *layout.derived)
    return {field: document.get(field) for field in fields}


def dataset_of(region: str) -> str:
    """The dataset whose documents are about that region."""
    return NATIONAL if region == FRANCE else REGIONAL
