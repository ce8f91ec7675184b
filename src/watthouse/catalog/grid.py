"""The grid that éCO2mix publishes: regions, sources and what they are made of, storage, borders, load forecasts.

Names are the publisher's. A source that is added here is a column of its datasets, a variable of the dbt project (after
``python -m tools.staging``) and a series of the pages.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

from watthouse.catalog.columns import Column, power, rate

# names change between vintages ("Grand-Est", "Ile-de-France"): join on the code
REGIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "11": "Île-de-France",
        "24": "Centre-Val de Loire",
        "27": "Bourgogne-Franche-Comté",
        "28": "Normandie",
        "32": "Hauts-de-France",
        "44": "Grand Est",
        "52": "Pays de la Loire",
        "53": "Bretagne",
        "75": "Nouvelle-Aquitaine",
        "76": "Occitanie",
        "84": "Auvergne-Rhône-Alpes",
        "93": "Provence-Alpes-Côte d'Azur",
        "94": "Corse",
    }
)
"""INSEE code → official name of the region (INSEE, Code officiel géographique)."""

CORSE: Final = "94"
"""The region that éCO2mix does not publish."""

MAINLAND: Final = tuple(code for code in REGIONS if code != CORSE)
"""The regions that it does."""

REGION_ALIASES: Final[Mapping[str, str]] = MappingProxyType({"PACA": "93"})
"""Names RTE uses that are not the official ones → INSEE code."""


class Family(Enum):
    """What a source runs on."""

    THERMAL = "coal, oil and gas"
    NUCLEAR = "nuclear"
    WIND = "wind"
    SOLAR = "solar"
    HYDRO = "hydro"
    BIOENERGY = "bioenergy"


class Published(Protocol):
    """What has a column of its own."""

    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Published)


@dataclass(frozen=True)
class SubSource:
    """One of the columns [MW] that a source is broken down into; ``labels`` are its headings."""

    name: str
    meaning: str
    labels: tuple[str, ...]

    @property
    def column(self) -> Column:
        return power(self.name, self.meaning, *self.labels)


@dataclass(frozen=True)
class PowerSource:
    """A source of power [MW] and the ``parts`` that are published of it; ``label`` is its heading."""

    name: str
    family: Family
    meaning: str
    label: str
    parts: tuple[SubSource, ...] = ()

    @property
    def column(self) -> Column:
        return power(self.name, self.meaning, self.label)

    @property
    def coverage(self) -> Column:
        """TCO, as regions publish it."""
        # above 100 wherever a region makes more than it uses
        return rate(f"tco_{self.name}", f"{self.meaning}: share of the region's load covered", f"TCO {self.label}")

    @property
    def load_factor(self) -> Column:
        """TCH, as regions publish it."""
        meaning = f"{self.meaning}: load factor of the installed capacity"
        return rate(f"tch_{self.name}", meaning, f"TCH {self.label}")


@dataclass(frozen=True)
class Storage:
    """What takes power from the grid to give it back, or gives it back [MW]; a load is negative."""

    name: str
    meaning: str
    label: str

    @property
    def column(self) -> Column:
        return power(self.name, self.meaning, self.label)


@dataclass(frozen=True)
class Border:
    """A border over which power is traded, and the countries behind it."""

    name: str
    countries: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def column(self) -> Column:
        # some borders are traded over as one: Germany and Belgium share a column
        meaning = f"commercial exchange with {' and '.join(self.countries)} (exports negative)"
        return power(f"ech_comm_{self.name}", meaning, *self.labels)


def _by_name(things: Iterable[T]) -> Mapping[str, T]:
    return MappingProxyType({thing.name: thing for thing in things})


# not published in parts until 2020
_WIND = (
    SubSource("eolien_terrestre", "onshore wind", ("Eolien terrestre",)),
    SubSource("eolien_offshore", "offshore wind", ("Eolien offshore",)),
)
_NUCLEAR = PowerSource("nucleaire", Family.NUCLEAR, "nuclear", "Nucléaire")
_ONSHORE_AND_OFFSHORE = PowerSource("eolien", Family.WIND, "wind", "Eolien", _WIND)
_SOLAR = PowerSource("solaire", Family.SOLAR, "solar", "Solaire")

NATIONAL_SOURCES: Final = _by_name(
    (
        PowerSource(
            "fioul",
            Family.THERMAL,
            "oil",
            "Fioul",
            (
                SubSource("fioul_tac", "oil: combustion turbines", ("Fioul - TAC",)),
                SubSource("fioul_cogen", "oil: cogeneration", ("Fioul - Cogénération", "Fioul - Cogén.")),
                SubSource("fioul_autres", "oil: other", ("Fioul - Autres",)),
            ),
        ),
        PowerSource("charbon", Family.THERMAL, "coal", "Charbon"),
        PowerSource(
            "gaz",
            Family.THERMAL,
            "gas",
            "Gaz",
            (
                SubSource("gaz_tac", "gas: combustion turbines", ("Gaz - TAC",)),
                SubSource("gaz_cogen", "gas: cogeneration", ("Gaz - Cogénération", "Gaz - Cogén.")),
                SubSource("gaz_ccg", "gas: combined cycle", ("Gaz - CCG",)),
                SubSource("gaz_autres", "gas: other", ("Gaz - Autres",)),
            ),
        ),
        _NUCLEAR,
        _ONSHORE_AND_OFFSHORE,
        _SOLAR,
        PowerSource(
            "hydraulique",
            Family.HYDRO,
            "hydro, pumped-storage generation included",
            "Hydraulique",
            (
                SubSource(
                    "hydraulique_fil_eau_eclusee",
                    "hydro: run of river and pondage",
                    ("Hydraulique - Fil de l'eau + éclusée",),
                ),
                SubSource("hydraulique_lacs", "hydro: reservoirs", ("Hydraulique - Lacs",)),
                SubSource(
                    "hydraulique_step_turbinage",
                    "hydro: pumped-storage generation",
                    ("Hydraulique - STEP turbinage",),
                ),
            ),
        ),
        PowerSource(
            "bioenergies",
            Family.BIOENERGY,
            "bioenergy",
            "Bioénergies",
            (
                SubSource("bioenergies_dechets", "bioenergy: waste", ("Bioénergies - Déchets",)),
                SubSource("bioenergies_biomasse", "bioenergy: biomass", ("Bioénergies - Biomasse",)),
                SubSource("bioenergies_biogaz", "bioenergy: biogas", ("Bioénergies - Biogaz",)),
            ),
        ),
    )
)
"""The sources of France, which add up to its production."""

REGIONAL_SOURCES: Final = _by_name(
    (
        # there is no regional split of thermal, and no regional CO₂ rate
        PowerSource("thermique", Family.THERMAL, "thermal", "Thermique"),
        _NUCLEAR,
        _ONSHORE_AND_OFFSHORE,
        _SOLAR,
        PowerSource("hydraulique", Family.HYDRO, "hydro", "Hydraulique"),
        PowerSource("bioenergies", Family.BIOENERGY, "bioenergy", "Bioénergies"),
    )
)
"""The sources of a region: coal, oil and gas are one there."""

# negative as published: a load, which counts in the balance with its sign
PUMPING: Final = Storage("pompage", "pumping of pumped storage (negative: a load)", "Pompage")
BATTERIES: Final = (
    Storage("stockage_batterie", "battery charging (negative: a load)", "Stockage batterie"),
    Storage("destockage_batterie", "battery discharging", "Déstockage batterie"),
)
STORAGE: Final = _by_name((PUMPING, *BATTERIES))

BORDERS: Final = _by_name(
    (
        Border("angleterre", ("Great Britain",), ("Ech. comm. Angleterre",)),
        Border("espagne", ("Spain",), ("Ech. comm. Espagne",)),
        Border("italie", ("Italy",), ("Ech. comm. Italie",)),
        Border("suisse", ("Switzerland",), ("Ech. comm. Suisse",)),
        Border(
            "allemagne_belgique",
            ("Germany", "Belgium"),
            ("Ech. comm. Allemagne-Belgique", "Ech. comm. Allemagne Belgique"),
        ),
    )
)
# as RTE signs them: imports positive, exports negative
COMMERCIAL: Final = tuple(border.column.name for border in BORDERS.values())
"""The columns of the borders."""

FORECASTS: Final = (
    power("prevision_j1", "load forecast made the day before", "Prévision J-1"),
    power("prevision_j", "load forecast made on the day", "Prévision J"),
)


def parts_of(sources: Mapping[str, PowerSource]) -> tuple[SubSource, ...]:
    """What sources are broken down into, source by source."""
    return tuple(part for source in sources.values() for part in source.parts)
